"""Runs the tray in a panel on a virtual screen, with its own PREHEAT_HOME."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from benchmarks.processes import end_tree
from benchmarks.servers import ServerError, free_port, preheat_environment

# The virtual screen of the tests.
sys.path.append(str(Path(__file__).resolve().parent.parent / "tests" / "support"))

from virtual_screen import Screen, virtual_screen

_START_TIMEOUT_S: Final = 30.0
_POLL_S: Final = 0.005
TRAY: Final = (sys.executable, "-m", "preheat", "tray")
_PROGRAMS: Final = ("Xvfb", "openbox", "trayer", "xdotool", "xwininfo", "xprop")


@dataclass(frozen=True, slots=True)
class RunningTray:
    """A tray with its icon in the panel."""

    pid: int
    port: int
    icon_s: float  # seconds from process start to the icon
    home: Path


@contextmanager
def screen() -> Iterator[Screen]:
    """Run a screen with a panel.

    Raises:
        ServerError: A required program is not installed.
    """
    missing = [program for program in _PROGRAMS if shutil.which(program) is None]
    if missing:
        raise ServerError(f"the tray needs a virtual screen; not installed: {', '.join(missing)}")
    with virtual_screen() as desktop:
        yield desktop


@contextmanager
def tray(
    desktop: Screen, settings: Mapping[str, str], *options: str, command: Sequence[str] = TRAY
) -> Iterator[RunningTray]:
    """Run ``COMMAND OPTION...`` until the block ends; yield once its icon is in the panel."""
    home = Path(tempfile.mkdtemp(prefix="preheat-bench-"))
    port = free_port()
    settings = {"port": str(port), "notifications": "false", **settings}
    environment = {**desktop.environment, **preheat_environment(home, settings)}
    for name in ("DISPLAY", "QT_QPA_PLATFORM", "DBUS_SESSION_BUS_ADDRESS"):
        environment[name] = desktop.environment[name]
    started_at = time.perf_counter()
    process = subprocess.Popen(
        [*command, *options], env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL
    )
    try:
        while not desktop.tray_icons():
            if process.poll() is not None or time.perf_counter() - started_at > _START_TIMEOUT_S:
                raise ServerError("the tray's icon did not appear")
            time.sleep(_POLL_S)
        yield RunningTray(process.pid, port, time.perf_counter() - started_at, home)
    finally:
        end_tree(process.pid)
        process.wait()
        while desktop.tray_icons():  # the panel removes it a little later
            time.sleep(_POLL_S)
        shutil.rmtree(home, ignore_errors=True)
