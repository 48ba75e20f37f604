"""Build the packages for Linux from the bundle: python packaging/linux/build.py [BUNDLE]."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from linux.deb import build_debs
from linux.product import ROOT
from linux.tar import build_tar
from setup_step import exit_code_of, say


def main() -> None:
    """Build all packages into a folder."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("bundle", type=Path, nargs="?", default=ROOT / "dist" / "preheat", help="the folder to pack")
    parser.add_argument("--folder", type=Path, default=ROOT / "dist", help="output folder")
    options = parser.parse_args()
    for file in build(options.bundle, options.folder):
        say(f"built {file.name}, {file.stat().st_size / 1e6:.1f} MB")


def build(bundle: Path, folder: Path) -> list[Path]:
    """Build the packages of a bundle into a folder, and return their files."""
    folder.mkdir(parents=True, exist_ok=True)
    return [build_tar(bundle, folder), *build_debs(bundle, folder)]


if __name__ == "__main__":
    sys.exit(exit_code_of(main))
