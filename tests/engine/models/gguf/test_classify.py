from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import gguf as gguf_package
import pytest

from preheat.models import Ability, Kind, Listing, ModelIndex, quantization_words
from preheat.models.gguf.classify import OLLAMA_ONLY
from preheat.models.gguf.quantization import FILE_TYPES

WriteModel = Callable[..., Path]


def look(folder: Path) -> Listing:
    return ModelIndex().look([folder])


@pytest.mark.parametrize(
    ("architecture", "more", "kind", "reason"),
    [
        ("clip", {}, Kind.PROJECTOR, "skipped_projector"),
        ("clip", {"general__type": "mmproj"}, Kind.PROJECTOR, "skipped_projector"),
        ("llama", {"general__type": "adapter"}, Kind.ADAPTER, "skipped_adapter"),
        ("controlvector", {}, Kind.CONTROL_VECTOR, "skipped_control_vector"),
        ("imatrix", {"general__type": "imatrix"}, Kind.IMATRIX, "skipped_imatrix"),
        ("llama", {"n_bytes": 0}, Kind.VOCABULARY, "skipped_vocabulary"),
        ("eagle3", {}, Kind.DRAFT, "skipped_draft"),
        ("bert", {"bert__pooling_type": ("u32", 4)}, Kind.RERANKER, "skipped_reranker"),
        ("wavtokenizer-dec", {}, Kind.NOT_TEXT, "skipped_not_text"),
        ("flux", {"tokenizer__ggml__model": ""}, Kind.NOT_TEXT, "skipped_not_text"),
        ("llama", {"general__type": "new\nthing"}, Kind.OTHER, "skipped_other_type"),
        ("gptoss", {}, Kind.MODEL, "skipped_ollama_form"),
    ],
)
def test_skipped_files_have_a_kind_and_a_reason(
    tmp_path: Path, write_model: WriteModel, architecture: str, more: dict[str, Any], kind: Kind, reason: str
) -> None:
    path = write_model("thing.gguf", architecture, **more)
    listing = look(tmp_path)
    assert listing.models == ()
    (file,) = listing.skipped
    assert (file.name, file.path, file.kind, file.file_bytes) == ("thing", path, kind, path.stat().st_size)
    assert file.reason.code == reason


def test_an_image_encoder_inside_the_model(tmp_path: Path, gguf_file: Any, metadata: Any) -> None:
    tensors = [("t", (32,), 0, 128, None), ("v.blk.0.attn_q.weight", (32,), 0, 128, None)]
    (tmp_path / "gemma3.gguf").write_bytes(gguf_file(metadata("gemma3"), tensors).file())
    (file,) = look(tmp_path).skipped
    assert file.reason.code == "skipped_built_in_encoder"


@pytest.mark.parametrize(
    ("architecture", "more", "abilities"),
    [
        ("llama", {"tokenizer__chat_template": "{{ x }}"}, (Ability.CHAT, Ability.COMPLETION)),
        ("llama", {}, (Ability.COMPLETION,)),
        ("bert", {}, (Ability.EMBEDDING,)),
        ("qwen3", {"qwen3__pooling_type": ("u32", 3)}, (Ability.EMBEDDING,)),
    ],
)
def test_abilities(
    tmp_path: Path, write_model: WriteModel, architecture: str, more: dict[str, Any], abilities: tuple[Ability, ...]
) -> None:
    write_model("m.gguf", architecture, **more)
    (model,) = look(tmp_path).models
    assert model.abilities == abilities
    assert model.chat_template is (Ability.CHAT in abilities)


def test_an_encoder_next_to_a_model_adds_vision(tmp_path: Path, write_model: WriteModel) -> None:
    write_model("m-Q4_0.gguf")
    write_model("mmproj-m-f16.gguf", "clip")
    (model,) = look(tmp_path).models
    assert model.abilities == (Ability.COMPLETION, Ability.VISION)


def test_the_file_types_are_llama_cpps() -> None:
    names = {
        kind.value: kind.name.removeprefix("MOSTLY_").removeprefix("ALL_").removesuffix("_MOE")
        for kind in gguf_package.LlamaFileType
        if kind is not gguf_package.LlamaFileType.GUESSED
    }
    assert names == FILE_TYPES


def test_ollamas_architectures_are_unknown_to_llama_cpp() -> None:
    assert not OLLAMA_ONLY & set(gguf_package.MODEL_ARCH_NAMES.values())


@pytest.mark.parametrize(
    ("file_type", "ggml_type", "n_bytes", "expected"),
    [
        (15, 12, 144, "Q4_K_M"),
        (1024 + 7, 8, 272, "Q8_0"),
        (None, 12, 144, "Q4_K"),
        (999, 12, 144, "Q4_K"),
        (1, 12, 144, "Q4_K"),  # it says F16 and is not
        (1, 1, 512, "F16"),
    ],
)
def test_the_quantization_is_what_the_file_says_or_is(
    tmp_path: Path, gguf_file: Any, metadata: Any, file_type: int | None, ggml_type: int, n_bytes: int, expected: str
) -> None:
    fields = metadata() if file_type is None else metadata(general__file_type=("u32", file_type))
    (tmp_path / "m.gguf").write_bytes(gguf_file(fields, [("t", (256,), ggml_type, n_bytes, None)]).file())
    (model,) = look(tmp_path).models
    assert (model.quantization, model.parameters, model.bits_per_weight) == (expected, 256, n_bytes * 8 / 256)


@pytest.mark.parametrize(
    ("name", "bits", "words"),
    [
        ("Q4_K_M", 4.8, "4-bit, good quality"),
        ("IQ2_XXS", 2.1, "2-bit, low quality"),
        ("TQ1_0", 1.7, "1-bit, poor quality"),
        ("Q6_K", 6.6, "6-bit, excellent quality"),
        ("Q8_0", 8.5, "8-bit, nearly as the original"),
        ("BF16", 16.0, "16-bit, as the original"),
        ("MXFP4", 4.3, "4-bit, good quality"),
        ("strange", 5.1, "5-bit, very good quality"),
        ("", 0.0, ""),
    ],
)
def test_quantizations_in_words(name: str, bits: float, words: str) -> None:
    assert quantization_words(name, bits) == words


def test_a_licence_that_is_a_whole_text(tmp_path: Path, write_model: WriteModel) -> None:
    write_model("m.gguf", general__license="MIT\u202e\n" + "x" * 9000, general__name="\u202eName\n")
    (model,) = look(tmp_path).models
    assert model.licence.startswith("MIT__xxx")
    assert len(model.licence) <= 200
    assert model.name == "_Name"
