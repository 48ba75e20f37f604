"""``python -m preheat.inference.worker`` is the worker process."""

from __future__ import annotations

from preheat.inference.worker.main import main

if __name__ == "__main__":
    main()
