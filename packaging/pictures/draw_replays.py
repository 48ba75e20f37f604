"""Draw the pictures in docs/pictures from replays of synthetic users; takes half a minute.

Run it after changes of the policy, the replay or the synthetic users. A test compares the picture of the day.
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path
from typing import Final

sys.path.insert(0, str(Path(__file__).parents[1]))

from pictures.replays import day_picture, limit_picture, users_picture
from setup_step import exit_code_of, say

FOLDER: Final = Path(__file__).resolve().parents[2] / "docs" / "pictures"


def main() -> None:
    """Draw all pictures."""
    FOLDER.mkdir(exist_ok=True)
    for name, draw in (("day", day_picture), ("limits", limit_picture), ("users", users_picture)):
        draw().write(FOLDER, name)
        say(f"wrote {FOLDER / name}-*.svg")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(prefix="preheat-pictures-") as home:
        os.environ["PREHEAT_HOME"] = home  # the user's own files are not read
        sys.exit(exit_code_of(main))
