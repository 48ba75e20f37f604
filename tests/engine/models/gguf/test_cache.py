from __future__ import annotations

import json
import os
from collections.abc import Callable
from io import FileIO
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from preheat.models import Listing, ModelIndex
from preheat.models.gguf import cache as header_cache
from preheat.models.gguf import reader as gguf

WriteModel = Callable[..., Path]


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "cache" / "headers.json"


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of the files with headers that were read."""
    names: list[str] = []

    class Counted(FileIO):
        def __init__(self, path: Path) -> None:
            names.append(path.name)
            super().__init__(path)

    monkeypatch.setattr(gguf, "FileIO", Counted)
    return names


def look(folder: Path, cache: Path) -> Listing:
    """Look as a process does that has just started."""
    return ModelIndex(cache).look([folder])


def test_a_new_process_opens_no_file_again(
    tmp_path: Path, write_model: WriteModel, cache: Path, opened: list[str]
) -> None:
    for name in ("m/a.gguf", "m/b.gguf", "m/line\nbreak.gguf"):
        write_model(name, general__license="mit", general__file_type=("u32", 15))
    write_model("m/x").rename(tmp_path / "m" / os.fsdecode(b"latin-\xe9.gguf"))
    write_model("m/lora.gguf", general__type="adapter")
    first = look(tmp_path / "m", cache)
    assert len(first.models) == 4
    assert len(opened) == 5
    opened.clear()
    assert look(tmp_path / "m", cache) == first
    assert opened == []


def test_a_changed_file_is_opened_again(
    tmp_path: Path, write_model: WriteModel, cache: Path, opened: list[str]
) -> None:
    write_model("m/a.gguf")
    write_model("m/b.gguf")
    look(tmp_path / "m", cache)
    opened.clear()
    write_model("m/b.gguf", "qwen3", n_bytes=256)
    assert [model.architecture for model in look(tmp_path / "m", cache).models] == ["llama", "qwen3"]
    assert opened == ["b.gguf"]


def test_unseen_files_stay_in_the_cache(
    tmp_path: Path, write_model: WriteModel, cache: Path, opened: list[str]
) -> None:
    write_model("m/a.gguf")
    write_model("n/b.gguf")
    look(tmp_path / "m", cache)
    look(tmp_path / "n", cache)
    opened.clear()
    look(tmp_path / "m", cache)
    assert opened == []


def test_the_oldest_unseen_entries_are_dropped_first(
    tmp_path: Path, write_model: WriteModel, cache: Path, opened: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(header_cache, "_MAX_UNSEEN", 1)
    for name in "abc":
        write_model(f"{name}/{name}.gguf")
        look(tmp_path / name, cache)
    assert len(json.loads(cache.read_bytes().partition(b"\n")[2])) == 2
    opened.clear()
    look(tmp_path / "b", cache)
    look(tmp_path / "a", cache)
    assert opened == ["a.gguf"]


@given(position=st.integers(0, 10**6), new=st.binary(min_size=1, max_size=4), cut=st.none() | st.integers(0, 10**6))
def test_a_damaged_cache_is_ignored(
    tmp_path_factory: pytest.TempPathFactory, gguf_file: Any, metadata: Any, position: int, new: bytes, cut: int | None
) -> None:
    folder = tmp_path_factory.mktemp("damaged")
    cache = folder / "headers.json"
    (folder / "a.gguf").write_bytes(gguf_file(metadata()).file())
    whole = look(folder, cache)
    content = bytearray(cache.read_bytes())
    position %= len(content)
    content[position : position + len(new)] = new
    cache.write_bytes(content[: None if cut is None else cut % len(content)])
    assert look(folder, cache) == whole


@pytest.mark.parametrize("content", [b"", b"\n", b"\xff\n{}", b"[]", b"null\nnull"])
def test_an_invalid_cache_is_ignored(tmp_path: Path, write_model: WriteModel, cache: Path, content: bytes) -> None:
    write_model("m/a.gguf")
    cache.parent.mkdir()
    cache.write_bytes(content)
    assert len(look(tmp_path / "m", cache).models) == 1


def test_a_cache_of_absurd_size_is_not_read(
    tmp_path: Path, write_model: WriteModel, cache: Path, opened: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    write_model("m/a.gguf")
    look(tmp_path / "m", cache)
    monkeypatch.setattr(header_cache, "_MAX_BYTES", 10)
    look(tmp_path / "m", cache)
    assert opened == ["a.gguf", "a.gguf"]


def test_entries_of_another_version_are_ignored(tmp_path: Path, write_model: WriteModel, cache: Path) -> None:
    write_model("m/a.gguf")
    look(tmp_path / "m", cache)
    stored = json.loads(cache.read_bytes().partition(b"\n")[2])
    ((_, facts),) = stored.values()
    facts["kind"] = "no such kind"
    header_cache.write_entries(cache, stored)
    assert len(look(tmp_path / "m", cache).models) == 1


def test_a_cache_that_cannot_be_written(tmp_path: Path, write_model: WriteModel) -> None:
    write_model("m/a.gguf")
    (tmp_path / "file").write_text("")
    assert len(look(tmp_path / "m", tmp_path / "file" / "headers.json").models) == 1


def test_a_thousand_files_in_a_new_process(
    tmp_path: Path, write_model: WriteModel, cache: Path, opened: list[str]
) -> None:
    content = write_model("m/0.gguf").read_bytes()
    for number in range(1, 1000):
        (tmp_path / f"m/{number}.gguf").write_bytes(content)

    assert len(look(tmp_path / "m", cache).models) == 1000
    assert len(opened) == 1000
    assert len(look(tmp_path / "m", cache).models) == 1000
    assert len(opened) == 1000
