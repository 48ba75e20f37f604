"""Keys of the terminal, without waiting for the end of a line."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def reading_keys(send: Callable[[str], object]) -> Iterator[None]:
    """Call ``send`` with each key, on another thread, while the block runs. Ctrl-C stays an interrupt.

    Does nothing if standard input is no terminal.
    """
    if not sys.stdin.isatty():
        yield
        return
    if sys.platform == "win32":
        from preheat.cli.top.keys_windows import next_key

        _start(next_key, send)
        yield
        return
    import os
    import termios
    import tty

    handle = sys.stdin.fileno()
    before = termios.tcgetattr(handle)
    _start(lambda: os.read(handle, 1).decode("latin-1"), send)
    try:
        tty.setcbreak(handle)
        yield
    finally:
        termios.tcsetattr(handle, termios.TCSADRAIN, before)


def _start(read: Callable[[], str], send: Callable[[str], object]) -> None:
    # A daemon: it waits for a key that may never come.
    threading.Thread(target=_read_all, args=(read, send), name="keys", daemon=True).start()


def _read_all(read: Callable[[], str], send: Callable[[str], object]) -> None:
    try:
        while key := read():
            send(key)
    except OSError:
        return  # the terminal is gone
