"""Write what names the files of a release: the manifests of winget, the cask of Homebrew, and ``release.json``.

Usage: ``python packaging/release/manifests.py --dist dist``, with the installer and both disk images in the folder.
Uses only the standard library.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from string import Template
from typing import Final

sys.path.insert(0, str(Path(__file__).parents[1]))

from macos.info import IDENTIFIER
from project import ROOT, Project, read_project
from setup_step import SetupError, exit_code_of, say, sha256

TEMPLATES: Final = (
    *sorted((ROOT / "packaging" / "windows" / "winget").glob("*.in")),
    *sorted((ROOT / "packaging" / "macos" / "homebrew").glob("*.in")),
)


def release_files(version: str) -> dict[str, str]:
    """Return the names of the files that manifests name, by the start of their placeholders."""
    return {
        "windows": f"preheat-{version}-windows-x86_64-setup.exe",
        "macos_arm64": f"preheat-{version}-macos-arm64.dmg",
        "macos_x86_64": f"preheat-{version}-macos-x86_64.dmg",
    }


def values(project: Project, sums: Mapping[str, str], date: str) -> dict[str, str]:
    """Return the values of all placeholders.

    Args:
        sums: The SHA-256 in hex of each file of ``release_files``, by the same keys.
        date: Of the release, as ``2026-12-31``.
    """
    found = {
        "version": project.version,
        "publisher": project.publisher,
        "summary": project.summary,
        "licence": project.licence,
        "homepage": project.homepage,
        "issues": project.issues,
        "identifier": IDENTIFIER,
        "release_url": release_page(project),
        "date": date,
    }
    for key, name in release_files(project.version).items():
        found |= {f"{key}_url": project.release_url(name), f"{key}_sha256": sums[key].upper()}
    # Homebrew writes them in lower case.
    found |= {name: value.lower() for name, value in found.items() if re.fullmatch(r"macos_.*_sha256", name)}
    return found


def release_page(project: Project) -> str:
    """Return the address of the page of this version."""
    return f"{project.homepage}/releases/tag/v{project.version}"


def release_record(project: Project, date: str) -> dict[str, str]:
    """Return what ``preheat update --check`` reads: see ``preheat.updates``."""
    page = release_page(project)
    return {"version": project.version, "url": page, "date": date, "notes_url": page}


def write_manifests(folder: Path, date: str, project: Project | None = None) -> list[Path]:
    """Write all files next to the packages, and return them.

    Raises:
        SetupError: A package is missing.
    """
    project = project or read_project()
    packages = {key: folder / name for key, name in release_files(project.version).items()}
    missing = [path.name for path in packages.values() if not path.is_file()]
    if missing:
        raise SetupError(f"missing in {folder}: {', '.join(missing)}", remedy="Each system builds its own packages.")
    filled = values(project, {key: sha256(path) for key, path in packages.items()}, date)
    written = []
    for template in TEMPLATES:
        path = folder / template.name.removesuffix(".in")
        path.write_text(Template(template.read_text(encoding="utf-8")).substitute(filled), encoding="utf-8")
        written.append(path)
    record = folder / "release.json"
    record.write_text(json.dumps(release_record(project, date), indent=2) + "\n", encoding="utf-8")
    return [*written, record]


def main() -> None:
    """Write the manifests of the folder that the command line names."""
    parser = argparse.ArgumentParser(description="Write the manifests of a release.")
    parser.add_argument("--dist", type=Path, default=ROOT / "dist", help="Folder of the packages.")
    parser.add_argument(
        "--date", default=datetime.now(UTC).date().isoformat(), help="Of the release; today by default."
    )
    options = parser.parse_args()
    for path in write_manifests(options.dist, options.date):
        say(f"{path}")


if __name__ == "__main__":
    sys.exit(exit_code_of(main))
