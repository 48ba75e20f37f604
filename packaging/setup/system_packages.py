"""Install the system packages that the tray and its tests need.

Qt's wheel does not include the desktop libraries it uses, which a minimal Debian lacks. A library counts as installed
if it can be loaded, which works on every distribution. As root, missing packages are installed with apt-get; otherwise
the command is printed.
"""

from __future__ import annotations

import ctypes
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

sys.path.insert(0, str(Path(__file__).parents[1]))

from setup_step import SetupError, exit_code_of, say


@dataclass(frozen=True, slots=True)
class Need:
    """A required library or program."""

    package: str  # its package in Debian
    library: str = ""  # file name of the library; empty for a program
    program: str = ""  # name of the program; empty for a library

    @property
    def installed(self) -> bool:
        """Whether this machine has it."""
        if self.program:
            return shutil.which(self.program) is not None
        try:
            ctypes.CDLL(self.library)
        except OSError:
            return False
        return True


GUI: Final = (
    Need("libegl1", "libEGL.so.1"),
    Need("libgl1", "libGL.so.1"),
    Need("libxkbcommon0", "libxkbcommon.so.0"),
    Need("libxkbcommon-x11-0", "libxkbcommon-x11.so.0"),
    Need("libdbus-1-3", "libdbus-1.so.3"),
    Need("libfontconfig1", "libfontconfig.so.1"),
    Need("libxcb-cursor0", "libxcb-cursor.so.0"),
    Need("libxcb-icccm4", "libxcb-icccm.so.4"),
    Need("libxcb-keysyms1", "libxcb-keysyms.so.1"),
    Need("libxcb-shape0", "libxcb-shape.so.0"),
    Need("libxcb-xkb1", "libxcb-xkb.so.1"),
    Need("libxcb-render-util0", "libxcb-render-util.so.0"),
    Need("libxcb-image0", "libxcb-image.so.0"),
    Need("libxcb-randr0", "libxcb-randr.so.0"),
    Need("libxcb-xinerama0", "libxcb-xinerama.so.0"),
)
"""Libraries that Qt's platform plugins link to."""

SCREEN: Final = (
    Need("xvfb", program="Xvfb"),
    Need("openbox", program="openbox"),
    Need("trayer", program="trayer"),
    Need("xdotool", program="xdotool"),
    Need("scrot", program="scrot"),
    Need("x11-utils", program="xprop"),
    Need("fontconfig", program="fc-list"),  # depends on a font
)
"""A virtual screen with a window manager and a panel, for the tests of the tray."""

FAULTS: Final = (Need("faketime", program="faketime"),)
"""Programs that the tests of faults use: one sets the clock of a single process."""

DOCS: Final = (Need("curl", program="curl"),)
"""Programs that the examples in the documentation use."""

BROWSER: Final = (Need("chromium", program="chromium"), Need("chromium-driver", program="chromedriver"))
"""Shows the page for browsers."""

SERVICES: Final = (Need("systemd", program="systemd-analyze"),)
"""Checks the unit that `preheat service` writes."""

INSTALLER: Final = (Need("nsis", program="makensis"),)
"""Compiles the installer for Windows."""

WINE: Final = (*INSTALLER, Need("wine64", program="/usr/lib/wine/wine64"))
"""Runs it."""

GROUPS: Final = {
    "gui": GUI,
    "tests": (*GUI, *SCREEN, *FAULTS, *DOCS, *SERVICES, *BROWSER),
    "installer": INSTALLER,
    "wine": WINE,
}


def missing(needs: Sequence[Need]) -> list[str]:
    """Return the packages of missing libraries and programs."""
    return [need.package for need in needs if not need.installed]


def install(group: str) -> None:
    """Install missing packages of one of the ``GROUPS``, on Linux only.

    Raises:
        SetupError: Packages are missing and cannot be installed automatically.
    """
    if not sys.platform.startswith("linux"):
        return
    packages = missing(GROUPS[group])
    if not packages:
        return
    remedy = f"Install them: sudo apt-get install {' '.join(packages)} (other systems name them differently)."
    if shutil.which("apt-get") is None or os.geteuid() != 0:
        raise SetupError(f"system packages are missing (group: {group}).", remedy=remedy)
    say(f"installing {', '.join(packages)} with apt-get")
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for arguments in (["update", "-qq"], ["install", "-y", "-qq", "--no-install-recommends", *packages]):
        done = subprocess.run(["apt-get", *arguments], env=environment, capture_output=True, text=True, check=False)
        if done.returncode:
            said = "\n  ".join(done.stderr.strip().splitlines()[-5:])
            raise SetupError(f"apt-get {arguments[0]} failed:\n  {said}", remedy=remedy)


if __name__ == "__main__":
    sys.exit(exit_code_of(lambda: install(sys.argv[1])))
