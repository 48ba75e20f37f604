"""The header of a GGUF file."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal, NamedTuple

_POOLING: Final = {0: "none", 1: "mean", 2: "cls", 3: "last", 4: "rank"}
# Encoder architectures; their files do not always name the pooling.
_ENCODERS: Final = """
bert eurobert gemma-embedding jina-bert-v2 jina-bert-v3 llama-embed modern-bert neo-bert nomic-bert
nomic-bert-moe t5encoder
"""

Scalar = int | float | bool | str


@dataclass(frozen=True, slots=True)
class Skipped:
    """A metadata value too long to keep. ``count``: elements of an array, or bytes of a string."""

    count: int


Value = Scalar | tuple[Scalar, ...] | Skipped


class Tensor(NamedTuple):
    """One tensor: ``ggml_type`` is a name such as ``Q4_K``, ``offset`` counts from the header's ``data_offset``."""

    name: str
    shape: tuple[int, ...]
    ggml_type: str
    n_bytes: int
    offset: int


class GgmlType(NamedTuple):
    """A tensor type: a block of ``block_elements`` has ``block_bytes``."""

    name: str
    block_elements: int
    block_bytes: int


# Number, name, elements and bytes of a block, from llama.cpp's ggml.h and ggml-common.h; some numbers were withdrawn.
_TYPE_TABLE: Final = """
0 F32 1 4  1 F16 1 2  2 Q4_0 32 18  3 Q4_1 32 20  6 Q5_0 32 22  7 Q5_1 32 24  8 Q8_0 32 34  9 Q8_1 32 36
10 Q2_K 256 84  11 Q3_K 256 110  12 Q4_K 256 144  13 Q5_K 256 176  14 Q6_K 256 210  15 Q8_K 256 292
16 IQ2_XXS 256 66  17 IQ2_XS 256 74  18 IQ3_XXS 256 98  19 IQ1_S 256 50  20 IQ4_NL 32 18  21 IQ3_S 256 110
22 IQ2_S 256 82  23 IQ4_XS 256 136  24 I8 1 1  25 I16 1 2  26 I32 1 4  27 I64 1 8  28 F64 1 8
29 IQ1_M 256 56  30 BF16 1 2  34 TQ1_0 256 54  35 TQ2_0 256 66  39 MXFP4 32 17  40 NVFP4 64 36
41 Q1_0 128 18  42 Q2_0 64 18
"""
GGML_TYPES: Final = {
    int(number): GgmlType(name, int(elements), int(size))
    for number, name, elements, size in re.findall(r"(\d+) (\w+) (\d+) (\d+)", _TYPE_TABLE)
}


@dataclass(frozen=True, slots=True)
class GgufHeader:
    """The header of a GGUF file."""

    version: int  # of the format: 2 or 3
    byte_order: Literal["little", "big"]  # llama.cpp loads only files in the machine's own
    metadata: Mapping[str, Value]  # keys and values; long arrays and strings are ``Skipped``
    tensors: tuple[Tensor, ...]  # in the order of the file
    file_bytes: int
    data_offset: int  # start of the tensors' data, in bytes from the start of the file

    @property
    def architecture(self) -> str:
        """Such as ``llama`` or ``bert``; empty if unknown."""
        return self.text("general.architecture")

    @property
    def kind(self) -> str:
        """``general.type``: ``model`` (the default), ``adapter``, ``mmproj`` or ``imatrix``."""
        return self.text("general.type") or "model"

    @property
    def head_count(self) -> int | tuple[int, ...]:
        """Attention heads, one number for all layers or one per layer; 0 if unknown."""
        return self.numbers("attention.head_count")

    @property
    def head_count_kv(self) -> int | tuple[int, ...]:
        """Key and value heads, one number or one per layer; by default ``head_count``."""
        return self.numbers("attention.head_count_kv") or self.head_count

    @property
    def vocab_size(self) -> int:
        """Tokens in the vocabulary; 0 if unknown."""
        return self.length("tokenizer.ggml.tokens") or self.number("vocab_size")

    @property
    def pooling(self) -> str:
        """``none``, ``mean``, ``cls``, ``last`` or ``rank``; empty if unknown."""
        value = self.own("pooling_type")
        return _POOLING.get(value, "") if isinstance(value, int) else ""

    @property
    def embeddings(self) -> bool:
        """Whether the model makes embeddings rather than text; a reranker makes neither."""
        if self.pooling == "rank":
            return False
        return self.architecture in _ENCODERS.split() or self.pooling in {"mean", "cls", "last"}

    @property
    def chat_template(self) -> bool:
        """Whether the file has a chat template."""
        value = self.metadata.get("tokenizer.chat_template")
        return isinstance(value, Skipped) or (isinstance(value, str) and bool(value.strip()))

    @property
    def split_count(self) -> int:
        """Number of parts of the file's split set; 1 for a single file."""
        value = self.metadata.get("split.count")
        return value if isinstance(value, int) and value > 1 else 1

    def text(self, key: str) -> str:
        """Return a text such as ``general.name``; empty if it is missing."""
        value = self.metadata.get(key)
        return value if isinstance(value, str) else ""

    def length(self, key: str) -> int:
        """Return the length of an array such as ``tokenizer.ggml.merges``; 0 if it is missing."""
        value = self.metadata.get(key)
        return value.count if isinstance(value, Skipped) else len(value) if isinstance(value, tuple) else 0

    def own(self, key: str) -> Value | None:
        """Return the value of a key of the architecture, such as ``llama.context_length``."""
        return self.metadata.get(f"{self.architecture}.{key}")

    def number(self, key: str) -> int:
        """Return a number of the architecture; 0 if it is missing or not positive."""
        value = self.own(key)
        return value if isinstance(value, int) and value > 0 else 0

    def numbers(self, key: str) -> int | tuple[int, ...]:
        """Return a number of the architecture, or one per layer."""
        value = self.own(key)
        if isinstance(value, tuple):
            return tuple(number if isinstance(number, int) and number > 0 else 0 for number in value)
        return self.number(key)
