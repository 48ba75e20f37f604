"""What answers a command: the running application, or an engine of this process while the command runs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from preheat.control.client import find_running
from preheat.control.own_engine import Backend, OwnEngine
from preheat.errors import NotRunningError


@contextmanager
def backend() -> Iterator[Backend]:
    """Hold what answers.

    Raises:
        SettingsError: Nothing runs, and the settings cannot be read.
    """
    try:
        running = find_running()
    except NotRunningError:
        own = OwnEngine()
        try:
            yield own
        finally:
            own.close()
    else:
        with running:
            yield running
