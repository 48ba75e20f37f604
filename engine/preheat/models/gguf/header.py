"""The header of a GGUF file."""

from __future__ import annotations

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
        return self._text("general.architecture")

    @property
    def kind(self) -> str:
        """``general.type``: ``model`` (the default), ``adapter``, ``mmproj`` or ``imatrix``."""
        return self._text("general.type") or "model"

    @property
    def name(self) -> str:
        """Name of the model for people; may be empty."""
        return self._text("general.name")

    @property
    def licence(self) -> str:
        """Short name of the licence, such as ``apache-2.0``; empty if unknown."""
        return self._text("general.license")

    @property
    def tokenizer(self) -> str:
        """Kind of tokenizer, such as ``gpt2`` or ``bert``; empty if there is none."""
        return self._text("tokenizer.ggml.model")

    @property
    def context_length(self) -> int:
        """Trained context length, in tokens; 0 if unknown."""
        return self.number("context_length")

    @property
    def block_count(self) -> int:
        """Number of layers; 0 if unknown."""
        return self.number("block_count")

    @property
    def embedding_length(self) -> int:
        """Width of the hidden state and of an embedding; 0 if unknown."""
        return self.number("embedding_length")

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
        tokens = self.metadata.get("tokenizer.ggml.tokens")
        if isinstance(tokens, Skipped):
            return tokens.count
        return len(tokens) if isinstance(tokens, tuple) else self.number("vocab_size")

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
        """Whether the file carries a chat template."""
        value = self.metadata.get("tokenizer.chat_template")
        return isinstance(value, Skipped) or (isinstance(value, str) and bool(value.strip()))

    @property
    def split_count(self) -> int:
        """Number of parts of the file's split set; 1 for a single file."""
        value = self.metadata.get("split.count")
        return value if isinstance(value, int) and value > 1 else 1

    @property
    def tensor_bytes(self) -> int:
        """Size of all tensors without padding, in bytes."""
        return sum(tensor.n_bytes for tensor in self.tensors)

    def own(self, key: str) -> Value | None:
        """Return the value of a key of the architecture, such as ``llama.context_length``."""
        return self.metadata.get(f"{self.architecture}.{key}")

    def _text(self, key: str) -> str:
        value = self.metadata.get(key)
        return value if isinstance(value, str) else ""

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
