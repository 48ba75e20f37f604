"""Draw ``docs/pictures/family-*.svg`` from the results of many users.

``preheat replay --synthetic family --users 100 --json > FILE`` writes the results; this draws FILE.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Final

sys.path.insert(0, str(Path(__file__).parents[1]))

from pictures.family import family_picture
from setup_step import exit_code_of, say

FOLDER: Final = Path(__file__).resolve().parents[2] / "docs" / "pictures"


def main() -> None:
    """Draw the picture; a second argument is the folder to draw it in."""
    results, *folder = sys.argv[1:]
    target = Path(*folder) if folder else FOLDER
    family_picture(json.loads(Path(results).read_text(encoding="utf-8"))).write(target, "family")
    say(f"wrote {target / 'family'}-*.svg")


if __name__ == "__main__":
    sys.exit(exit_code_of(main))
