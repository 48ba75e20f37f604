from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from preheat.models import read_header
from preheat.models.gguf.reader import KnownArrays


def test_the_oldest_arrays_are_forgotten() -> None:
    arrays = KnownArrays()
    for number in range(100):
        arrays.add("<", 5000, bytes(number))
    assert not arrays.has("<", 5000, bytes(0))
    assert arrays.has("<", 5000, bytes(99))
    assert len(arrays.lengths("<", 5000)) < 100


@pytest.mark.parametrize("count", [5_000, 40_000], ids=["within a chunk", "longer than a chunk"])
def test_a_known_vocabulary_is_skipped(tmp_path: Path, gguf_file: Any, metadata: Any, count: int) -> None:
    tokens = [f"token {number}" for number in range(count)]
    path = tmp_path / "model.gguf"
    path.write_bytes(gguf_file(metadata() | {"tokenizer.ggml.tokens": ("str", tokens)}, []).file())
    arrays = KnownArrays()
    first = read_header(path, arrays)
    assert read_header(path, arrays) == first
    assert first.vocab_size == count
