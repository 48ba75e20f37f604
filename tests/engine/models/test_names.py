from __future__ import annotations

from pathlib import Path

import pytest

from preheat.errors import AmbiguousModelError, ModelNotFoundError
from preheat.messages import msg
from preheat.models import ModelFile, printable, resolve
from preheat.models.file_names import base_id
from raising import raises


def models(*ids: str) -> list[ModelFile]:
    return [
        ModelFile(
            model_id=model_id,
            path=Path(f"/models/{model_id}.gguf"),
            file_bytes=1,
            architecture="llama",
            context_length=0,
            embeddings=False,
            chat_template=False,
            files=(Path(f"/models/{model_id}.gguf"),),
            modified_ns=0,
        )
        for model_id in ids
    ]


MODELS = models("all-minilm-l6-v2.q8_0", "qwen3-4b.q4_k_m", "qwen3-4b.q8_0", "qwen3-4b", "smollm2-135m-instruct.q4_1")


@pytest.mark.parametrize(
    ("name", "model_id"),
    [
        ("smollm2-135m-instruct.q4_1", "smollm2-135m-instruct.q4_1"),
        ("SmolLM2-135M-Instruct.Q4_1", "smollm2-135m-instruct.q4_1"),
        ("SmolLM2-135M-Instruct.Q4_1.gguf", "smollm2-135m-instruct.q4_1"),
        ("smollm2-135m-instruct.q4_1:latest", "smollm2-135m-instruct.q4_1"),
        ("  smollm2\n", "smollm2-135m-instruct.q4_1"),
        ("smollm2:latest", "smollm2-135m-instruct.q4_1"),
        ("a", "all-minilm-l6-v2.q8_0"),
        ("qwen3-4b", "qwen3-4b"),  # exact before prefix
        ("qwen3-4b.q8", "qwen3-4b.q8_0"),
    ],
)
def test_names_that_are_understood(name: str, model_id: str) -> None:
    assert resolve(name, MODELS).model_id == model_id


def test_a_part_of_a_split_set_names_the_set() -> None:
    assert resolve("Big-00001-of-00003.gguf", models("big", "bigger")).model_id == "big"


def test_an_ambiguous_prefix_names_its_matches() -> None:
    with pytest.raises(AmbiguousModelError) as caught:
        resolve("Qwen3", MODELS)
    advice = msg("available", names=["qwen3-4b", "qwen3-4b.q4_k_m", "qwen3-4b.q8_0"])
    assert caught.value.message == msg("model_ambiguous", name="Qwen3", count=3, advice=advice)
    assert caught.value.param == "model"


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("smolm2", "Did you mean smollm2-135m-instruct.q4_1?"),
        ("minilm", "Did you mean all-minilm-l6-v2.q8_0?"),
        ("qwen3-4b.q5_k_m", "Did you mean qwen3-4b.q4_k_m, qwen3-4b.q8_0, qwen3-4b?"),
        ("SMOLLM2-135M-INSTRUCT-Q4_1", "Did you mean smollm2-135m-instruct.q4_1?"),
    ],
)
def test_an_unknown_name_gets_similar_ones(name: str, hint: str) -> None:
    with pytest.raises(ModelNotFoundError) as caught:
        resolve(name, MODELS)
    assert caught.value.title == f'There is no model named "{name}"'
    assert caught.value.hint == hint
    assert caught.value.param == "model"


def test_a_name_without_similar_ones_gets_the_list() -> None:
    with pytest.raises(ModelNotFoundError) as caught:
        resolve("zzz", [*MODELS, *models("x1", "x2")])
    assert caught.value.hint == f"Available: {', '.join(sorted(model.model_id for model in MODELS))} and 2 more"


@pytest.mark.parametrize("name", ["", "  ", ".gguf", ":latest"])
def test_an_empty_name_matches_no_model(name: str) -> None:
    with raises(ModelNotFoundError, "model_not_named"):
        resolve(name, models("only"))


def test_without_models_the_hint_says_how_to_get_some() -> None:
    with raises(ModelNotFoundError, "model_not_found", advice=msg("no_models")):
        resolve("smollm2", [])


def test_hostile_names_are_shown_harmless() -> None:
    many = models(*(f"model-{number:04}-instruct.q4_k_m" for number in range(2000)))
    for name in ("x" * 30_000_000, "model-9999-instruct.q4_k_x", "\u202e\n\x1b[31m"):
        with pytest.raises(ModelNotFoundError) as caught:
            resolve(name, many)
        assert len(str(caught.value)) < 1000
        assert str(caught.value).isprintable()


@pytest.mark.parametrize(
    ("file_name", "model_id"),
    [
        ("SmolLM2-135M-Instruct.Q4_1.gguf", "smollm2-135m-instruct.q4_1"),
        ("A.GGUF", "a"),
        ("big-Q4_0-00001-of-00012.gguf", "big-q4_0"),
        ("big-1-of-2.gguf", "big-1-of-2"),
        ("a\nb\u202ec\udcff.gguf", "a_b_c_"),
        ("with space.gguf", "with space"),
    ],
)
def test_ids_from_file_names(file_name: str, model_id: str) -> None:
    assert base_id(file_name) == model_id


def test_printable() -> None:
    assert printable("é 中\u2028\u200b\t") == "é 中___"
