"""Downloads from a hub on this machine, by Preheat with a checksum and by huggingface_hub without."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Final, NamedTuple

from benchmarks.bench import Bench
from benchmarks.figures import Figure, ratio_at_most, value_at_most
from preheat.models.downloads import DownloadEvent, Downloads, DownloadState
from preheat.models.hub import Hub, PullTarget

FILE_BYTES: Final = 1_000_000_000
RATIO_LIMIT: Final = 1.1
CPU_LIMIT: Final = 5.0

_SHARE: Final = 1e8 / FILE_BYTES * 100  # converts seconds per file to percent of a core at 100 MB/s
_REPO: Final = "bench/Large-GGUF"
_FILE: Final = "large.gguf"
_SUPPORT: Final = Path(__file__).resolve().parents[2] / "tests" / "support"
_SERVE: Final = f"""
import sys
sys.path.insert(0, {str(_SUPPORT)!r})
from pathlib import Path
from local_hub import LocalHub
with LocalHub() as hub:
    hub.add_repo({_REPO!r}, {{{_FILE!r}: Path(sys.argv[1])}})
    print(hub.url, flush=True)
    sys.stdin.read()
"""


class _Sample(NamedTuple):
    """Duration and processor time of a step, in seconds."""

    took_s: float
    user_s: float
    system_s: float

    @property
    def cpu_s(self) -> float:
        return self.user_s + self.system_s


async def measure(bench: Bench) -> list[Figure]:
    """Download the same file alternately from a hub in another process; the file is in the page cache."""
    bench.say(f"Writing a file of {FILE_BYTES / 1e9:.0f} GB")
    with tempfile.TemporaryDirectory(prefix="preheat-bench-") as folder, _hub(Path(folder)) as url:
        root = Path(folder)
        ways: list[tuple[list[_Sample], Callable[[Path, str], None]]] = [([], _by_preheat), ([], _by_huggingface_hub)]
        hashing: list[float] = []
        for turn in range(bench.rounds + 1):
            for samples, fetch in ways if turn % 2 == 0 else ways[::-1]:
                sample = _timed(partial(fetch, root / "target", url))
                shutil.rmtree(root / "target")
                if turn:  # the first is a warm-up
                    samples.append(sample)
            hashing.append(_timed(_hash).cpu_s)
    mine, theirs = (samples for samples, _ in ways)
    beyond = tuple((one.cpu_s - hashed) * _SHARE for one, hashed in zip(mine, hashing[1:], strict=True))
    return [
        Figure(
            "1 GB fetched",
            "s",
            tuple(one.took_s for one in mine),
            tuple(one.took_s for one in theirs),
            ratio_at_most(RATIO_LIMIT),
            "Preheat's with its sha256",
        ),
        Figure(
            "a core's share at 100 MB/s",
            "%",
            tuple(one.cpu_s * _SHARE for one in mine),
            tuple(one.cpu_s * _SHARE for one in theirs),
        ),
        Figure("… beyond hashing", "%", beyond, (), value_at_most(CPU_LIMIT)),
        Figure(
            "… in the system: receiving and writing",
            "%",
            tuple(one.system_s * _SHARE for one in mine),
            tuple(one.system_s * _SHARE for one in theirs),
            note="grows when the machine is busy",
        ),
    ]


@contextmanager
def _hub(folder: Path) -> Iterator[str]:
    path = folder / _FILE
    with path.open("wb") as file:
        for _ in range(FILE_BYTES // 10**6):
            file.write(os.urandom(10**6))
    command = [sys.executable, "-c", _SERVE, str(path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield process.stdout.readline().strip()
        finally:
            process.communicate("")


def _by_preheat(target: Path, url: str) -> None:
    done = threading.Event()

    def on_event(event: DownloadEvent) -> None:
        if event.finished:
            done.set()

    downloads = Downloads(target, Hub(url), on_event=on_event, room=lambda: 2**40)
    downloads.start()
    download_id = downloads.add(PullTarget(_REPO, None, _FILE))
    done.wait()
    downloads.stop()
    (end,) = downloads.snapshots()
    assert (end.download_id, end.state) == (download_id, DownloadState.DONE), end


def _by_huggingface_hub(target: Path, url: str) -> None:
    from huggingface_hub import hf_hub_download
    from huggingface_hub.utils import disable_progress_bars  # type: ignore[attr-defined]  # it is exported

    disable_progress_bars()
    hf_hub_download(_REPO, _FILE, local_dir=target, endpoint=url, token=False)


def _hash() -> None:
    hasher, buffer = hashlib.sha256(), bytes(2**20)
    for _ in range(FILE_BYTES // 2**20):
        hasher.update(buffer)


def _timed(work: Callable[[], None]) -> _Sample:
    began, before = time.perf_counter(), os.times()
    work()
    after = os.times()
    return _Sample(time.perf_counter() - began, after.user - before.user, after.system - before.system)
