"""Programs that fill the screen: what each system tells, and a real X display."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping

import pytest

from preheat_gui.platform import Program, find_program, is_running
from preheat_gui.platform.full_screen.gamemode import GameMode
from preheat_gui.platform.full_screen.windows import Windows
from preheat_gui.platform.full_screen.x11 import X11, open_display
from virtual_screen import virtual_screen, wait_until

_GAME = """
from PySide6.QtWidgets import QApplication, QWidget
application = QApplication(["game"])
window = QWidget()
window.show()
application.processEvents()
input()
window.showFullScreen()
application.exec()
"""


def words(*numbers: int) -> bytes:
    return b"".join(number.to_bytes(4, sys.byteorder) for number in numbers)


class FakeDisplay:
    """Properties by window and name."""

    root = 1

    def __init__(self, properties: Mapping[tuple[int, str], bytes]) -> None:
        self.properties = properties

    def atom(self, name: str) -> int:
        return len(name)

    def property(self, window: int, name: str) -> bytes:
        return self.properties.get((window, name), b"")


ACTIVE = {(1, "_NET_ACTIVE_WINDOW"): words(7)}
FULL = {**ACTIVE, (7, "_NET_WM_STATE"): words(3, len("_NET_WM_STATE_FULLSCREEN"))}


@pytest.mark.parametrize(
    ("properties", "found"),
    [
        ({}, None),
        ({(1, "_NET_ACTIVE_WINDOW"): words(0)}, None),
        (ACTIVE, None),
        (FULL, Program("")),
        ({**FULL, (7, "_NET_WM_PID"): words(42), (7, "WM_CLASS"): b"game\0Game\0"}, Program("Game", 42)),
    ],
)
def test_the_active_window(properties: Mapping[tuple[int, str], bytes], found: Program | None) -> None:
    assert X11(FakeDisplay(properties)).find() == found


def test_a_display_that_is_not_there() -> None:
    assert open_display(":7654") is None


@pytest.mark.parametrize(("state", "found"), [(None, False), (1, False), (2, True), (3, True), (4, False), (5, False)])
def test_windows_says_whether_the_moment_is_bad(state: int | None, *, found: bool) -> None:
    assert (Windows(lambda: state).find() is not None) is found


@pytest.mark.parametrize(("games", "found"), [(0, None), (2, Program(""))])
def test_gamemode_counts_games(games: int, found: Program | None) -> None:
    assert GameMode(lambda: games).find() == found


def test_other_systems_find_none() -> None:
    assert find_program("darwin")() is None


def test_a_process_runs_until_it_ends() -> None:
    assert is_running(Program("self", os.getpid()))
    assert not is_running(Program("none", 2**22 + 1))


def test_a_real_window_that_fills_the_screen() -> None:
    with virtual_screen(tray=False) as screen:
        display = open_display(screen.environment["DISPLAY"])
        assert display is not None
        x11 = X11(display)
        assert x11.find() is None
        command = [sys.executable, "-c", _GAME]
        with subprocess.Popen(command, env=dict(screen.environment), stdin=subprocess.PIPE) as game:
            assert game.stdin is not None
            wait_until(lambda: display.property(display.root, "_NET_ACTIVE_WINDOW").strip(b"\0"))
            assert x11.find() is None
            game.stdin.write(b"\n")
            game.stdin.flush()
            found = wait_until(x11.find)
            game.kill()
        assert found == Program(found.name, game.pid)
        assert found.name
        wait_until(lambda: x11.find() is None)
