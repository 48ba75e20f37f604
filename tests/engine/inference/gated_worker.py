"""A worker process that waits for the test before it reads a model file, and is otherwise real.

It waits while the file ``$TEST_GATE/<model file name>`` exists.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from preheat.files import OnBytes, PageIn, page_in
from preheat.inference.worker import __main__ as worker


def command() -> list[str]:
    """Return the command that starts this worker."""
    return [sys.executable, __file__]


def _gated_page_in(files: Sequence[Path], on_progress: OnBytes = lambda _: None) -> PageIn:
    gate = Path(os.environ["TEST_GATE"]) / files[0].name
    while gate.exists():
        on_progress(0)
        time.sleep(0.005)
    return page_in(files, on_progress)


if __name__ == "__main__":
    vars(worker).update({"page_in": _gated_page_in, "seems_resident": lambda _file: False})
    worker.main()
