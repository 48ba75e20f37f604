"""Measures what a hostile client does to the port: the longest wait of ``/health``, and the engine's memory.

The probe is a process of its own, so that a test that is busy with its attack does not look like a slow port:

    with HealthProbe(port, pid) as probe:
        attack()
    assert probe.longest_wait_s < 1
"""

from __future__ import annotations

import http.client
import json
import subprocess
import sys
import threading
import time
from types import TracebackType
from typing import Final

import psutil

PAUSE_S: Final = 0.02
TIMEOUT_S: Final = 30.0


class HealthProbe:
    """Asks ``/health`` every 20 ms while the block runs. The figures are available after it.

    Attributes:
        longest_wait_s: Longest time to an answer, in seconds.
        failures: Requests without an answer.
        added_bytes: The engine's highest resident memory above that at the start.
    """

    def __init__(self, port: int, pid: int) -> None:
        self._command = [sys.executable, __file__, str(port), str(pid)]
        self.longest_wait_s = 0.0
        self.failures = 0
        self.added_bytes = 0

    def __enter__(self) -> HealthProbe:
        self._process = subprocess.Popen(self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        assert self._process.stdout.readline() == "started\n"
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        output, _ = self._process.communicate("stop\n", timeout=2 * TIMEOUT_S)
        figures = json.loads(output)
        self.longest_wait_s = figures["longest_wait_s"]
        self.failures = figures["failures"]
        self.added_bytes = figures["added_bytes"]

    def __str__(self) -> str:
        return f"{self.longest_wait_s * 1000:.0f} ms, {self.failures} failures, +{self.added_bytes / 1e6:.0f} MB"


def _ask(port: int, connection: http.client.HTTPConnection | None) -> http.client.HTTPConnection:
    """Ask once, on the connection or a new one; raises OSError or HTTPException."""
    if connection is None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=TIMEOUT_S)
    connection.request("GET", "/health")
    answer = connection.getresponse()
    answer.read()
    if answer.status != 200:
        raise http.client.HTTPException(f"status {answer.status}")
    return connection


def _set_at_next_line(event: threading.Event) -> None:
    sys.stdin.readline()
    event.set()


def _main(port: int, pid: int) -> None:
    stopped = threading.Event()
    threading.Thread(target=_set_at_next_line, args=(stopped,), daemon=True).start()
    engine = psutil.Process(pid)
    idle_bytes = most_bytes = engine.memory_info().rss
    longest_wait_s, failures, asked = 0.0, 0, 0
    connection: http.client.HTTPConnection | None = None
    while not stopped.is_set():
        before = time.perf_counter()
        try:
            # Every second time on a new connection: a port that accepts none is no better than a slow one.
            connection = _ask(port, connection if asked % 2 else None)
        except (OSError, http.client.HTTPException):
            failures += 1
            connection = None
        longest_wait_s = max(longest_wait_s, time.perf_counter() - before)
        most_bytes = max(most_bytes, engine.memory_info().rss)
        asked += 1
        if asked == 1:
            print("started", flush=True)
        time.sleep(PAUSE_S)
    figures = {"longest_wait_s": longest_wait_s, "failures": failures, "added_bytes": most_bytes - idle_bytes}
    print(json.dumps(figures))


if __name__ == "__main__":
    _main(int(sys.argv[1]), int(sys.argv[2]))
