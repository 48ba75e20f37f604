"""A Preheat of the tests' own, started as a user starts it; and what it takes to watch processes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from processes import wait_until_gone, workers_of

TIMEOUT_S = 60.0
PREHEAT = (sys.executable, "-m", "preheat")


def eventually(condition: Callable[[], bool], what: str, timeout_s: float = TIMEOUT_S) -> None:
    """Wait until the condition holds; fail with ``what`` if it does not in time."""
    ends_at = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < ends_at, f"{what}: not within {timeout_s:g} s"
        time.sleep(0.02)


def make_home(home: Path, models: Sequence[Path]) -> Path:
    """Make a PREHEAT_HOME with these models."""
    folder = home / "data" / "models"
    folder.mkdir(parents=True)
    for model in models:
        (folder / model.name).symlink_to(model)
    return home


def environment(home: Path, **variables: str) -> dict[str, str]:
    """Return this process's environment with another PREHEAT_HOME."""
    return {**os.environ, "COLUMNS": "200", "PREHEAT_HOME": str(home), **variables}


def preheat(home: Path, *arguments: str, stdin: str = "", **variables: str) -> subprocess.CompletedProcess[str]:
    """Run a command to its end."""
    return subprocess.run(
        [*PREHEAT, *arguments],
        env=environment(home, **variables),
        input=stdin,
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
        check=False,
    )


class Application:
    """``preheat serve`` in a process of its own, on a free port.

    Args:
        home: Its PREHEAT_HOME.
        options: More options for ``serve``.
    """

    def __init__(self, home: Path, *options: str, **variables: str) -> None:
        self.home = home
        self._output = home / "serve.txt"
        with self._output.open("w") as output:
            self.process = subprocess.Popen(
                [*PREHEAT, "serve", "--port", "0", *options],
                env=environment(home, **variables),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        eventually(lambda: "answers on" in self.output or self.process.poll() is not None, "preheat serve")
        assert self.process.poll() is None, self.output
        runtime = json.loads((home / "runtime" / "engine.json").read_text())
        self.port: int = runtime["port"]

    @property
    def output(self) -> str:
        """What it has printed so far."""
        return self._output.read_text()

    def run(self, *arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        """Run a command that talks to it."""
        return preheat(self.home, *arguments, stdin=stdin)

    def json(self, *arguments: str, stdin: str = "") -> Any:
        """Return what a command prints with ``--json``."""
        done = self.run(*arguments, "--json", stdin=stdin)
        assert (done.returncode, done.stderr) == (0, "")
        return json.loads(done.stdout)

    def load(self, model_id: str) -> None:
        """Load a model, if it is not hot; without a command, which would take longer."""
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}/preheat/v1/models/{model_id}/load", b"")
        urllib.request.urlopen(request, timeout=TIMEOUT_S).close()

    def states(self) -> dict[str, str]:
        """Return every model's state."""
        return {model["id"]: model["state"] for model in self.json("status")["models"]}

    def stop(self, number: int = signal.SIGINT) -> int:
        """Send a signal; return the exit code."""
        workers = workers_of(self.process.pid)
        if self.process.poll() is None:
            self.process.send_signal(number)
        code = self.process.wait(TIMEOUT_S)
        wait_until_gone(workers)
        return code
