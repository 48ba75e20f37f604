"""The kind of a GGUF file, and whether Preheat can serve it: from its header, never from its name."""

from __future__ import annotations

import sys
from enum import StrEnum
from typing import Final

from preheat.messages import Message, msg
from preheat.models.file_names import printable
from preheat.models.gguf.header import GgufHeader


class Kind(StrEnum):
    """Kind of a GGUF file."""

    MODEL = "model"
    RERANKER = "reranker"
    PROJECTOR = "mmproj"
    ADAPTER = "adapter"
    CONTROL_VECTOR = "control vector"
    IMATRIX = "imatrix"
    VOCABULARY = "vocabulary"
    DRAFT = "draft"
    NOT_TEXT = "not text"
    OTHER = "other"


# For speculative decoding; they work only with the model that they were made for.
_DRAFTS: Final = frozenset({"dflash", "eagle3", "gemma4-assistant"})
# Speech models, made with the tools of llama.cpp.
_SPEECH: Final = frozenset({"pockettts", "qwen3tts", "wavtokenizer-dec"})
# Ollama's names for architectures that llama.cpp calls otherwise or lacks.
OLLAMA_ONLY: Final = frozenset({"gptoss", "mllama", "qwen25vl"})
_TYPES: Final = {"adapter": Kind.ADAPTER, "mmproj": Kind.PROJECTOR, "imatrix": Kind.IMATRIX}
_NO_TOKENIZER: Final = frozenset({"", "no_vocab", "none"})


def kind_of(header: GgufHeader) -> Kind:
    """Return a file's kind; a part without tensors has the kind of its split set."""
    if header.kind in _TYPES:
        return _TYPES[header.kind]
    if header.kind != "model":
        return Kind.OTHER
    if header.architecture == "clip":
        return Kind.PROJECTOR
    if header.architecture == "controlvector":
        return Kind.CONTROL_VECTOR
    if header.architecture in _DRAFTS:
        return Kind.DRAFT
    # llama.cpp loads no language model without a vocabulary; image models of other programs have none.
    if header.architecture in _SPEECH or header.text("tokenizer.ggml.model") in _NO_TOKENIZER:
        return Kind.NOT_TEXT
    if not header.tensors and header.split_count == 1:
        return Kind.VOCABULARY
    return Kind.RERANKER if header.pooling == "rank" else Kind.MODEL


def unfit_reason(header: GgufHeader, kind: Kind) -> Message | None:
    """Return why Preheat cannot serve the file, as a clause about it; None if it can."""
    if header.byte_order != sys.byteorder:
        return msg("skipped_byte_order")
    if kind is Kind.OTHER:
        return msg("skipped_other_type", type=printable(header.kind)[:40])
    if kind is not Kind.MODEL:
        return msg(f"skipped_{kind.name.lower()}")
    if header.architecture in OLLAMA_ONLY:
        return msg("skipped_ollama_form")
    if any(tensor.name.startswith(("v.", "mm.")) for tensor in header.tensors):
        return msg("skipped_built_in_encoder")
    return None
