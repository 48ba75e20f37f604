"""The property list of Preheat.app: an application of the menu bar, without a Dock icon."""

from __future__ import annotations

from typing import Final

from project import Project

IDENTIFIER: Final = "org.preheat.Preheat"
OLDEST_MACOS: Final = "13.0"
"""Qt 6.11's oldest."""


def info_plist(project: Project) -> dict[str, object]:
    """Return the entries of ``Info.plist``."""
    return {
        "CFBundleIdentifier": IDENTIFIER,
        "CFBundleName": "Preheat",
        "CFBundleDisplayName": "Preheat",
        "CFBundleExecutable": "preheat-tray",
        "CFBundlePackageType": "APPL",
        "CFBundleShortVersionString": project.version,
        "CFBundleVersion": project.windows_version.rpartition(".")[0],  # three numbers
        "LSApplicationCategoryType": "public.app-category.developer-tools",
        "LSMinimumSystemVersion": OLDEST_MACOS,
        "LSUIElement": True,
        "NSHighResolutionCapable": True,
        "NSHumanReadableCopyright": f"{project.publisher}, {project.licence}",
        "NSRequiresAquaSystemAppearance": False,  # follow the dark appearance
        "NSSupportsAutomaticGraphicsSwitching": True,
    }
