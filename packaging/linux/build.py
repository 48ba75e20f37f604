"""Build the packages for Linux from the bundle: python packaging/linux/build.py [BUNDLE]."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from linux.deb import build_debs
from linux.product import ROOT, debian_version
from setup_step import exit_code_of, say


def main() -> None:
    """Build all packages into a folder."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("bundle", type=Path, nargs="?", default=ROOT / "dist" / "preheat", help="the folder to pack")
    parser.add_argument("--folder", type=Path, default=ROOT / "dist", help="output folder")
    parser.add_argument("--version", default=debian_version(), help="Debian's version of the packages")
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    for file in build_debs(options.bundle, options.folder, options.version):
        say(f"built {file.name}, {file.stat().st_size / 1e6:.1f} MB")


if __name__ == "__main__":
    sys.exit(exit_code_of(main))
