"""Runs the real tray on a virtual screen, and reads the colours and shapes of its icon."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import psutil
from PySide6.QtGui import QColor, QImage

from bug_watch import bugs_of
from processes import wait_until_gone
from running_preheat import EXIT_TIMEOUT_S, Preheat, wait_until
from virtual_screen import Box, Screen

_COLOURED: Final = 120
_AMBER_HUES: Final = range(20, 51)
_RED_HUES: Final = (*range(345, 360), *range(13))
_SIGNS_VALUE: Final = 150
_ICON_SIDE: Final = 16  # of tray.svg
_IN_FLAME: Final = (5.5, 11.0)  # wherever the flame is
_FAR_APART: Final = 6  # half of it, in pixels; Qt treats up to 5 as one place
_SIGNS_FROM: Final = (9.5, 7.0)  # the corner with the count, the bars or the dot


@dataclass(frozen=True)
class IconLook:
    """Content of the icon."""

    amber: int
    red: int
    flame_is_amber: bool  # models are hot; else amber is the ring's
    signs: frozenset[tuple[int, int]]  # the places of the count's or the bars' pixels

    @property
    def ring(self) -> int:
        """Filled part of the ring, in pixels; 0 without a ring."""
        return 0 if self.flame_is_amber or self.red else self.amber

    @property
    def shows_count(self) -> bool:
        return self.flame_is_amber and bool(self.signs)


@dataclass
class TrayApplication(Preheat):
    """A running ``preheat tray``."""

    screen: Screen = field(kw_only=True)
    _menus: int = 0

    def icon_box(self) -> Box:
        """Return the position of the icon, once it is visible."""
        boxes: list[Box] = wait_until(self.screen.tray_icons)
        return boxes[0]

    def icon(self) -> IconLook:
        """Return the current content of the icon."""
        box = self.icon_box()
        return _look(QImage(str(self.screen.picture(self.home / "icon.png", box))))

    def open_menu(self) -> None:
        """Open the icon's menu by a right click."""
        before = self.popups()
        x, y = self.icon_box().middle
        self._menus += 1
        # Two quick clicks at one place would be a double click.
        self.screen.click(x, y + (-_FAR_APART if self._menus % 2 else _FAR_APART), button=3)
        wait_until(lambda: self.popups() - before)

    def choose(self, *keys: str) -> None:
        """Open the menu and press keys in it, which must end by closing it."""
        closed = self.popups()
        self.open_menu()
        self.screen.key(*keys)
        wait_until(lambda: self.popups() <= closed)

    def popups(self) -> frozenset[str]:
        """Return the visible menus and balloons."""
        return self.screen.popups(self.process.pid)

    def log(self) -> str:
        return (self.home / "logs" / "preheat.log").read_text()


def tray_environment(screen: Screen, home: Path, settings: dict[str, str]) -> dict[str, str]:
    """Return the environment of a tray on this screen, without balloons, which would cover the icon."""
    settings = {"port": "0", "notifications": "false", **settings}
    return {
        **screen.environment,
        "PREHEAT_HOME": str(home),
        **{f"PREHEAT_{name.upper()}": value for name, value in settings.items()},
    }


def tray_command(*options: str) -> list[str]:
    return [sys.executable, "-m", "preheat", "tray", *options]


@contextmanager
def running_tray(screen: Screen, home: Path, *options: str, **settings: str) -> Iterator[TrayApplication]:
    """Run ``preheat tray`` until the block ends, from its start; it must then end without leaving processes."""
    with (home / "tray.out").open("wb") as out:
        process = subprocess.Popen(
            tray_command(*options), env=tray_environment(screen, home, settings), stdout=out, stderr=subprocess.STDOUT
        )
    try:
        tray = TrayApplication(process, home, 0, screen=screen)
        with tray.clients:
            yield tray
        assert process.poll() in (None, 0), (home / "tray.out").read_text()
    finally:
        if process.poll() is None:
            children = psutil.Process(process.pid).children(recursive=True)
            process.terminate()
            process.wait(EXIT_TIMEOUT_S)
            wait_until_gone(children)
    complaints = (home / "tray.out").read_text()
    assert not complaints, complaints  # Qt's warnings and Python's tracebacks
    assert bugs_of(home) == []


def wait_for_port(tray: TrayApplication) -> None:
    """Wait until the port is open, and return its number."""
    file = tray.home / "runtime" / "engine.json"
    wait_until(lambda: file.exists() or tray.process.poll() is not None)
    assert tray.process.poll() is None, (tray.home / "tray.out").read_text()
    tray.port = json.loads(file.read_text())["port"]
    wait_until(lambda: _has_models(tray))


def _has_models(tray: TrayApplication) -> bool:
    try:
        return bool(tray.status()["models"])
    except OSError:
        return False


def _look(image: QImage) -> IconLook:
    colours = {(x, y): image.pixelColor(x, y) for x in range(image.width()) for y in range(image.height())}
    side = min(image.width(), image.height())
    left, top = (image.width() - side) // 2, (image.height() - side) // 2

    def place(x: float, y: float) -> tuple[int, int]:
        return left + int(x * side / _ICON_SIDE), top + int(y * side / _ICON_SIDE)

    first_x, first_y = place(*_SIGNS_FROM)
    signs = {
        (x, y)
        for (x, y), colour in colours.items()
        if x >= first_x and y >= first_y and colour.value() < _SIGNS_VALUE and colour.saturation() < _COLOURED
    }
    return IconLook(
        amber=sum(map(_is_amber, colours.values())),
        red=sum(map(_is_red, colours.values())),
        flame_is_amber=_is_amber(colours[place(*_IN_FLAME)]),
        signs=frozenset(signs),
    )


def _is_amber(colour: QColor) -> bool:
    return colour.saturation() > _COLOURED and colour.hue() in _AMBER_HUES


def _is_red(colour: QColor) -> bool:
    return colour.saturation() > _COLOURED and colour.hue() in _RED_HUES
