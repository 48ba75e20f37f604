"""A real desktop on a virtual screen: an X server, a window manager, and a panel with a tray.

Qt's offscreen platform has no tray at all. Each screen is its own: several test runs do not meet.
"""

from __future__ import annotations

import os
import re
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

START_TIMEOUT_S: Final = 20.0
PANEL_HEIGHT: Final = 28
_NUMBER: Final = re.compile(r"\d+")


def wait_until(condition: Callable[[], Any], timeout_s: float = START_TIMEOUT_S) -> Any:
    """Return the condition's value once it is true; fail after ``timeout_s``."""
    deadline = time.monotonic() + timeout_s
    while not (value := condition()):
        assert time.monotonic() < deadline, f"not true after {timeout_s} s: {condition}"
        time.sleep(0.02)
    return value


@dataclass(frozen=True)
class Box:
    """A rectangle on the screen, in pixels."""

    x: int
    y: int
    width: int
    height: int

    @property
    def middle(self) -> tuple[int, int]:
        return self.x + self.width // 2, self.y + self.height // 2


@dataclass(frozen=True)
class Screen:
    """A virtual screen. ``environment`` is the environment of its programs."""

    environment: Mapping[str, str]
    panel: str  # the panel's window

    def do(self, *arguments: str | int) -> str:
        """Run xdotool and return its output."""
        command = ["xdotool", *(str(argument) for argument in arguments)]
        done = subprocess.run(
            command, env=dict(self.environment), capture_output=True, text=True, timeout=30, check=False
        )
        return done.stdout.strip()

    def picture(self, path: Path, box: Box | None = None) -> Path:
        """Take a picture of the screen, or of a part of it."""
        path.unlink(missing_ok=True)
        command = ["scrot", "--silent", str(path)]
        if box is not None:
            command += ["--autoselect", f"{box.x},{box.y},{box.width},{box.height}"]
        subprocess.run(command, env=dict(self.environment), check=True, timeout=30)
        return path

    def windows(self, name: str) -> list[str]:
        """Return the ids of framed windows with this in their title, including minimised ones."""
        done = subprocess.run(
            ["xprop", "-root", "_NET_CLIENT_LIST"], env=dict(self.environment), capture_output=True, text=True
        )
        clients = re.findall(r"0x[0-9a-f]+", done.stdout)
        return [client for client in clients if name in self.do("getwindowname", client)]

    def active(self) -> str:
        """Return the title of the focused window; empty without one."""
        return self.do("getactivewindow", "getwindowname")

    def box(self, window: str) -> Box:
        """Return the position of a window."""
        found = dict(line.split("=") for line in self.do("getwindowgeometry", "--shell", window).splitlines())
        return Box(int(found["X"]), int(found["Y"]), int(found["WIDTH"]), int(found["HEIGHT"]))

    def popups(self, pid: int) -> frozenset[str]:
        """Return the visible menus and balloons of a process; its other windows are in frames."""
        return frozenset(self.do("search", "--onlyvisible", "--maxdepth", 1, "--pid", pid).split())

    def tray_icons(self) -> list[Box]:
        """Return the positions of the panel's icons."""
        tree = subprocess.run(
            ["xwininfo", "-tree", "-id", self.panel],
            env=dict(self.environment),
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        boxes = [
            Box(*(int(number) for number in (match["x"], match["y"], match["width"], match["height"])))
            for match in re.finditer(
                r"^ +0x[0-9a-f]+ .*? (?P<width>\d+)x(?P<height>\d+)\+-?\d+\+-?\d+ +\+(?P<x>\d+)\+(?P<y>\d+)$",
                tree,
                re.MULTILINE,
            )
        ]
        # The window of an icon is inside a window of the panel with the same size.
        return list(dict.fromkeys(box for box in boxes if 8 <= box.width <= PANEL_HEIGHT >= box.height >= 8))

    def click(self, x: int, y: int, button: int = 1) -> None:
        """Click at a place."""
        self.do("mousemove", x, y, "click", button)

    def key(self, *keys: str) -> None:
        """Press keys, such as ``Down`` or ``ctrl+1``, in the focused window."""
        self.do("key", "--delay", 60, *keys)


@contextmanager
def virtual_screen(width: int = 1280, height: int = 800, *, tray: bool = True, dark: bool = False) -> Iterator[Screen]:
    """Run a screen until the block ends; programs started on it should have ended before.

    Args:
        tray: Without, there is a window manager but no panel.
        dark: Of screen and panel.
    """
    with ExitStack() as stack:
        number = stack.enter_context(_x_server(width, height, dark=dark))
        environment = {
            **{name: value for name, value in os.environ.items() if name not in _INHERITED},
            "DISPLAY": f":{number}",
            # Without a bus, the icon uses XEmbed, and the user's own desktop is not involved.
            "DBUS_SESSION_BUS_ADDRESS": "disabled:",
            "QT_QPA_PLATFORM": "xcb",
        }
        stack.enter_context(_running(["openbox", "--sm-disable"], environment))
        panel = ""
        if tray:
            command = ["trayer", "--edge", "top", "--align", "right", "--widthtype", "request", "--height"]
            command += [str(PANEL_HEIGHT), "--SetDockType", "true", "--SetPartialStrut", "true", "--expand", "true"]
            command += ["--transparent", "true", "--alpha", "0", "--tint", "0x292524" if dark else "0xe7e5e4"]
            stack.enter_context(_running(command, environment))
            # Its class may find the program's other window, without icons.
            panel = wait_until(lambda: Screen(environment, "").do("search", "--name", "^panel$").split())[0]
        yield Screen(environment, panel)


_INHERITED: Final = frozenset({"WAYLAND_DISPLAY", "QT_QPA_PLATFORM", "XAUTHORITY", "QT_SCALE_FACTOR"})


@contextmanager
def _x_server(width: int, height: int, *, dark: bool) -> Iterator[int]:
    """Run an X server on a free display, and yield its number."""
    reading, writing = os.pipe()
    size = f"{width}x{height}x24"
    command = ["Xvfb", "-displayfd", str(writing), "-screen", "0", size, "-nolisten", "tcp", "-noreset"]
    command.append("-br" if dark else "-wr")
    process = subprocess.Popen(
        command, pass_fds=[writing], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    os.close(writing)
    try:
        with os.fdopen(reading) as pipe:
            found = _NUMBER.search(pipe.readline())  # ends early if the server does
        assert found, "Xvfb did not start"
        yield int(found[0])
    finally:
        process.terminate()
        process.wait(START_TIMEOUT_S)


@contextmanager
def _running(command: list[str], environment: Mapping[str, str]) -> Iterator[None]:
    process = subprocess.Popen(
        command, env=dict(environment), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        yield
    finally:
        process.terminate()
        process.wait(START_TIMEOUT_S)
