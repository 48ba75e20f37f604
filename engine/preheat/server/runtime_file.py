"""The file that tells the command line and scripts where the running application is."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from preheat._version import __version__
from preheat.files import write_atomic


@contextmanager
def runtime_file(path: Path, *, host: str, port: int) -> Iterator[None]:
    """Keep the file while the block runs.

    A second Preheat on another port replaces the file; the first one then leaves it alone.
    """
    content = {"pid": os.getpid(), "host": host, "port": port, "version": __version__, "started_at": time.time()}
    text = json.dumps(content)
    # Private: another user must not put a file there and receive this user's requests.
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.parent.chmod(0o700)
    write_atomic(path, text, durable=False)
    try:
        yield
    finally:
        with suppress(OSError):
            if path.read_text(encoding="utf-8") == text:
                path.unlink()
