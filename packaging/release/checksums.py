"""Write ``SHA256SUMS`` for the packages in a folder: ``python packaging/release/checksums.py dist``.

``sha256sum --check SHA256SUMS`` checks them. Uses only the standard library.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Final

sys.path.insert(0, str(Path(__file__).parents[1]))

from setup_step import SetupError, exit_code_of, say, sha256

NAME: Final = "SHA256SUMS"


def write_checksums(folder: Path) -> Path:
    """Write the sums of all files in a folder, without its subfolders and logs; return the file.

    Raises:
        SetupError: There is no file.
    """
    files = [
        path
        for path in sorted(folder.iterdir())
        if path.is_file() and path.name != NAME and path.suffix != ".log" and not path.name.startswith(".")
    ]
    if not files:
        raise SetupError(f"there are no packages in {folder}", remedy="Build them first: make package")
    target = folder / NAME
    # In bytes: text has other line ends on Windows, which sha256sum would take for a part of the name.
    target.write_bytes("".join(f"{sha256(path)}  {path.name}\n" for path in files).encode())
    return target


def main() -> None:
    """Write the sums of the folder that the command line names."""
    say(f"{write_checksums(Path(sys.argv[1]))}")


if __name__ == "__main__":
    sys.exit(exit_code_of(main))
