"""What a GGUF file is, and whether Preheat can serve it. Read from its header, never guessed from its name."""

from __future__ import annotations

import sys
from enum import StrEnum
from typing import Final

from preheat.models.file_names import printable
from preheat.models.gguf.header import GgufHeader


class Kind(StrEnum):
    """What a GGUF file is."""

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


# Helpers of speculative decoding, which work only beside the model that they were made for.
_DRAFTS: Final = frozenset({"dflash", "eagle3", "gemma4-assistant"})
# Speech: made with the tools of llama.cpp, but no text models.
_SPEECH: Final = frozenset({"pockettts", "qwen3tts", "wavtokenizer-dec"})
# Forms that only Ollama's own engine loads: its names for architectures that llama.cpp calls otherwise or lacks.
_OLLAMA_ONLY: Final = frozenset({"gptoss", "mllama", "qwen25vl"})
_TYPES: Final = {"adapter": Kind.ADAPTER, "mmproj": Kind.PROJECTOR, "imatrix": Kind.IMATRIX}
_NO_TOKENIZER: Final = frozenset({"", "no_vocab", "none"})

_REASONS: Final = {
    Kind.MODEL: "",
    Kind.RERANKER: "it is a reranker, which Preheat cannot serve yet",
    Kind.PROJECTOR: "it is the image encoder of another model",
    Kind.ADAPTER: "it is an adapter, which changes another model",
    Kind.CONTROL_VECTOR: "it is a control vector, which steers another model",
    Kind.IMATRIX: "it is an importance matrix, a tool for making quantizations",
    Kind.VOCABULARY: "it is a vocabulary without a model",
    Kind.DRAFT: "it drafts for another model",
    Kind.NOT_TEXT: "it is no language model",
}


def kind_of(header: GgufHeader) -> Kind:
    """Return what a file is, as its header tells; a split set's part without tensors counts as what it describes."""
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
    if header.architecture in _SPEECH or header.tokenizer in _NO_TOKENIZER:
        return Kind.NOT_TEXT
    if not header.tensors and header.split_count == 1:
        return Kind.VOCABULARY
    return Kind.RERANKER if header.pooling == "rank" else Kind.MODEL


def unfit(header: GgufHeader, kind: Kind) -> str:
    """Return why Preheat cannot serve the file, to follow its name; empty if it can."""
    if header.byte_order != sys.byteorder:
        return "its byte order is not this machine's"
    if kind is Kind.OTHER:
        return f"it is of the type {printable(header.kind)[:40]}"
    if kind is Kind.MODEL and header.architecture in _OLLAMA_ONLY:
        return "it is in a form that only Ollama loads"
    if kind is Kind.MODEL and any(tensor.name.startswith(("v.", "mm.")) for tensor in header.tensors):
        return "its image encoder is in the same file, a form that only Ollama loads"
    return _REASONS[kind]
