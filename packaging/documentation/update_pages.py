"""Write the generated parts of ``docs/``: what the code declares is never written by hand.

These are the settings, commands, control API, protocol fields, error codes and recipes for apps. Run it after changes
of these; a test fails while a page is out of date. The text around the generated parts is written by hand.
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from documentation.pages import pages
from setup_step import exit_code_of, say


def main() -> None:
    """Update the pages."""
    for path, text in pages():
        if path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")
            say(f"wrote {path}")


if __name__ == "__main__":
    sys.exit(exit_code_of(main))
