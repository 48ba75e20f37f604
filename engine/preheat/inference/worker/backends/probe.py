"""Finds the best of llama.cpp's processor libraries that works here: ``VARIANT=PATH`` each, run by ``probing``.

A library that does not work ends this process; the output says which one it was.
"""

from __future__ import annotations

import ctypes
import faulthandler
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from preheat.inference.processor.probing import FAILED, RATED, RATING, TIME_LIMIT_S, TRYING, WORKS
from preheat.inference.worker.backends.loading import load_backend
from preheat.inference.worker.backends.trial_graph import first_error

_EXIT_WRONG: Final = 1


def main(arguments: Sequence[str]) -> int:
    """Report on the libraries; return 0 if one works or none is left."""
    faulthandler.dump_traceback_later(TIME_LIMIT_S, exit=True)  # the worker that waits for this may have ended
    paths = dict(argument.split("=", 1) for argument in arguments)
    scores: dict[str, int] = {}
    for variant, path in paths.items():
        _report(RATING, variant)
        try:
            library = ctypes.CDLL(path)
        except OSError as error:
            _report(FAILED, variant, str(error))
            continue
        scores[variant] = library.ggml_backend_score() if hasattr(library, "ggml_backend_score") else 1
        _report(RATED, variant, str(scores[variant]))
    for variant in sorted(scores, key=lambda variant: scores[variant], reverse=True):
        if not scores[variant]:
            break
        _report(TRYING, variant)
        if not load_backend(Path(paths[variant])):
            _report(FAILED, variant, "it could not be loaded")
            continue
        if operation := first_error():
            _report(FAILED, variant, f"wrong result of {operation}")
            return _EXIT_WRONG
        _report(WORKS, variant)
        break
    return 0


def _report(*words: str) -> None:
    print(*words, flush=True)


if __name__ == "__main__":
    code = main(sys.argv[1:])
    sys.stdout.flush()
    os._exit(code)
