"""``python -m preheat`` is the ``preheat`` command."""

from __future__ import annotations

from preheat.cli.main import main

if __name__ == "__main__":
    main()
