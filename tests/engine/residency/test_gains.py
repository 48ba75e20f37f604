from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from preheat.inference.worker.repack_gain import gain_of
from preheat.models import ModelShape
from preheat.residency import GainTable, gains, is_repackable
from tests.engine.residency.workers import model


def test_a_gain_is_kept_for_a_file_and_a_processor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gains, "processor_key", lambda: "one")
    path = tmp_path / "cache" / "repack.json"
    path.parent.mkdir()
    table = GainTable(path)
    table.open()
    table.note(model("a"), 0.31)
    again = GainTable(path)
    again.open()
    assert again.gain(model("a")) == 0.31
    assert again.gain(model("a", modified_ns=5)) is None
    monkeypatch.setattr(gains, "processor_key", lambda: "another")
    again.open()
    assert again.gain(model("a")) is None


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"processor": "one", "gains": {"a": "x"}}', '{"gains": 1}'])
def test_an_edited_file_is_as_none(content: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gains, "processor_key", lambda: "one")
    path = tmp_path / "repack.json"
    path.write_text(content)
    table = GainTable(path)
    table.open()
    table.note(model("a"), 0.2)
    assert list(json.loads(path.read_text())["gains"].values()) == [0.2]


def test_a_folder_that_cannot_be_written_costs_only_the_memory(tmp_path: Path) -> None:
    table = GainTable(tmp_path / "no folder" / "repack.json")
    table.note(model("a"), 0.2)
    assert table.gain(model("a")) == 0.2


@pytest.mark.parametrize(
    ("repack_bytes", "embeddings", "expected"), [(0, False, False), (20, False, False), (50, False, True)]
)
def test_models_worth_a_try(repack_bytes: int, embeddings: bool, expected: bool) -> None:
    shape = ModelShape(weight_bytes=100, repack_bytes=repack_bytes)
    assert is_repackable(replace(model("a"), shape=shape, embeddings=embeddings)) is expected
    assert not is_repackable(replace(model("a"), shape=shape, embeddings=True))


def test_the_fastest_steps_count_if_they_repeat() -> None:
    assert gain_of([1.3, 9.0, 1.31, 1.32], [1.0, 1.0, 5.0, 1.01]) == pytest.approx(0.3)
    assert gain_of([1.3, 1.6, 2.0, 9.0], [1.0, 1.0, 1.0, 1.0]) is None
    assert gain_of([1.0, 1.0, 1.0], [1.0, 1.2, 1.3]) is None
