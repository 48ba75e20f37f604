"""Facts of the project for packages: version, addresses and one-line description; read from its own files.

``python packaging/project.py --check-tag v1.2.3`` fails unless that is the tag of this version. Uses only the standard
library.
"""

from __future__ import annotations

import argparse
import re
import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from setup_step import SetupError, exit_code_of

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

    @property
    def update_url(self) -> str:
        """Where the newest release is named: ``release/manifests.py`` writes it, and the release has it."""
        return f"{self.homepage}/releases/latest/download/release.json"

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


def check_tag(tag: str, version: str) -> None:
    """Raise SetupError unless this is the tag of the version."""
    if tag != f"v{version}":
        raise SetupError(f"the tag {tag} is not v{version}", remedy="Change engine/preheat/_version.py, or the tag.")


def main() -> None:
    """Check a tag."""
    parser = argparse.ArgumentParser(description="Check that a tag names the version.")
    parser.add_argument("--check-tag", metavar="TAG", required=True)
    check_tag(parser.parse_args().check_tag, read_project().version)


if __name__ == "__main__":
    sys.exit(exit_code_of(main))
