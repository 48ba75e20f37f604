"""Several downloads, what the user wants of them, and what is left for the next run."""

from __future__ import annotations

import json
import random
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from fetching import FILE, REPO, TARGET, Fetching, eventually
from local_hub import LocalHub
from preheat.errors import DiskFullError, DownloadNotFoundError, FolderError
from preheat.messages import msg
from preheat.models import space
from preheat.models.downloads import DownloadState
from preheat.models.hub import PullTarget

Make = Callable[..., Fetching]


def _content(seed: int, size: int = 300_000) -> bytes:
    return b"GGUF" + random.Random(seed).randbytes(size)


def test_a_limited_number_runs_and_the_others_wait_in_order(fetching: Make, hub: LocalHub) -> None:
    names = [f"a/M{number}-GGUF" for number in range(4)]
    for number, name in enumerate(names):
        hub.add_repo(name, {"m.gguf": _content(number)})
    hub.bytes_per_s = 1_000_000
    run = fetching()
    ids = [run.downloads.add(PullTarget(name)) for name in names]
    assert [each.state for each in run.downloads.snapshots()] == ["running", "running", "queued", "queued"]
    run.downloads.at_once = 3
    assert [each.state for each in run.downloads.snapshots()] == ["running", "running", "running", "queued"]
    for download_id in ids:
        run.until(DownloadState.DONE, download_id=download_id)
    most = max(sum(each.state is DownloadState.RUNNING for each in now) for now in run.changes)
    assert most == 3
    assert [(run.folder / name / "m.gguf").read_bytes() for name in names] == [_content(n) for n in range(4)]


def test_pause_and_resume_to_the_byte(fetching: Make, hub: LocalHub, content: bytes) -> None:
    hub.bytes_per_s = 2_000_000
    run = fetching()
    download_id = run.downloads.add(TARGET)
    eventually(lambda: (run.only().bytes_per_s or 0) > 0)
    seen = run.only()
    assert seen.bytes_per_s is not None
    assert 500_000 < seen.bytes_per_s < 4_000_000
    assert seen.left_s is not None
    assert 0 < seen.left_s < 10
    run.downloads.pause(download_id)
    assert run.only().state is DownloadState.PAUSED
    eventually(lambda: not _download_threads())
    there = run.part.stat().st_size
    assert 0 < there < len(content)
    assert run.only().bytes_per_s is None
    hub.bytes_per_s = 0
    run.downloads.resume(download_id)
    run.until(DownloadState.DONE)
    assert run.target.read_bytes() == content
    assert hub.seen("cdn")[-1].headers["range"] == f"bytes={there}-"
    assert DownloadState.CHECKING in run.states()


def test_pausing_and_resuming_at_any_speed_never_harms(fetching: Make, hub: LocalHub, content: bytes) -> None:
    hub.bytes_per_s = 20_000_000
    run = fetching()
    download_id = run.downloads.add(TARGET)
    for _ in range(30):
        run.downloads.pause(download_id)
        run.downloads.resume(download_id)
    run.until(DownloadState.DONE)
    assert run.target.read_bytes() == content


def test_cancel_leaves_nothing(fetching: Make, hub: LocalHub) -> None:
    hub.bytes_per_s = 1_000_000
    run = fetching()
    download_id = run.downloads.add(TARGET)
    eventually(lambda: run.only().done_bytes > 0)
    run.downloads.cancel(download_id)
    assert run.downloads.snapshots() == ()
    eventually(lambda: not (run.folder / ".downloads").exists())
    with pytest.raises(DownloadNotFoundError):
        run.downloads.resume(download_id)
    hub.bytes_per_s = 0
    assert run.fetch().state is DownloadState.DONE


def test_added_again_while_it_is_being_cancelled(fetching: Make, hub: LocalHub, content: bytes) -> None:
    hub.bytes_per_s = 1_000_000
    run = fetching()
    download_id = run.downloads.add(TARGET)
    eventually(lambda: run.only().done_bytes > 0)
    run.downloads.cancel(download_id)
    hub.bytes_per_s = 0
    assert run.downloads.add(TARGET) == download_id
    run.until(DownloadState.DONE)
    assert run.target.read_bytes() == content


def test_an_equal_request_joins_in_every_state(fetching: Make, hub: LocalHub, content: bytes) -> None:
    hub.bytes_per_s = 1_000_000
    run = fetching()
    download_id = run.downloads.add(TARGET)
    assert run.downloads.add(TARGET) == download_id
    assert run.downloads.add(PullTarget(REPO, "Q4_K_M")) == download_id
    assert run.downloads.add(PullTarget(REPO, None, FILE)) == download_id
    run.downloads.pause(download_id)
    hub.bytes_per_s = 0
    assert run.downloads.add(TARGET) == download_id
    run.until(DownloadState.DONE)
    asked = len(hub.seen("cdn"))
    assert run.downloads.add(TARGET) == download_id
    assert run.only().state is DownloadState.DONE
    assert run.downloads.add(PullTarget(REPO, "Q4_K_M")) == download_id
    assert len(hub.seen("cdn")) == asked


def test_a_file_placed_by_hand_is_checked_and_not_fetched(fetching: Make, hub: LocalHub, content: bytes) -> None:
    run = fetching()
    run.target.parent.mkdir(parents=True)
    run.target.write_bytes(content)
    assert run.fetch().state is DownloadState.DONE
    assert hub.seen("cdn") == []
    assert DownloadState.CHECKING in run.states()


def test_a_different_file_of_the_user_stays(fetching: Make, hub: LocalHub, content: bytes) -> None:
    run = fetching()
    run.target.parent.mkdir(parents=True)
    run.target.write_bytes(b"mine")
    done = run.fetch()
    assert done.state is DownloadState.FAILED
    assert done.error is not None
    assert done.error.code == "import_name_taken"
    assert run.target.read_bytes() == b"mine"
    run.target.unlink()
    assert run.fetch().state is DownloadState.DONE
    assert run.target.read_bytes() == content


def test_cancelling_deletes_only_the_downloads_own_files(
    fetching: Make, hub: LocalHub, tmp_path: Path, content: bytes
) -> None:
    run = fetching()
    download_id = run.fetch().download_id
    folder = run.folder / ".downloads" / download_id
    (folder / "notes.txt").write_text("mine")
    run.downloads.forget(download_id)
    eventually(lambda: [path.name for path in folder.iterdir()] == ["notes.txt"])
    run.fetch()
    folder.rename(tmp_path / "theirs")
    folder.symlink_to(tmp_path / "theirs")
    with suppress(FolderError):  # if its thread has ended, the caller learns of it
        run.downloads.forget(download_id)
    run.downloads.stop()
    assert (tmp_path / "theirs" / "download.json").exists()


def test_a_finished_download_with_a_removed_file_is_fetched_again(
    fetching: Make, hub: LocalHub, content: bytes
) -> None:
    run = fetching()
    run.fetch()
    run.target.unlink()
    assert run.fetch().state is DownloadState.DONE
    assert run.target.read_bytes() == content


def test_a_new_commit_is_fetched_on_request(fetching: Make, hub: LocalHub) -> None:
    run = fetching()
    run.fetch()
    hub.publish(REPO, FILE, _content(5))
    run.fetch()
    eventually(lambda: run.target.read_bytes() == _content(5))
    assert len(run.downloads.snapshots()) == 1


def test_another_programs_file_is_not_fetched_again(fetching: Make, hub: LocalHub, tmp_path: Path) -> None:
    run = fetching(elsewhere=lambda size, sha256: tmp_path / "blobs" / sha256)
    done = run.fetch()
    assert done.notice is not None
    assert done.notice.code == "download_already_here"
    assert hub.seen("cdn") == []
    assert not run.folder.exists()
    assert run.downloads.add(TARGET) == done.download_id


def test_parts_and_projector_come_together(fetching: Make, hub: LocalHub) -> None:
    files = {f"Q8_0/Big-Q8_0-0000{number}-of-00003.gguf": _content(number) for number in (1, 2, 3)}
    hub.add_repo("a/Big-GGUF", {**files, "mmproj-F16.gguf": _content(9)})
    run = fetching()
    done = run.fetch(PullTarget("a/Big-GGUF", "Q8_0"))
    assert (done.file_name, done.total_bytes) == ("Big-Q8_0-00001-of-00003.gguf", 4 * 300_004)
    folder = run.folder / "a" / "Big-GGUF" / "Q8_0"
    assert sorted(path.name for path in folder.iterdir()) == [
        *(f"Big-Q8_0-0000{number}-of-00003.gguf" for number in (1, 2, 3)),
        "mmproj-F16.gguf",
    ]
    assert (folder / "mmproj-F16.gguf").read_bytes() == _content(9)
    progress = [now[0].done_bytes for now in run.changes if now]
    assert progress == sorted(progress)


def test_a_projector_that_two_share_is_fetched_once(fetching: Make, hub: LocalHub) -> None:
    hub.add_repo("a/V-GGUF", {"V-Q4_0.gguf": _content(1), "V-Q8_0.gguf": _content(2), "mmproj-F16.gguf": _content(3)})
    run = fetching()
    run.fetch(PullTarget("a/V-GGUF", "Q4_0"))
    assert run.fetch(PullTarget("a/V-GGUF", "Q8_0")).state is DownloadState.DONE
    assert len([seen for seen in hub.seen("cdn") if "mmproj" in seen.path]) == 1


def test_the_next_run_continues(fetching: Make, hub: LocalHub, content: bytes) -> None:
    hub.bytes_per_s = 2_000_000
    first = fetching()
    download_id = first.downloads.add(TARGET)
    eventually(lambda: first.only().done_bytes > 200_000)
    first.stop()
    there = first.part.stat().st_size
    hub.bytes_per_s = 0
    second = fetching()
    assert second.until(DownloadState.DONE).download_id == download_id
    assert second.target.read_bytes() == content
    assert hub.seen("cdn")[-1].headers["range"] == f"bytes={there}-"
    assert fetching().only().state is DownloadState.DONE


def test_paused_and_failed_downloads_survive_a_restart(fetching: Make, hub: LocalHub) -> None:
    hub.add_repo("a/B-GGUF", {"b.gguf": _content(1)})
    hub.corrupt_next()
    first = fetching()
    failed = first.fetch(PullTarget("a/B-GGUF"))
    hub.bytes_per_s = 1_000_000
    paused = first.downloads.add(TARGET)
    first.downloads.pause(paused)
    first.stop()
    second = fetching()
    assert second.of(paused).state is DownloadState.PAUSED
    assert second.of(failed.download_id) == failed
    second.downloads.forget(failed.download_id)
    with pytest.raises(DownloadNotFoundError):
        second.downloads.forget(paused)
    assert [each.download_id for each in second.downloads.snapshots()] == [paused]


def test_damaged_bytes_of_an_earlier_run_are_fetched_again(fetching: Make, hub: LocalHub, content: bytes) -> None:
    hub.bytes_per_s = 2_000_000
    first = fetching()
    first.downloads.add(TARGET)
    eventually(lambda: first.only().done_bytes > 200_000)
    first.stop()
    with first.part.open("r+b") as part:  # as after a power cut
        part.seek(100_000)
        part.write(bytes(1000))
    hub.bytes_per_s = 0
    second = fetching()
    second.until(DownloadState.DONE)
    assert second.target.read_bytes() == content
    assert "download_part_damaged" in second.notices()


@pytest.mark.parametrize("damage", ["{", "[]", '{"version": 2}', "path", "id"])
def test_a_damaged_journal_loses_no_bytes(fetching: Make, hub: LocalHub, content: bytes, damage: str) -> None:
    hub.bytes_per_s = 2_000_000
    first = fetching()
    first.downloads.add(TARGET)
    eventually(lambda: first.only().done_bytes > 200_000)
    first.stop()
    there = first.part.stat().st_size
    journal = first.part.parent / "download.json"
    written = json.loads(journal.read_text())
    if damage == "path":
        written["files"][0]["path"] = "../../../evil.gguf"
    if damage == "id":
        written["repo"] = "some/other"
    journal.write_text(json.dumps(written) if damage in ("path", "id") else damage)
    second = fetching()
    assert second.downloads.snapshots() == ()
    hub.bytes_per_s = 0
    assert second.fetch().state is DownloadState.DONE
    assert second.target.read_bytes() == content
    assert hub.seen("cdn")[-1].headers["range"] == f"bytes={there}-"


def test_two_processes_do_not_fetch_the_same(fetching: Make, hub: LocalHub, content: bytes) -> None:
    hub.bytes_per_s = 1_000_000
    first = fetching()
    first.downloads.add(TARGET)
    eventually(lambda: first.only().done_bytes > 0)
    second = fetching()
    assert second.downloads.snapshots() == ()
    second.downloads.add(TARGET)
    failed = second.until(DownloadState.FAILED)
    assert failed.error == msg("download_busy")
    hub.bytes_per_s = 0
    first.until(DownloadState.DONE)
    assert second.fetch().state is DownloadState.DONE
    assert first.target.read_bytes() == content


def test_a_pull_without_space_is_refused_with_the_queue_counted(
    fetching: Make, hub: LocalHub, content: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub.add_repo("a/B-GGUF", {"b.gguf": _content(1, 2_000_000)})
    monkeypatch.setattr(space, "spare_bytes", lambda folder: 4_000_000)
    run = fetching()
    hub.bytes_per_s = 100_000
    run.downloads.add(TARGET)
    with pytest.raises(DiskFullError) as caught:
        run.downloads.add(PullTarget("a/B-GGUF"))
    message = caught.value.message
    assert (message.code, message.params["free"]) == ("disk_full_with_queue", 4_000_000)
    assert len(run.downloads.snapshots()) == 1


def test_an_unwritable_folder_is_an_error(fetching: Make, hub: LocalHub, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    run = fetching(folder=tmp_path / "file" / "models")
    with pytest.raises(FolderError) as caught:
        run.downloads.add(TARGET)
    assert caught.value.message.code == "models_folder_unwritable"


def _download_threads() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name.startswith("download-")]
