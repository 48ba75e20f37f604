"""Compiles a grammar in a process of its own, as a trial: ``python -m preheat.inference.worker.constraint_trial``.

llguidance limits the work for almost everything, but not for finding out whether several patterns that apply to the
same text can match anything: its time and memory grow exponentially, and nothing interrupts it. The grammar comes on
stdin; the exit code is 0 if it compiled, or failed, in time. Only the time counts: a tiny vocabulary is enough.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import threading
from typing import Final

TRIAL_S: Final = 2.0
"""Longest time to compile. The work takes up to 0.2 GB a second."""

_START_S: Final = 10.0
"""Time for a process to start on a busy machine."""

_CREATE_NO_WINDOW: Final = 0x08000000

_MOST_PATTERNS: Final = 3
_PATTERN: Final = re.compile(r'"(?:pattern|format)')
_COMBINATION: Final = re.compile(r'"allOf"|[^{\s]\s*"\$ref"|"\$ref"\s*:\s*"[^"]*"\s*,')
_ESCAPED_NAME: Final = re.compile(r"\\u00[2-7]")  # hides a keyword; ``json.dumps`` escapes no letters


def needs_trial(grammar: str) -> bool:
    """Return whether a grammar has JSON schemas in which many patterns may apply to the same text."""
    if "json" not in grammar:
        return False
    if _ESCAPED_NAME.search(grammar):
        return True
    return len(_PATTERN.findall(grammar)) > _MOST_PATTERNS and _COMBINATION.search(grammar) is not None


def compiles_in_time(grammar: str) -> bool:
    """Return whether llguidance finishes with a grammar, in whichever way. Blocks for up to ``TRIAL_S``."""
    command = [sys.executable, "-m", "preheat.inference.worker.constraint_trial"]
    try:
        done = subprocess.run(
            command,
            input=grammar.encode("utf-8", "replace"),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=TRIAL_S + _START_S,
            creationflags=_CREATE_NO_WINDOW if sys.platform == "win32" else 0,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0


class _Bytes:
    """A vocabulary of single bytes."""

    tokens: Final = [*(bytes([byte]) for byte in range(256)), b"\xff<end>"]
    eos_token_id = 256
    bos_token_id = None
    special_token_ids: Final = [256]

    def __call__(self, text: bytes | str) -> list[int]:
        return list(text if isinstance(text, bytes) else text.encode())


def main() -> None:
    """Compile the grammar on stdin."""
    from llguidance import LLMatcher, LLTokenizer, TokenizerWrapper

    grammar = sys.stdin.buffer.read().decode()
    # The process also ends by itself: the worker that waits for it may be gone.
    timer = threading.Timer(TRIAL_S, os._exit, [1])
    timer.daemon = True
    timer.start()
    LLMatcher(LLTokenizer(TokenizerWrapper(_Bytes())), grammar, log_level=0)
    os._exit(0)


if __name__ == "__main__":
    main()
