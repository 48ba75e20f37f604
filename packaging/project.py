"""Facts of the project for packages: version, addresses and one-line description; read from its own files.

Uses only the standard library.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[1]


@dataclass(frozen=True, slots=True)
class Project:
    """What packages say about Preheat."""

    version: str
    summary: str
    publisher: str
    licence: str
    homepage: str
    issues: str

    @property
    def windows_version(self) -> str:
        """Four numbers, as Windows requires; a pre-release has those of its release."""
        numbers = re.match(r"\d+(\.\d+)*", self.version)
        assert numbers, self.version
        return ".".join([*numbers[0].split("."), "0", "0", "0"][:4])

    def release_url(self, file_name: str) -> str:
        """Return the address of a file of this version's release."""
        return f"{self.homepage}/releases/download/v{self.version}/{file_name}"


def read_project(root: Path = ROOT) -> Project:
    """Return the facts in ``pyproject.toml`` and ``_version.py``."""
    table = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    source = (root / "engine" / "preheat" / "_version.py").read_text(encoding="utf-8")
    version = re.search(r'^__version__ = "(.+)"$', source, re.MULTILINE)
    assert version, "no version in _version.py"
    return Project(
        version=version[1],
        summary=table["description"],
        publisher=table["authors"][0]["name"],
        licence=table["license"],
        homepage=table["urls"]["Homepage"],
        issues=table["urls"]["Issues"],
    )
