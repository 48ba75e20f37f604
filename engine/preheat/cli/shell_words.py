"""The words that shells offer while someone types: quick, and quiet whatever happens."""

from __future__ import annotations

import os
import re
import sys
import threading
from collections.abc import Iterable
from contextlib import suppress
from typing import Any, Final

_PATIENCE_S: Final = 0.5
_SAFE: Final = re.compile(r"[\w.:@/+][\w.:@/+-]*", re.ASCII)  # a leading dash makes an option
"""Shells expand other characters in the words of a completion, or the user runs them with the line."""

_LOADED: Final = ("hot", "queued", "loading", "warming")


def print_words(arguments: list[str]) -> None:
    """Print the words of a kind, one a line: ``model``, ``loaded``, ``favourite`` or ``download``.

    Names of models come from a file, so they need no running application. Prints nothing if anything is wrong.
    """
    found: list[str] = []

    def look() -> None:
        with suppress(Exception):
            found.extend(_words(arguments[0]))

    # An application that does not answer must not hang the shell.
    looking = threading.Thread(target=look, daemon=True)
    looking.start()
    looking.join(_PATIENCE_S)
    with suppress(OSError):
        sys.stdout.write("".join(f"{word}\n" for word in found if _SAFE.fullmatch(word)))
        sys.stdout.flush()
    os._exit(0)


def _words(kind: str) -> Iterable[str]:
    if kind == "model":
        from preheat.paths import model_names_file

        return model_names_file().read_text(encoding="utf-8").splitlines()
    status = _status()
    if kind == "favourite":
        return [str(name) for name in status["favourites"]]
    if kind == "download":
        return [str(each["id"]) for each in status["downloads"]]
    return [str(model["id"]) for model in status["models"] if model["state"] in _LOADED]


def _status() -> Any:
    from preheat.control import find_running

    with find_running() as running:
        return running.status()
