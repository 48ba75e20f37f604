from __future__ import annotations

import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from preheat.models import Headroom
from preheat.models.catalogue.catalogue import CatalogueEntry, CatalogueError, Task, best_for, load_catalogue
from preheat.models.gguf.quantization import QUANTIZATION, normalized
from preheat.models.hub.recommend import bits_of

CATALOGUE = load_catalogue()
GB = 10**9
ENTRY = """
[[model]]
name = "tiny:1b"
repo = "someone/Tiny-GGUF"
title = "Tiny 1B"
sentence = "Small and quick, for trying things out."
task = "small"
licence = "MIT"
parameters = 1_000_000_000
trained_context = 4096
sizes = { Q4_K_M = 600_000_000, Q8_0 = 1_060_000_000 }
"""
EACH = pytest.mark.parametrize("entry", CATALOGUE, ids=lambda entry: entry.name)


def load(tmp_path: Path, text: str) -> tuple[CatalogueEntry, ...]:
    path = tmp_path / "catalogue.toml"
    path.write_text(text)
    return load_catalogue(path)


def test_there_is_something_for_every_task() -> None:
    by_task = Counter(entry.task for entry in CATALOGUE)
    assert len(CATALOGUE) >= 30
    assert all(by_task[task] >= 2 for task in Task)


def test_no_repository_or_title_comes_twice() -> None:
    assert len({entry.repo for entry in CATALOGUE}) == len({entry.title for entry in CATALOGUE}) == len(CATALOGUE)


@EACH
def test_each_sentence_is_one_in_plain_words(entry: CatalogueEntry) -> None:
    assert re.fullmatch(r"[A-Z][^!?\n]*[^.!?\s]\.", entry.sentence)
    assert not re.search(r"\b(state-of-the-art|SOTA|LLM|params|quantiz\w+|blazing|powerful)\b", entry.sentence)


@EACH
def test_each_quantization_is_written_as_file_names_do(entry: CatalogueEntry) -> None:
    for quantization in entry.sizes:
        assert QUANTIZATION.fullmatch(quantization)
        assert normalized(quantization) == quantization


@EACH
def test_each_fits_a_memory_and_text_models_have_a_kv_cache(entry: CatalogueEntry) -> None:
    assert (entry.kv_bytes_per_token > 0) == (entry.task not in (Task.EMBEDDING, Task.RERANK))
    assert (entry.mmproj_bytes > 0) == (entry.task is Task.VISION)
    (suggestion,) = best_for([entry], Headroom.beside({}, 1000 * GB))
    assert suggestion.fits
    assert suggestion.best
    (refused,) = best_for([entry], Headroom.beside({}, entry.mmproj_bytes + 1))
    assert not refused.fits
    assert not refused.best
    assert refused.memory_bytes > refused.download_bytes >= min(entry.sizes.values())


def test_known_licences() -> None:
    spdx = {"Apache-2.0", "MIT"}
    assert all(entry.licence in spdx or entry.licence.startswith("LicenseRef-") for entry in CATALOGUE)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"tiny:1b"', '"Tiny 1B"'),
        ('"tiny:1b"', '"a:b:c"'),
        ('"someone/Tiny-GGUF"', '"../evil"'),
        ('"small"', '"poetry"'),
        ('"MIT"', '"MIT or so"'),
        ("1_000_000_000", "0"),
        ("1_000_000_000", '"many"'),
        ("4096", "true"),
        ("Q4_K_M", "Q4_of_some_sort"),
        ("Q4_K_M", "q4_k_m"),
        ("600_000_000", "1_060_000_000"),  # more bits must take more bytes
        ("600_000_000", "60_000_000"),  # less than a bit a parameter
        ("{ Q4_K_M = 600_000_000, Q8_0 = 1_060_000_000 }", "{}"),
        ("title", "tite"),
        ("[[model]]", "[model]"),
        ("[[model]]", "[[model"),
    ],
)
def test_a_mistake_is_found(tmp_path: Path, old: str, new: str) -> None:
    assert load(tmp_path, ENTRY)[0].task is Task.SMALL
    load_catalogue.cache_clear()
    with pytest.raises(CatalogueError, match="catalogue"):
        load(tmp_path, ENTRY.replace(old, new))


def test_a_name_that_is_used_twice_is_found(tmp_path: Path) -> None:
    with pytest.raises(CatalogueError, match="tiny:1b twice"):
        load(tmp_path, ENTRY + ENTRY.replace("tiny:1b", "tiny:2b") + ENTRY)


def test_a_missing_catalogue_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(CatalogueError):
        load_catalogue(tmp_path / "none.toml")


@pytest.mark.parametrize(
    ("limit_gb", "chat", "code"),
    [
        (4, "llama3.2:3b", "qwen2.5-coder:1.5b"),
        (8, "qwen3:8b", "qwen2.5-coder:7b"),
        (14, "qwen3:14b", "qwen2.5-coder:14b"),
        (32, "qwen3:30b", "qwen3-coder:30b"),
    ],
)
def test_the_best_for_usual_machines(limit_gb: int, chat: str, code: str) -> None:
    best = {item.task: item for item in best_for(CATALOGUE, Headroom.beside({}, limit_gb * GB)) if item.best}
    assert (best[Task.CHAT].name, best[Task.CODE].name) == (chat, code)
    assert best[Task.CHAT].quantization == "Q4_K_M"


def test_a_longer_context_leaves_less_room_and_a_smaller_kv_cache_more() -> None:
    def chat(**options: Any) -> str:
        found = best_for(CATALOGUE, Headroom.beside({}, 8 * GB), **options)
        return next(item.name for item in found if item.best and item.task == Task.CHAT)

    assert chat() == "qwen3:8b"
    assert chat(context_length=16384) == "qwen3:4b-instruct"
    assert chat(context_length=16384, kv_share=0.5) == "qwen3:8b"


@given(st.integers(0, 200 * GB), st.integers(64, 200_000))
def test_nothing_is_marked_that_does_not_fit(limit: int, context: int) -> None:
    found = best_for(CATALOGUE, Headroom.beside({}, limit), context_length=context)
    assert [item.name for item in found] == [entry.name for entry in CATALOGUE]
    for item in found:
        assert item.fits == (item.memory_bytes <= limit)
        assert item.fits or not item.best
        assert item.quantization in item.sizes
        assert not item.best or bits_of(item.quantization) >= 4
    assert max(Counter(item.task for item in found if item.best).values(), default=0) <= 1
