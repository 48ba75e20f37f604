"""Build every package that this system can build, into ``dist/``: what ``make package`` runs.

Linux builds the ``.deb`` files and the archive, and compiles the installer for Windows with its own bundle, to check
its script; Windows builds the installer, macOS the application, from which ``packaging/macos`` makes the disk image.
All build the source distribution and the wheel.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from bundle.build import BUNDLE, build
from bundle.foreign import ICONS, resources_folder
from project import ROOT, read_project
from release.checksums import write_checksums
from setup import build_vulkan
from setup.build_llama import ensure_wheel, wanted_version
from setup.starter_models import ensure_all
from setup_step import SetupError, exit_code_of, say

PACKAGING: Final = ROOT / "packaging"
DEB_LIMIT_BYTES: Final = 83_000_000
"""Without models; 5 MB are the library for Vulkan."""
FORMS: Final = {"win32": "nsis", "darwin": "dmg"}
"""What the bundle says about its installation; on Linux, each package says it."""


def commands(system: str, bundle: Path, dist: Path) -> list[list[str]]:
    """Return the commands that make packages of a bundle on a system, as script and arguments."""
    distributions = [["pypi/distributions.py", "--dist", str(dist)]]
    match system:
        case "win32":
            return [*distributions, ["windows/installer.py", "--bundle", str(bundle), "--icons", str(ICONS)]]
        case "darwin":
            return distributions  # the application must be signed before it goes into an image
        case _:
            check = ["windows/installer.py", "--bundle", str(bundle), "--icons", str(ICONS), "--check"]
            return [*distributions, ["linux/build.py", str(bundle), "--folder", str(dist)], check]


def has_vulkan(system: str, environ: Mapping[str, str]) -> bool:
    """Return whether packages have llama.cpp's library for Vulkan; on Windows it needs the SDK."""
    return system == "linux" or (system == "win32" and bool(environ.get("VULKAN_SDK")))


def package(*, update_url: str, starter_models: bool) -> None:
    """Build the bundle and all packages, and print their sizes.

    Raises:
        SetupError: A step failed.
    """
    dist = BUNDLE.parent
    dist.mkdir(exist_ok=True)
    for file in dist.iterdir():  # of an earlier build, maybe of another version
        if file.is_file():
            file.unlink()
    _run([sys.executable, str(PACKAGING / "pictures" / "program_icons.py"), str(ICONS)])
    wheels = [ensure_wheel(portable=True)]
    if has_vulkan(sys.platform, os.environ):
        wheels.append(build_vulkan.ensure_wheel(wanted_version()))
    for wheel in wheels:
        shutil.copyfile(wheel, dist / wheel.name)  # for pip, which otherwise builds from PyPI's source
    bundle = build(wheels, FORMS.get(sys.platform, "folder"), update_url)
    if starter_models:
        ensure_all(resources_folder(bundle) / "models")
    for script, *arguments in commands(sys.platform, bundle, dist):
        _run([sys.executable, str(PACKAGING / script), *arguments])
    made = sorted(file for file in dist.iterdir() if file.is_file())
    for file in made:
        say(f"{file.name}: {file.stat().st_size / 1e6:.1f} MB")
    large = [file.name for file in made if file.suffix == ".deb" and file.stat().st_size > DEB_LIMIT_BYTES]
    if large and not starter_models:
        raise SetupError(f"{', '.join(large)}: larger than {DEB_LIMIT_BYTES / 1e6:.0f} MB.", remedy="Leave out more.")
    write_checksums(dist)


def _run(command: Sequence[str]) -> None:
    if code := subprocess.run(command, cwd=ROOT, check=False).returncode:
        raise SetupError(f"{Path(command[1]).name} failed with exit code {code}.", remedy="See above.")


def main(arguments: Sequence[str] | None = None) -> None:
    """Build what the command line asks for."""
    parser = argparse.ArgumentParser(description="Build every package that this system can build.")
    parser.add_argument("--starter-models", action="store_true", help="include two small models (120 MB)")
    parser.add_argument(
        "--update-url",
        default=read_project().update_url,
        help="where the newest release is named; empty for packages that never ask",
    )
    options = parser.parse_args(arguments)
    package(update_url=options.update_url, starter_models=options.starter_models)


if __name__ == "__main__":
    sys.exit(exit_code_of(main))
