"""Tries llama.cpp's libraries in a process of its own, which a library that does not run here ends."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from preheat.errors import InsufficientMemoryError
from preheat.inference.exits import explain_exit, load_error, start_error
from preheat.installation import module_command
from preheat.messages import render

TIME_LIMIT_S: Final = 120.0
"""The trial takes 0.2 s, and some seconds in an emulator."""

RATING: Final = "rating"
RATED: Final = "rated"
TRYING: Final = "trying"
WORKS: Final = "works"
FAILED: Final = "failed"
"""The first word of each line of the process; a variant's name follows, and then its score or what went wrong."""


@dataclass(slots=True)
class Attempt:
    """What a trial process has found out before it ended."""

    scores: dict[str, int] = field(default_factory=dict)
    """llama.cpp's rating of each library on this processor; 0 if it does not run."""

    failures: dict[str, str] = field(default_factory=dict)
    """Libraries that did not work, and what happened."""

    works: str | None = None
    """The best library, which has computed correct results."""

    lasting: bool = True
    """Whether the failures would happen again."""


def attempt(libraries: Mapping[str, Path]) -> Attempt:
    """Rate the libraries and try them, best first, until one works or ends the process.

    Raises:
        ModelLoadError: The process cannot be started, or does not get to the libraries.
        InsufficientMemoryError: There is no memory for it.
    """
    paths = [f"{variant}={path}" for variant, path in libraries.items()]
    try:
        done = subprocess.run(
            module_command("preheat.inference.worker.backends.probe", *paths),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=TIME_LIMIT_S,
            check=False,
            env={**os.environ, "GGML_NO_BACKTRACE": "1"},
        )
    except OSError as error:
        raise start_error(error) from error
    except subprocess.TimeoutExpired as error:
        found, current = read_report((error.stdout or b"").decode(errors="replace"))
        found.failures[current or next(iter(libraries))] = f"no result after {TIME_LIMIT_S:g} s"
        found.lasting = False
        return found
    found, current = read_report(done.stdout.decode(errors="replace"))
    if done.returncode == 0:
        return found
    ended = explain_exit(done.returncode, done.stderr.decode(errors="replace").splitlines(), None)
    if current is None or ended.cause == InsufficientMemoryError.code:
        raise load_error(ended)
    found.failures.setdefault(current, render(ended.reason)[0])
    return found


def read_report(output: str) -> tuple[Attempt, str | None]:
    """Return what a trial process reported, and the library that it was busy with at its end."""
    found, current = Attempt(), None
    for line in output.splitlines():
        word, variant, detail = [*line.split(" ", 2), "", ""][:3]
        if word in (RATING, TRYING):
            current = variant
        elif word == RATED:
            found.scores[variant], current = int(detail), None
        elif word == WORKS:
            found.works, current = variant, None
        elif word == FAILED:
            found.failures[variant] = detail
    return found, current
