"""``preheat-tray`` and ``python -m preheat_gui``: the tray."""

from __future__ import annotations

import sys

from preheat.errors import windows_error


def main() -> int:
    """Run the tray and return the exit code; without Qt, print what is missing."""
    try:
        from preheat_gui.app.start import main as start
    except ImportError as error:
        print(f"preheat: {windows_error(error)}", file=sys.stderr)
        return 1
    return start()


if __name__ == "__main__":
    sys.exit(main())
