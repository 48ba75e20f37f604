"""``python -m preheat_gui``: the tray."""

from __future__ import annotations

import sys

from preheat_gui.app.start import main

if __name__ == "__main__":
    sys.exit(main())
