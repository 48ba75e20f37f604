"""Pictures of the page for browsers, taken in a headless Chromium over an engine that does nothing."""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path
from typing import Final

from browser import running_browser
from pictures.day import NOW, snapshot
from tests.engine.server.conftest import start_port, stop_port
from tests.engine.server.fake_engine import FakeEngine

WIDTH: Final = 1280
HEIGHT: Final = 800

NAME: Final = "page"


def picture_page(folder: Path, appearances: tuple[str, ...]) -> None:
    """Write the pictures of the page: ``page-APPEARANCE.png``."""
    asyncio.run(_picture_page(folder, appearances))


async def _picture_page(folder: Path, appearances: tuple[str, ...]) -> None:
    engine = FakeEngine()
    engine.snapshot = snapshot()
    port = await start_port(engine)
    try:
        await asyncio.to_thread(_take, port.url, folder, appearances)
    finally:
        await stop_port(port)


def _take(url: str, folder: Path, appearances: tuple[str, ...]) -> None:
    with tempfile.TemporaryDirectory() as profile, running_browser(Path(profile)) as browser:
        browser.stop_clock(NOW)
        for appearance in appearances:
            browser.show(WIDTH, HEIGHT, dark=appearance == "dark")
            browser.open(url)
            browser.wait_text("#connection-words", "Connected")
            browser.picture(folder / f"{NAME}-{appearance}.png")
