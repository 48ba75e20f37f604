from __future__ import annotations

from pathlib import Path

from tests.engine.application import Application, preheat


def test_the_page_is_opened_or_its_address_printed(application: Application, tmp_path: Path) -> None:
    address = application.run("open", "--print").stdout
    assert address.startswith("http://127.0.0.1:")
    browser = tmp_path / "browser"
    browser.write_text('#!/bin/sh\necho "opened $1"\n')
    browser.chmod(0o755)
    for display, said in ((":0", f"opened {address}"), ("", address)):
        # Without a path, no other browser is found.
        desktop = {"BROWSER": str(browser), "DISPLAY": display, "WAYLAND_DISPLAY": "", "PATH": "/nowhere"}
        assert preheat(application.home, "open", **desktop).stdout == said
    browser.unlink()
    desktop["DISPLAY"] = ":0"
    assert preheat(application.home, "open", **desktop).stdout == address
