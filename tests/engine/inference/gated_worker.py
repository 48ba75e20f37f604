"""A worker process whose loads wait for the test: real in everything else.

While the file ``$TEST_GATE/<model file name>`` exists, the model's file is not read. Run as a script by the engine
under test; ``command`` says how.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from preheat.files import OnBytes, PageIn
from preheat.inference.worker import main as worker

_page_in = worker.page_in


def command() -> list[str]:
    """Return the command that starts this worker."""
    return [sys.executable, __file__]


def _gated_page_in(files: Sequence[Path], on_progress: OnBytes = lambda _: None, **options: Any) -> PageIn:
    gate = Path(os.environ["TEST_GATE"]) / files[0].name
    while gate.exists():
        on_progress(0)
        time.sleep(0.005)
    return _page_in(files, on_progress, **options)


if __name__ == "__main__":
    worker.page_in = _gated_page_in
    worker.main()
