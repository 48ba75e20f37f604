"""Words about prompts that are not computed again."""

from __future__ import annotations

from typing import Any

import pytest

from fake_bridge import model
from preheat.control import Outcome, PrefixFigures, PromptSnapshot, RequestRecord, State
from preheat.messages import verbatim
from preheat_gui.words import (
    kept_words,
    prompt_words,
    prompts_ready,
    reuse_sentences,
    reuse_sources,
    reused_words,
    written_words,
)

pytestmark = pytest.mark.usefixtures("qapp")


def prompt(client: str = "VS Code", tier: str = "slot") -> PromptSnapshot:
    return PromptSnapshot(client, 12_400, tier, tier == "slot", 0.0)


def request(**values: Any) -> RequestRecord:
    return RequestRecord("a", 0.0, Outcome.HIT, **values)


@pytest.mark.parametrize(
    ("kept", "words"),
    [
        (prompt(), "prompt of VS Code, 12,400 tokens, ready"),
        (prompt(tier="memory"), "prompt of VS Code, 12,400 tokens, kept in memory"),
        (prompt("", "disk"), "prompt of an unknown app, 12,400 tokens, kept on disk"),
    ],
)
def test_a_prompt_and_where_it_is(kept: PromptSnapshot, words: str) -> None:
    assert prompt_words(kept) == words


@pytest.mark.parametrize(
    ("prompts", "words"),
    [
        ((), ""),
        ((prompt(tier="disk"),), ""),
        ((prompt(), prompt(tier="disk")), "prompt of VS Code ready"),
        ((prompt(""),), "prompt of an unknown app ready"),
        ((prompt(), prompt("notes")), "2 prompts ready"),
    ],
)
def test_only_ready_prompts_are_in_a_models_row(prompts: tuple[PromptSnapshot, ...], words: str) -> None:
    assert prompts_ready(model("a", State.HOT, prompts=prompts)) == words


@pytest.mark.parametrize(
    ("record", "reused", "sources", "sentences"),
    [
        (request(), "0 of 0", "", "Prompt: 0 tokens.\nReused: none."),
        (
            request(prompt_tokens=2000, slot_tokens=1024),
            "1,024 of 2,000 · 51 %",
            "held by the model",
            "Prompt: 2,000 tokens.\nReused: 1,024 held by the model.",
        ),
        (
            request(prompt_tokens=2000, slot_tokens=256, memory_tokens=512, disk_tokens=768),
            "1,536 of 2,000 · 77 %",
            "256 held by the model · 512 from memory · 768 from disk",
            "Prompt: 2,000 tokens.\nReused: 256 held by the model, 512 from memory, 768 from disk.",
        ),
        (
            request(prompt_tokens=9, recomputed=verbatim("another file")),
            "0 of 9",
            "",
            "Prompt: 9 tokens.\nReused: none.\nWhy not more: another file.",
        ),
    ],
)
def test_what_a_request_reused(record: RequestRecord, reused: str, sources: str, sentences: str) -> None:
    assert (reused_words(record), reuse_sources(record), reuse_sentences(record)) == (reused, sources, sentences)


def test_what_is_kept_and_written() -> None:
    figures = PrefixFigures("disk", 10**8, 10**9, 2 * 10**9, 10**10, 3 * 10**9, 4 * 10**10)
    assert kept_words(figures) == "2.0 GB of up to 10.0 GB on disk · 100 MB in memory"
    assert kept_words(PrefixFigures()) == "Nothing"
    assert written_words(figures) == "Written today: 3.0 GB of up to 40.0 GB"
