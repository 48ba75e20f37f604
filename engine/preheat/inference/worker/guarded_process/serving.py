"""The guarded process itself: answers questions on stdin until it is closed."""

from __future__ import annotations

import gc
import os
import signal
import sys
import time
from collections.abc import Callable
from typing import Final, NoReturn

from preheat.inference.worker.guarded_process import frames
from preheat.inference.worker.guarded_process.limits import end_after, limit_self, resident_bytes

_READ_BYTES: Final = 1 << 20
_LONG_S: Final = 0.02
"""A shorter question cannot have made the process large."""


def serve(answer: Callable[[bytes], bytes]) -> NoReturn:
    """Answer questions within the limits, and end the process when its worker has ended.

    All modules that ``answer`` needs have to be imported before. An exception that it raises is reported to the worker
    by its type and place.
    """
    memory_bytes = int(sys.argv[1])
    out = os.dup(sys.stdout.fileno())
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # nothing that is printed may come between answers
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    limit_self(memory_bytes)
    largest = resident_bytes() + memory_bytes // 4
    try:
        _send(out, frames.READY, b"")
        while True:
            size, limit_ms = frames.QUESTION.unpack(_read(frames.QUESTION.size))
            question = _read(size)
            began = time.monotonic()
            end_after(limit_ms / 1000)
            kind, content = _answered(answer, question)
            end_after(0)
            del question
            if time.monotonic() - began > _LONG_S and kind == frames.ANSWERED:
                gc.collect()  # exceptions and their frames refer to each other
                kind = frames.LAST_ANSWER if resident_bytes() > largest else kind
            _send(out, kind, content)
            del content
            if kind == frames.LAST_ANSWER:
                os._exit(0)
    except MemoryError:
        os._exit(frames.EXIT_MEMORY)
    except BrokenPipeError:
        os._exit(0)


def _answered(answer: Callable[[bytes], bytes], question: bytes) -> tuple[bytes, bytes]:
    try:
        return frames.ANSWERED, answer(question)
    except MemoryError:
        raise
    except Exception as error:
        # Not its own words, which may quote a prompt.
        import traceback  # imported when it is needed, as all that would delay the start

        places = traceback.extract_tb(error.__traceback__)[-4:]
        where = " < ".join(
            f"{place.filename.rpartition(os.sep)[2]}:{place.lineno} {place.name}" for place in reversed(places)
        )
        return frames.BUG, f"{type(error).__name__} at {where}".encode()


def _send(out: int, kind: bytes, content: bytes) -> None:
    rest = memoryview(frames.ANSWER.pack(kind, len(content)) + content)
    while rest:
        rest = rest[os.write(out, rest) :]


def _read(size: int) -> bytes:
    content = bytearray()
    while len(content) < size:
        data = os.read(0, min(size - len(content), _READ_BYTES))
        if not data:
            os._exit(0)
        content += data
    return bytes(content)
