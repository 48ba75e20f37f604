"""A download on a disk that fills up waits, reports it, and continues. The disk is a small one in memory."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from fetching import TARGET, Fetching, eventually
from local_hub import LocalHub
from preheat.errors import DiskFullError
from preheat.models import space
from preheat.models.downloads import DownloadState, job

Make = Callable[..., Fetching]

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux has file systems in memory")

DISK_BYTES = 8 * 1024 * 1024


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 8 MiB; in a mount namespace of this process's own where it may not mount."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={DISK_BYTES}", "tmpfs", str(folder)]
    made = subprocess.run(mount, capture_output=True, text=True, check=False)
    assert made.returncode == 0, f"this test must be able to mount (run it as root): {made.stderr}"
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def _fill_but(folder: Path, left_bytes: int) -> Path:
    ballast = folder / "ballast"
    room = os.statvfs(folder)
    ballast.write_bytes(bytes(room.f_bavail * room.f_frsize - left_bytes))
    return ballast


def test_a_full_disk_is_waited_for(fetching: Make, hub: LocalHub, small_disk: Path, content: bytes) -> None:
    hub.bytes_per_s = 2_000_000
    run = fetching(folder=small_disk / "models")
    run.downloads.add(TARGET)
    eventually(lambda: run.only().done_bytes > 100_000)
    ballast = _fill_but(small_disk, 500_000)
    held = run.until(DownloadState.WAITING_FOR_SPACE)
    assert held.notice is not None
    assert held.notice.code == "download_needs_space"
    assert held.done_bytes < len(content)
    hub.bytes_per_s = 0
    ballast.unlink()
    done = run.until(DownloadState.DONE)
    assert (done.error, done.notice) == (None, None)
    assert run.target.read_bytes() == content


@pytest.mark.usefixtures("hub")
def test_a_partial_write_loses_nothing(
    fetching: Make, small_disk: Path, content: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    spare = space.spare_bytes
    looks = [False]
    # No check comes in time: the disk itself refuses, in the middle of a buffer.
    for module in (space, job):
        monkeypatch.setattr(module, "spare_bytes", lambda folder: spare(folder) if looks[0] else DISK_BYTES)
    ballast = _fill_but(small_disk, 200_000)
    run = fetching(folder=small_disk / "models")
    run.downloads.add(TARGET)
    eventually(lambda: os.statvfs(small_disk).f_bavail == 0)
    held = run.until(DownloadState.WAITING_FOR_SPACE)
    assert held.notice is not None
    assert held.notice.code == "download_over_quota"
    looks[0] = True
    ballast.unlink()
    run.until(DownloadState.DONE)
    assert run.target.read_bytes() == content


def test_a_pull_that_does_not_fit_is_refused(fetching: Make, hub: LocalHub, small_disk: Path, content: bytes) -> None:
    _fill_but(small_disk, 1_000_000)
    run = fetching(folder=small_disk / "models")
    with pytest.raises(DiskFullError) as caught:
        run.downloads.add(TARGET)
    assert caught.value.message.code == "disk_full"
    assert caught.value.message.params["needed"] == len(content)


def test_paused_while_waiting_for_space(fetching: Make, hub: LocalHub, small_disk: Path) -> None:
    hub.bytes_per_s = 2_000_000
    run = fetching(folder=small_disk / "models")
    download_id = run.downloads.add(TARGET)
    eventually(lambda: run.only().done_bytes > 100_000)
    ballast = _fill_but(small_disk, 500_000)
    run.until(DownloadState.WAITING_FOR_SPACE)
    run.downloads.resume(download_id)  # nothing to do: it continues automatically
    assert run.only().state is DownloadState.WAITING_FOR_SPACE
    run.downloads.pause(download_id)
    assert run.only().notice is None
    ballast.unlink()
    hub.bytes_per_s = 0
    run.downloads.resume(download_id)
    run.until(DownloadState.DONE)
