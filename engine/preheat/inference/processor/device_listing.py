"""Lists the devices of llama.cpp's libraries in a process of its own, which a library or a driver may end."""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from preheat.errors import InsufficientMemoryError
from preheat.installation import module_command
from preheat.messages import Message, msg

if TYPE_CHECKING:
    import subprocess

TIME_LIMIT_S: Final = 30.0
"""A listing takes 0.1 to 1 s; a driver that waits for a device may never return."""

_LOOK_S: Final = 0.05
"""Time between two looks whether the listing is to be stopped."""

TRYING: Final = "trying"
DEVICE: Final = "device"
FAILED: Final = "failed"
ENDED: Final = "ended"
"""The key of each line of the process, a JSON object: a library, a device's facts, the code of a message, the end."""

LINKED: Final = "llama.cpp"
"""Stands for libraries that are linked in: there is no file to leave out."""


class ListedDevice(NamedTuple):
    """A device's facts, as the process writes them."""

    name: str
    description: str
    backend: str
    kind: int  # enum ggml_backend_dev_type
    total_bytes: int
    free_bytes: int
    device_id: str
    driver: str
    software: bool  # its driver says that it is a processor


@dataclass(slots=True)
class Listing:
    """What processes have found out."""

    complete: bool = False
    """Whether the last process has come to its end: a library may also end it as if all was well."""

    devices: list[ListedDevice] = field(default_factory=list)
    problems: list[Message] = field(default_factory=list)
    lasting: bool = True
    """Whether the problems would happen again."""


def list_in_process(
    libraries: Sequence[Path], limit_s: float = TIME_LIMIT_S, stop: threading.Event | None = None
) -> Listing:
    """Return the devices of these libraries and of those linked in. Blocks for the time of one process or more.

    A library that ends the process or makes it wait is named, and the others are listed by another process.

    Args:
        stop: Ends the process once it is set; the listing is incomplete then.
    """
    left, lasting = list(libraries), True
    problems: list[Message] = []
    stop = stop or threading.Event()
    while True:
        found, culprit, reason = _run(left, limit_s, stop)
        if stop.is_set():
            found.lasting = False
            return found
        found.problems[:0] = problems
        found.lasting = found.lasting and lasting
        if reason is None:
            return found
        name = Path(culprit).name or LINKED
        found.problems.append(reason.with_params(file=name))
        path = next((path for path in left if str(path) == culprit), None)
        if path is None:
            return found
        left.remove(path)
        problems, lasting = found.problems, found.lasting


def _run(libraries: Sequence[Path], limit_s: float, stop: threading.Event) -> tuple[Listing, str, Message | None]:
    """Return what one process lists, the library that it was busy with, and why it ended there, if it did."""
    import subprocess  # workers, which import this package, do without these two

    from preheat.inference.exits import explain_exit, start_error

    try:
        process = subprocess.Popen(
            module_command("preheat.inference.worker.backends.listing", *map(str, libraries)),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**os.environ, "GGML_NO_BACKTRACE": "1"},
        )
    except OSError as error:
        found = Listing(lasting=False)
        return found, LINKED, msg("device_library_crashes", reason=start_error(error).message)
    with process:
        output, errors, in_time = _wait(process, limit_s, stop)
    found, culprit = _read(output)
    if not in_time:
        found.lasting = False
        return found, culprit, msg("device_library_hangs", limit=limit_s)
    if process.returncode == 0 and found.complete:
        return found, culprit, None
    ended = explain_exit(process.returncode, errors.decode(errors="replace").splitlines(), None)
    found.lasting = ended.cause != InsufficientMemoryError.code
    return found, culprit, msg("device_library_crashes", reason=ended.reason)


def _wait(process: subprocess.Popen[bytes], limit_s: float, stop: threading.Event) -> tuple[bytes, bytes, bool]:
    """Return what a process writes until it ends, and whether it ended by itself."""
    import subprocess

    ends_at = time.monotonic() + limit_s
    while not stop.is_set() and time.monotonic() < ends_at:
        try:
            return *process.communicate(timeout=_LOOK_S), True
        except subprocess.TimeoutExpired:  # what was read is not lost
            continue
    process.kill()
    return *process.communicate(), False


def _read(output: bytes) -> tuple[Listing, str]:
    """Return what a process reported, and the library that it was busy with last."""
    found, culprit = Listing(), LINKED
    for line in output.decode(errors="replace").splitlines():
        try:
            content: dict[str, Any] = json.loads(line)
        except ValueError:  # cut off
            continue
        if TRYING in content:
            culprit = content[TRYING]
        elif DEVICE in content:
            found.devices.append(ListedDevice(*content[DEVICE]))
        elif ENDED in content:
            found.complete = True
        elif FAILED in content:
            found.problems.append(msg(content[FAILED], file=Path(culprit).name, reason=content.get("reason", "")))
    return found, culprit
