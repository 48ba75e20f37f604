"""A guarded process that does what a question says."""

from __future__ import annotations

import ctypes
import os
import resource
import time

from preheat.inference.worker.guarded_process.serving import serve


def _answer(question: bytes) -> bytes:
    command, _, content = question.partition(b" ")
    match command.decode():
        case "echo":
            return content
        case "allocate":
            return str(len(bytearray(int(content)))).encode()
        case "keep":
            _kept.append(bytearray(int(content)))
            time.sleep(0.05)  # the answer to a quick question says nothing about memory
        case "loop":
            while True:
                pass
        case "sleep":
            time.sleep(float(content))
        case "native":
            while True:
                ctypes.CDLL(None).sleep(1000)
        case "crash":
            os._exit(9)
        case "raise":
            raise ValueError("secret")
        case "open":
            return str(len(os.listdir("/proc/self/fd"))).encode()
        case "write":
            with open(content, "wb") as file:
                file.write(b"x")
        case "print":
            print("printed", flush=True)
            os.write(1, b"printed")
        case "limits":
            return str(resource.getrlimit(resource.RLIMIT_CORE)).encode()
    return b"done"


_kept: list[bytearray] = []

if __name__ == "__main__":
    serve(_answer)
