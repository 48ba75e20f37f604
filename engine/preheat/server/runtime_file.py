"""The file by which the command line and scripts find the running application."""

from __future__ import annotations

import json
import logging
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from preheat._version import __version__
from preheat.files import write_atomic

logger = logging.getLogger(__name__)


@contextmanager
def runtime_file(path: Path, *, host: str, port: int) -> Iterator[None]:
    """Keep the file there while the block runs. It is never seen half-written.

    A second Preheat on another port takes the file over; the first one then leaves it alone.
    """
    content = {"pid": os.getpid(), "host": host, "port": port, "version": __version__, "started_at": time.time()}
    text = json.dumps(content)
    _write(path, text)
    try:
        yield
    finally:
        with suppress(OSError):
            if path.read_text(encoding="utf-8") == text:
                path.unlink()


def _write(path: Path, text: str) -> None:
    # Others must not be able to put a file there and have this user's scripts talk to their port.
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.parent.chmod(0o700)
    write_atomic(path, text, durable=False)
