"""The journal of a download may hold anything: it is a download that can be shown, or none."""

from __future__ import annotations

import json
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from preheat.control import encode
from preheat.models.downloads.download import Download, FileRecord, stored_downloads

VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=5),
    st.sampled_from([10**400, -1, 2**63, "\0", "../x", [], {}, [[]], {"code": "text"}, "done", "running", [1, 2, 3]]),
)


def written(models_dir: Path) -> tuple[Path, dict[str, Any]]:
    files = [FileRecord("model.gguf", 100, "0" * 64)]
    download = Download(models_dir, "owner/name:Q4", "owner/name", "main", ("Q4", "", "main"), files, 1e9)
    download.folder.mkdir(parents=True, exist_ok=True)
    download.save()
    journal = download.folder / "download.json"
    return journal, json.loads(journal.read_text())


@given(st.lists(st.tuples(st.integers(0, 20), VALUES), min_size=1, max_size=3))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
def test_any_values_can_be_shown_or_are_ignored(tmp_path: Path, changes: list[tuple[int, Any]]) -> None:
    journal, content = written(tmp_path)
    for place, value in changes:
        target = content if place % 2 else content["files"][0] if isinstance(content["files"], list) else content
        if isinstance(target, dict):
            target[sorted(target)[place % len(target)]] = deepcopy(value)
    journal.write_text(json.dumps(content, default=str))
    for download in stored_downloads(tmp_path, ()):
        snapshot = download.snapshot()
        assert 0 <= snapshot.done_bytes <= snapshot.total_bytes
        json.dumps(encode(snapshot), allow_nan=False)


@pytest.mark.parametrize("text", ["", "[" * 100_000, "null", '{"version": 2, "files": [{}]}', "\0", " " * 5_000_000])
def test_any_text_is_no_download(tmp_path: Path, text: str) -> None:
    journal, _ = written(tmp_path)
    journal.write_text(text)
    assert list(stored_downloads(tmp_path, ())) == []
    assert journal.read_text() == text
