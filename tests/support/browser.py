"""A headless Chromium for tests of the page."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from selenium.webdriver import Chrome
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement

from running_preheat import wait_until

TIMEOUT_S: Final = 60.0

# As root, and in containers, Chromium's own sandbox does not work. The others keep it from asking servers elsewhere.
_OPTIONS: Final = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--hide-scrollbars",
    "--disable-dev-shm-usage",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1",
)


class Browser:
    """One tab."""

    def __init__(self, chrome: Chrome) -> None:
        self._chrome = chrome

    def open(self, address: str) -> None:
        self._chrome.get(address)

    def show(self, width: int, height: int, *, language: str = "en", dark: bool = False, still: bool = False) -> None:
        """Set the view's size, language, colours and whether it asks for less motion, for the pages opened next."""
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        self._chrome.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        motion = {"name": "prefers-reduced-motion", "value": "reduce" if still else "no-preference"}
        self._chrome.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [scheme, motion]})
        agent = self.run("return navigator.userAgent")
        self._chrome.execute_cdp_cmd("Emulation.setUserAgentOverride", {"userAgent": agent, "acceptLanguage": language})

    def stop_clock(self, now: float) -> None:
        """Make the pages that are opened next see this Unix time."""
        script = {"source": f"Date.now = () => {int(now * 1000)};"}
        self._chrome.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", script)

    def picture(self, path: Path) -> None:
        """Write what is visible, as PNG."""
        assert self._chrome.save_screenshot(str(path))

    def run(self, script: str, *arguments: object) -> Any:
        """Return what a script returns."""
        return self._chrome.execute_script(script, *arguments)

    def run_module(self, body: str, *arguments: object) -> Any:
        """Return what the body of an async function returns."""
        return self.run(f"return (async function () {{ {body} }})(...arguments)", *arguments)

    def find(self, selector: str) -> WebElement:
        """Return the first element that matches, once there is one."""
        found: WebElement = wait_until(lambda: self._chrome.find_elements(By.CSS_SELECTOR, selector), TIMEOUT_S)[0]
        return found

    def text(self, selector: str) -> str:
        """Return the visible text of an element."""
        return self.find(selector).text

    def wait_text(self, selector: str, text: str) -> None:
        """Wait until an element shows exactly this text."""
        # Not innerText, which is empty for rows out of view.
        script = """
            const found = document.querySelector(arguments[0]);
            return found && found.checkVisibility() ? found.textContent.trim() : null
        """
        wait_until(lambda: self.run(script, selector) == text, TIMEOUT_S)

    def press(self, *keys: str) -> None:
        """Send keys to the element that has the focus."""
        self._chrome.switch_to.active_element.send_keys(*keys)

    def wait_focus(self, element_id: str) -> None:
        """Wait until an element has the focus."""
        wait_until(lambda: self.run("return document.activeElement.id") == element_id, TIMEOUT_S)

    def problems(self) -> list[str]:
        """Return what the console has said since the last call: errors of scripts, and what the policy refused."""
        entries = self._chrome.get_log("browser")  # type: ignore[no-untyped-call]
        return [str(entry["message"]) for entry in entries if entry["source"] != "network"]


@contextmanager
def running_browser(profile: Path) -> Iterator[Browser]:
    """Run a browser with an empty profile until the block ends."""
    options = Options()
    options.binary_location = "/usr/bin/chromium"
    for option in (*_OPTIONS, f"--user-data-dir={profile}"):
        options.add_argument(option)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    chrome = Chrome(options=options, service=Service("/usr/bin/chromedriver"))
    try:
        yield Browser(chrome)
    finally:
        chrome.quit()
