"""What the programs of the bundle have on Windows and macOS besides their code: icons, versions, an application."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any, Final

from macos.info import info_plist
from project import ROOT, read_project
from windows.version_info import version_info

ICONS: Final = ROOT / "build" / "icons"
"""``pictures/program_icons.py`` fills it before the build."""

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
        "name": "Preheat.app",
        "icon": str(ICONS / "preheat.icns"),
        "bundle_identifier": entries["CFBundleIdentifier"],
        "info_plist": entries,
    }
