"""Write ``SHA256SUMS`` of the files in a folder: python packaging/checksums.py FOLDER."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Final

from setup_step import exit_code_of, sha256

NAME: Final = "SHA256SUMS"


def write_checksums(folder: Path) -> Path:
    """Write the file, sorted by name, without itself and folders; return its path."""
    files = sorted(file for file in folder.iterdir() if file.is_file() and file.name != NAME)
    target = folder / NAME
    target.write_text("".join(f"{sha256(file)}  {file.name}\n" for file in files), encoding="utf-8", newline="\n")
    return target


if __name__ == "__main__":
    sys.exit(exit_code_of(lambda: write_checksums(Path(sys.argv[1]))))
