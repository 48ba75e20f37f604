"""Takes the pictures in docs/screenshots: every window, the menu and the icon, light and dark.

The windows are real; a fake bridge and a stopped clock make the pictures reproducible. Windows need no screen; menu and
notification use a virtual one.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Final

ROOT: Final = Path(__file__).resolve().parents[2]
FOLDER: Final = ROOT / "docs" / "screenshots"
APPEARANCES: Final = ("light", "dark")
REST_S: Final = 0.6
"""Time for timers and animations to finish."""

sys.path[:0] = [str(ROOT), str(ROOT / "packaging"), str(ROOT / "tests" / "support")]

if TYPE_CHECKING:
    from PySide6.QtWidgets import QApplication, QWidget


def main() -> None:
    """Take all pictures, or those with ``--only`` in their name."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--folder", type=Path, default=FOLDER, help="output folder")
    parser.add_argument("--only", default="", help="part of a picture's name")
    parser.add_argument("--language", default="en", help="language of the windows")
    parser.add_argument("--on-screen", choices=APPEARANCES, help=argparse.SUPPRESS)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="preheat-pictures-") as home:
        # The user's own files are not read.
        os.environ |= {"PREHEAT_HOME": home, "TZ": "UTC", "LANG": "C.UTF-8", "LC_ALL": "C.UTF-8"}
        time.tzset()
        if options.on_screen:
            from pictures.panel import stay_on_screen

            stay_on_screen(make_application(options.on_screen))
            return
        options.folder.mkdir(parents=True, exist_ok=True)
        os.environ["QT_QPA_PLATFORM"] = "offscreen"
        picture_windows(options.folder, options.only, options.language)
        picture_panels(options.folder, options.only)
        picture_browser(options.folder, options.only)
    pictures = list(options.folder.glob("*.png"))
    print(f"{len(pictures)} pictures, {sum(path.stat().st_size for path in pictures) / 1e6:.1f} MB: {options.folder}")


def make_application(appearance: str) -> QApplication:
    """Return the application object, light or dark."""
    from PySide6.QtCore import qInstallMessageHandler
    from PySide6.QtWidgets import QApplication

    from preheat_gui.widgets import apply_theme

    qInstallMessageHandler(print_message)
    application = QApplication(sys.argv[:1])
    application.setApplicationDisplayName("Preheat")
    apply_theme(application, appearance)
    return application


def print_message(_kind: object, _context: object, message: str) -> None:
    """Print Qt's messages, without those of the offscreen platform about every window."""
    if "This plugin does not support" not in message:
        print(message, file=sys.stderr)


def picture_windows(folder: Path, only: str, language: str) -> None:
    """Take the pictures that need no screen."""
    application = make_application("light")

    from PySide6.QtCore import QLocale

    from fake_bridge import FakeBridge
    from pictures.clock import stop_clock
    from pictures.day import NOW, show_day, write_log
    from pictures.icon_sheet import icon_sheet
    from pictures.png import write_png
    from pictures.windows import window_makers
    from preheat_gui.app.language import apply_language
    from preheat_gui.widgets import apply_theme

    if language != "en":
        apply_language(application, language, QLocale(language))
    bridge = FakeBridge(application)
    stop_clock(NOW)
    write_log()
    show_day(bridge)
    makers = {name: make for name, make in window_makers(bridge).items() if only in name}
    for appearance in APPEARANCES:
        apply_theme(application, appearance)
        for name, make in makers.items():
            picture_window(make, folder / f"{name}-{appearance}.png")
        if only in "icons":
            write_png(icon_sheet(), folder / f"icons-{appearance}.png")


def picture_window(make: Callable[[], QWidget], path: Path) -> None:
    """Show a window until its animations have finished, and write it without a frame."""
    from pictures.png import write_png

    window = make()
    window.show()
    settle(REST_S)
    write_png(window.grab().toImage(), path)
    window.close()
    window.deleteLater()
    settle(0.05)


def settle(seconds: float) -> None:
    """Process events for this time."""
    from PySide6.QtCore import QEventLoop, QTimer

    loop = QEventLoop()
    QTimer.singleShot(int(seconds * 1000), loop.quit)
    loop.exec()


def picture_panels(folder: Path, only: str) -> None:
    """Take the pictures of the menu and the notification."""
    from pictures.panel import picture_panel

    if any(only in name for name in ("menu", "notification")):
        for appearance in APPEARANCES:
            picture_panel(folder, appearance, [sys.executable, __file__, "--on-screen", appearance])


def picture_browser(folder: Path, only: str) -> None:
    """Take the pictures of the page for browsers."""
    from pictures.web_page import NAME, picture_page

    if only in NAME:
        picture_page(folder, APPEARANCES)


if __name__ == "__main__":
    main()
