"""Aborted decodes."""

from __future__ import annotations

from pathlib import Path

from preheat.inference.worker.llama_model import LlamaModel
from tests.engine.inference.text_runs import TextRun, chat, load_options


def test_an_aborted_probe_can_be_repeated(chat_model: Path) -> None:
    model = LlamaModel(load_options(chat_model))
    asked: list[bool] = []

    def now() -> bool:
        asked.append(True)
        return len(asked) >= 3

    model.interrupt_when(now)
    assert not model.probe()
    assert len(asked) == 3
    model.interrupt_when(None)
    assert model.probe()
    assert len(asked) == 3


def test_an_interrupted_warm_up_writes_the_same_text(chat_model: Path) -> None:
    """Results of an aborted step are not used."""
    options = load_options(chat_model)
    plain = TextRun(LlamaModel(options), options).one(chat("Hi", 6))

    model = LlamaModel(options)
    asked = 0

    def every_150th() -> bool:
        nonlocal asked
        asked += 1
        return asked % 150 == 0 and asked < 2000

    model.interrupt_when(every_150th)
    run = TextRun(model, load_options(chat_model, warm_prefix=True))
    model.interrupt_when(None)
    warm = run.one(chat("Hi", 6))
    assert asked > 150
    assert (warm.text, warm.usage.cached_tokens > 15) == (plain.text, True)
