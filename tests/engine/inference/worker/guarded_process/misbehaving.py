"""A guarded process that does what a question says."""

from __future__ import annotations

import ctypes
import os
import resource
import threading
from pathlib import Path

from preheat.inference.worker.guarded_process import serve


def _answer(question: bytes) -> bytes:
    command, _, content = question.partition(b" ")
    match command.decode():
        case "echo":
            return content
        case "allocate":
            return str(len(bytearray(int(content)))).encode()
        case "keep":
            _kept.append(bytearray(int(content)))
            threading.Event().wait(0.05)  # after a quick question, nobody looks at the memory
        case "loop":
            while True:
                pass
        case "sleep":
            threading.Event().wait(float(content))
        case "native":
            while True:
                ctypes.CDLL(None).sleep(1000)
        case "crash":
            os._exit(9)
        case "raise":
            raise ValueError("secret")
        case "open":
            return str(len(list(Path("/proc/self/fd").iterdir()))).encode()
        case "write":
            Path(os.fsdecode(content)).write_bytes(b"x")
        case "print":
            print("printed", flush=True)
            os.write(1, b"printed")
        case "limits":
            return str(resource.getrlimit(resource.RLIMIT_CORE)).encode()
    return b"done"


_kept: list[bytearray] = []

if __name__ == "__main__":
    serve(_answer)
