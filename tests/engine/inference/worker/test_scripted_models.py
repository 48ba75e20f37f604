"""The models of ``scripted_models`` say what their scripts say, through a text service."""

from __future__ import annotations

from pathlib import Path

import pytest

from preheat.inference import Sampling
from preheat.inference.worker.llama_model import LlamaModel
from scripted_models import SCRIPTS
from tests.engine.inference.text_runs import TextRun, chat, load_options


@pytest.fixture(scope="module")
def plain_llama(scripted_folder: Path) -> LlamaModel:
    return LlamaModel(load_options(scripted_folder / "scripted-plain.gguf"))


@pytest.mark.parametrize("name", ["greeting", "emoji", "spaces", "call_fenced"])
def test_a_message_starts_the_script_that_it_names(plain_llama: LlamaModel, scripted_folder: Path, name: str) -> None:
    run = TextRun(plain_llama, load_options(scripted_folder / "scripted-plain.gguf"))
    answer = run.one(chat(f"Please play({name}).", None, sampling=Sampling(temperature=1.0)))
    assert answer.text == SCRIPTS[name]


def test_another_message_starts_the_first(plain_llama: LlamaModel, scripted_folder: Path) -> None:
    run = TextRun(plain_llama, load_options(scripted_folder / "scripted-plain.gguf"))
    assert run.one(chat("hi", None)).text == SCRIPTS["greeting"]
