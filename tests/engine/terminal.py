"""A command on a terminal of its own."""

from __future__ import annotations

import os
import struct
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from tests.engine.application import PREHEAT, TIMEOUT_S, environment


class Terminal:
    """A command on a terminal."""

    def __init__(self, home: Path, *arguments: str, width: int = 100, height: int = 40, **variables: str) -> None:
        import pty

        self._master, slave = pty.openpty()
        self.resize(width, height)
        self.process = subprocess.Popen(
            [*PREHEAT, *arguments],
            env={**environment(home, **{"TERM": "xterm", "COLUMNS": "", **variables})},
            stdin=slave,
            stdout=slave,
            stderr=slave,
            start_new_session=True,
            # Ctrl-C reaches the process only through the terminal that it leads.
            preexec_fn=lambda: _take_terminal(slave),
        )
        os.close(slave)
        self.output = ""

    def type(self, text: str) -> None:
        os.write(self._master, text.encode())

    def resize(self, width: int, height: int) -> None:
        """Change the size in characters; the command gets SIGWINCH."""
        import fcntl
        import termios

        fcntl.ioctl(self._master, termios.TIOCSWINSZ, struct.pack("HHHH", height, width, 0, 0))

    def __enter__(self) -> Terminal:
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._master)
        self.process.kill()
        self.process.wait()

    def read_until(self, condition: Callable[[str], bool], *, insist: str = "") -> str:
        """Return what came since the last call, once the condition holds for it.

        Args:
            insist: Typed again each second. A Ctrl-C between the prompt and the reading of input stays unnoticed by
                Python until the next key.
        """
        import select

        new, ends_at = "", time.monotonic() + TIMEOUT_S
        while not condition(new):
            assert time.monotonic() < ends_at, f"only {new!r} came"
            if not select.select([self._master], [], [], 1.0)[0]:
                self.type(insist)
                continue
            try:
                read = os.read(self._master, 65536)
            except OSError:
                read = b""  # the command has ended
            assert read, f"it ended after {new!r}"
            new += read.decode("utf-8", "replace")
        self.output += new
        return new

    def wait(self) -> int:
        """Read to the end; return the exit code."""
        try:
            while read := os.read(self._master, 65536):
                self.output += read.decode("utf-8", "replace")
        except OSError:
            pass
        return self.process.wait(TIMEOUT_S)


def _take_terminal(slave: int) -> None:
    import fcntl
    import termios

    fcntl.ioctl(slave, termios.TIOCSCTTY, 0)
