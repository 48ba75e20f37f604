"""What the programs of the bundle have on Windows and macOS besides their code: icons, versions, an application."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import Any, Final

from macos.info import info_plist
from preheat.inference.processor.libraries import SUMS_FILE
from project import ROOT, read_project
from windows.version_info import version_info

ICONS: Final = ROOT / "build" / "icons"
"""``pictures/program_icons.py`` fills it before the build."""

APPLICATION: Final = "Preheat.app"

DESCRIPTIONS: Final = {"preheat": "Preheat's command", "preheat-tray": "Preheat"}


def program_options(name: str, folder: Path, platform: str = sys.platform) -> dict[str, Any]:
    """Return PyInstaller's options for one program.

    Args:
        folder: Where the file of the version is written.
    """
    if platform != "win32":
        return {}
    version = folder / f"{name}-version.txt"
    version.write_text(version_info(read_project(), f"{name}.exe", DESCRIPTIONS[name]), encoding="utf-8")
    return {"icon": str(ICONS / "preheat.ico"), "version": str(version)}


def application_options() -> dict[str, Any]:
    """Return PyInstaller's options for the application of macOS."""
    entries = info_plist(read_project())
    return {
        "name": APPLICATION,
        "icon": str(ICONS / "preheat.icns"),
        "bundle_identifier": entries["CFBundleIdentifier"],
        "info_plist": entries,
    }


def resources_folder(bundle: Path, platform: str = sys.platform) -> Path:
    """Return the folder of Preheat's own resources in what users get: on macOS the application next to the bundle."""
    if platform == "darwin":
        return bundle.with_name(APPLICATION) / "Contents" / "Resources" / "resources"
    return bundle / "_internal" / "resources"


def finish_application(bundle: Path) -> None:
    """Give the application what was written into the bundle after PyInstaller had copied it.

    A signature changes llama.cpp's libraries, and checks them from then on. An empty list of sums says so, in place of
    the sums in the wheel's record.
    """
    resources = resources_folder(bundle, "darwin")
    for name in ("build.toml", "licences.txt"):
        shutil.copyfile(bundle / "_internal" / "resources" / name, resources / name)
    contents = resources.parents[1]
    place = Path("llama_cpp", "lib", SUMS_FILE)
    # Only code may be in Frameworks; PyInstaller links to other files as well.
    target, link = contents / "Resources" / place, contents / "Frameworks" / place
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(b"")
    if not link.exists():
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(Path("..", "..", "..", "Resources", place))
