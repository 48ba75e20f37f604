"""What a download's journal may say: it may come from a backup, a full disk, or somebody else."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import Any

import pytest

from preheat.messages import message_json, msg
from preheat.models.downloads.download import stored_downloads

JOURNAL: dict[str, Any] = {
    "version": 2,
    "name": "owner/repo:Q8_0",
    "repo": "owner/repo",
    "commit": "c0ffee",
    "asked": ["", "", "main"],
    "files": [{"path": "m.gguf", "size_bytes": 9, "sha256": "a" * 64, "checked": False, "placed_ns": 0}],
    "state": "failed",
    "added_at": 1.0,
    "error": message_json(msg("hub_rate_limited")),
}


def write(models_dir: Path, content: bytes) -> Path:
    folder = models_dir / ".downloads" / hashlib.sha256(b"owner/repo\nm.gguf").hexdigest()[:12]
    folder.mkdir(parents=True)
    path = folder / "download.json"
    path.write_bytes(content)
    return path


def changed(**values: Any) -> bytes:
    return json.dumps(JOURNAL | values).encode()


def file(**values: Any) -> dict[str, Any]:
    return {"files": [JOURNAL["files"][0] | values]}


def test_a_stored_download_is_read(tmp_path: Path) -> None:
    write(tmp_path, changed())
    (download,) = stored_downloads(tmp_path, ())
    assert download.snapshot().total_bytes == 9
    assert download.snapshot().error == msg("hub_rate_limited")


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff",
        b"[" * 100_000,
        b" " * (1 << 23),
        changed(version=3),
        changed(repo="../.."),
        changed(repo=["owner", "repo"]),
        changed(name=5),
        changed(name="a\nforged line of the log"),
        changed(commit=None),
        changed(asked=["", ""]),
        changed(asked=[{}, "", ""]),
        changed(added_at="NaN"),
        changed(added_at=[]),
        changed(state="running"),
        changed(files=[]),
        changed(files={"path": "m.gguf"}),
        changed(**file(path="../m.gguf")),
        changed(**file(path="/etc/m.gguf")),
        changed(**file(path=7)),
        changed(**file(size_bytes="9")),
        changed(**file(size_bytes=-9)),
        changed(**file(size_bytes=1 << 80)),
        changed(**file(size_bytes=True)),
        changed(**file(placed_ns=1.5)),
        changed(**file(sha256="../../x")),
        changed(**file(sha256=9)),
        changed(**file(checked="yes")),
        changed(**file(more=1)),
        changed(error={"code": "disk_full", "params": {"needed": "much", "free": [], "name": {}, "folder": 1}}),
        changed(error={"code": "disk_full", "params": 7}),
    ],
)
def test_a_malformed_journal_is_left_alone(tmp_path: Path, content: bytes) -> None:
    path = write(tmp_path, content)
    assert list(stored_downloads(tmp_path, ())) == []
    assert path.read_bytes() == content


@pytest.mark.parametrize("kind", ["pipe", "folder", "link to a device", "loop"])
def test_a_journal_that_is_no_file_is_left_alone(tmp_path: Path, kind: str) -> None:
    path = write(tmp_path, b"")
    path.unlink()
    match kind:
        case "pipe":
            os.mkfifo(path)
        case "folder":
            path.mkdir()
        case "loop":
            path.symlink_to(path)
        case _:
            path.symlink_to("/dev/zero")
    assert list(stored_downloads(tmp_path, ())) == []
