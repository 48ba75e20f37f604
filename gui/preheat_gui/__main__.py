"""``preheat-tray`` and ``python -m preheat_gui``: the tray."""

from __future__ import annotations

import sys

from preheat.errors import EngineError, windows_error
from preheat.installation import processor_problem


def main() -> int:
    """Run the tray and return the exit code; without Qt, or where it does not run, print the reason."""
    if problem := processor_problem():
        print(f"preheat: {EngineError(problem)}", file=sys.stderr)
        return 1
    try:
        from preheat_gui.app.start import main as start
    except ImportError as error:
        print(f"preheat: {windows_error(error)}", file=sys.stderr)
        return 1
    return start()


if __name__ == "__main__":
    sys.exit(main())
