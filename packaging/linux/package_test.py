"""Try the packages in bare Debian systems: python packaging/linux/package_test.py [--suite SUITE] [--only CHECK].

Needs root, for chroot and mount, and the packages in ``dist``. Each system has nothing but what the packages depend
on. The results go to ``dist/package-test.log``, with sizes and times, and the pictures of the screen next to it.
"""

from __future__ import annotations

import argparse
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

sys.path.insert(0, str(Path(__file__).parents[2] / "tests" / "support"))
sys.path.insert(0, str(Path(__file__).parents[1]))

from bundle import old_processors
from linux import checks
from linux.chroot import Chroot, bare_debian
from linux.deb import build_debs
from linux.product import ROOT
from linux.service_check import check_service
from setup_step import SetupError, exit_code_of

SUITES: Final = ("bookworm", "trixie")
NEEDED: Final = {
    "debootstrap": "debootstrap",
    "Xvfb": "xvfb",
    "openbox": "openbox",
    "trayer": "trayer",
    "xdotool": "xdotool",
    "scrot": "scrot",
    "xprop": "x11-utils",
    "readelf": "binutils",
    "qemu-x86_64": "qemu-user",
}
"""Programs outside of the chroots, with their packages."""

OLD_VERSION: Final = "0.0.9~test-1"
CHECKS: Final[dict[str, Callable[[Chroot, checks.Packages], None]]] = {
    "server": checks.check_server,
    "tray": checks.check_tray,
    "tar": checks.check_tar,
    "service": check_service,
}
PROCESSORS: Final = "processors"
"""The check of the bundle on emulated old processors, outside of the chroots."""


def main() -> None:
    """Run the checks in each system.

    Raises:
        SetupError: This is not root, a package is missing, or a check fails.
    """
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--suite", choices=SUITES, action="append", help="a release of Debian; default: all")
    parser.add_argument("--only", choices=[*CHECKS, PROCESSORS], action="append", help="a check; default: all")
    parser.add_argument("--folder", type=Path, default=ROOT / "dist", help="where the packages are")
    options = parser.parse_args()
    if os.geteuid() != 0:
        raise SetupError(
            "the tests of the packages need root, for chroot and mount.", remedy="Run: sudo make package-test"
        )
    install_programs()
    log = Log(options.folder / "package-test.log")
    failures = []
    with tempfile.TemporaryDirectory(prefix="preheat-package-test-") as folder:
        packages = find_packages(options.folder, Path(folder), log)
        for suite in options.suite or SUITES:
            for name in CHECKS if options.only is None else set(CHECKS) & set(options.only):
                log.say(f"== {suite}: {name} ({' '.join((CHECKS[name].__doc__ or '').split())})")
                try:
                    with bare_debian(suite, Path(folder) / name) as chroot:
                        CHECKS[name](chroot, packages)
                except (AssertionError, subprocess.SubprocessError, OSError) as error:
                    failures.append(f"{suite}: {name}")
                    log.say(f"FAILED: {error}")
    if platform.machine() == "x86_64" and PROCESSORS in (options.only or [PROCESSORS]):
        log.say("== the bundle's workers on emulated old processors")
        try:
            old_processors.check([str((options.folder / "preheat" / "preheat").absolute())], log.say)
        except SetupError as error:
            failures.append(PROCESSORS)
            log.say(f"FAILED: {error}")
    if failures:
        raise SetupError(f"these checks failed: {', '.join(failures)}.", remedy=f"See {log.path}.")
    log.say("all checks passed")


def install_programs() -> None:
    """Install what the tests use outside of the chroots."""
    missing = [package for program, package in NEEDED.items() if shutil.which(program) is None]
    if missing:
        environ = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        for command in (["apt-get", "update"], ["apt-get", "install", "--yes", "--no-install-recommends", *missing]):
            subprocess.run(command, env=environ, check=True, stdout=subprocess.DEVNULL)


def find_packages(folder: Path, scratch: Path, log: Log) -> checks.Packages:
    """Return the packages, with an older version of the full one from the same bundle.

    Raises:
        SetupError: They have not been built.
    """
    found = {}
    for name, pattern in (
        ("full", "preheat_*.deb"),
        ("server", "preheat-server_*.deb"),
        ("tar", "preheat-*-linux-*.tar.gz"),
    ):
        files = sorted(folder.glob(pattern), key=lambda file: file.stat().st_mtime)
        if not files or not (folder / "preheat").is_dir():
            raise SetupError(f"{folder} has no {pattern}.", remedy="Run: make package")
        found[name] = files[-1]
        log.say(f"{files[-1].name}: {files[-1].stat().st_size / 1e6:.1f} MB")
    old = build_debs(folder / "preheat", scratch, OLD_VERSION, compression="none")[0]
    return checks.Packages(
        found["full"], found["server"], found["tar"], old, pictures=folder, scratch=scratch, say=log.say
    )


class Log:
    """The results, on standard output and in a file."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.write_text("", encoding="utf-8")

    def say(self, text: str) -> None:
        """Write a line with the time."""
        line = f"{time.strftime('%H:%M:%S')} {text}"
        print(line, flush=True)
        with self.path.open("a", encoding="utf-8") as file:
            file.write(line + "\n")


if __name__ == "__main__":
    sys.exit(exit_code_of(main))
