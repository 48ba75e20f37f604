"""What the header of a GGUF file says of a model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal, NamedTuple

_POOLING: Final = {0: "none", 1: "mean", 2: "cls", 3: "last", 4: "rank"}
# Architectures that only encode; their files do not always say how to pool.
_ENCODERS: Final = frozenset(
    {
        "bert",
        "eurobert",
        "gemma-embedding",
        "jina-bert-v2",
        "jina-bert-v3",
        "llama-embed",
        "modern-bert",
        "neo-bert",
        "nomic-bert",
        "nomic-bert-moe",
        "t5encoder",
    }
)

Scalar = int | float | bool | str


@dataclass(frozen=True, slots=True)
class Skipped:
    """A metadata value too long to keep. ``count`` is its elements if it is an array, its bytes if it is a string."""

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
    """What the header of a GGUF file says.

    Attributes:
        version: Of the format: 2 or 3.
        byte_order: Of the numbers in the file; llama.cpp loads only files of the machine's own.
        metadata: Keys and values; long arrays and strings are ``Skipped``.
        tensors: In the order of the file.
        file_bytes: Size of the file.
        data_offset: Where the tensors' data begins, in bytes from the start of the file.
    """

    version: int
    byte_order: Literal["little", "big"]
    metadata: Mapping[str, Value]
    tensors: tuple[Tensor, ...]
    file_bytes: int
    data_offset: int

    @property
    def architecture(self) -> str:
        """Such as ``llama`` or ``bert``; empty if the file does not say."""
        return self._text("general.architecture")

    @property
    def kind(self) -> str:
        """``general.type``: ``model``, ``adapter``, ``mmproj``, ``imatrix``; ``model`` if the file does not say."""
        return self._text("general.type") or "model"

    @property
    def name(self) -> str:
        """The model's own name, for people; may be empty."""
        return self._text("general.name")

    @property
    def licence(self) -> str:
        """The licence's short name, such as ``apache-2.0``; empty if the file does not say."""
        return self._text("general.license")

    @property
    def tokenizer(self) -> str:
        """The tokenizer's kind, such as ``gpt2`` or ``bert``; empty if the file has none."""
        return self._text("tokenizer.ggml.model")

    @property
    def context_length(self) -> int:
        """Context length of training, in tokens; 0 if the file does not say."""
        return self.number("context_length")

    @property
    def block_count(self) -> int:
        """Layers; 0 if the file does not say."""
        return self.number("block_count")

    @property
    def embedding_length(self) -> int:
        """Width of the hidden state, and of an embedding; 0 if the file does not say."""
        return self.number("embedding_length")

    @property
    def head_count(self) -> int | tuple[int, ...]:
        """Attention heads, one number for all layers or one a layer; 0 if the file does not say."""
        return self.numbers("attention.head_count")

    @property
    def head_count_kv(self) -> int | tuple[int, ...]:
        """Key and value heads, likewise; as many as ``head_count`` if the file does not say."""
        return self.numbers("attention.head_count_kv") or self.head_count

    @property
    def vocab_size(self) -> int:
        """Tokens in the vocabulary; 0 if the file does not say."""
        tokens = self.metadata.get("tokenizer.ggml.tokens")
        if isinstance(tokens, Skipped):
            return tokens.count
        return len(tokens) if isinstance(tokens, tuple) else self.number("vocab_size")

    @property
    def pooling(self) -> str:
        """``none``, ``mean``, ``cls``, ``last`` or ``rank``; empty if the file does not say."""
        value = self.own("pooling_type")
        return _POOLING.get(value, "") if isinstance(value, int) else ""

    @property
    def embeddings(self) -> bool:
        """Whether the model makes embeddings rather than text (a reranker makes neither)."""
        if self.pooling == "rank":
            return False
        return self.architecture in _ENCODERS or self.pooling in {"mean", "cls", "last"}

    @property
    def chat_template(self) -> bool:
        """Whether the file carries a chat template."""
        value = self.metadata.get("tokenizer.chat_template")
        return isinstance(value, Skipped) or (isinstance(value, str) and bool(value.strip()))

    @property
    def split_count(self) -> int:
        """Parts of the split set that the file belongs to; 1 for a file of its own."""
        value = self.metadata.get("split.count")
        return value if isinstance(value, int) and value > 1 else 1

    @property
    def tensor_bytes(self) -> int:
        """All tensors' data, in bytes, without the padding between them."""
        return sum(tensor.n_bytes for tensor in self.tensors)

    def own(self, key: str) -> Value | None:
        """Return the value of a key of the model's own architecture, such as ``llama.context_length``."""
        return self.metadata.get(f"{self.architecture}.{key}")

    def _text(self, key: str) -> str:
        value = self.metadata.get(key)
        return value if isinstance(value, str) else ""

    def number(self, key: str) -> int:
        """Return a number of the architecture's own; 0 if the file does not say, or says nothing sensible."""
        value = self.own(key)
        return value if isinstance(value, int) and value > 0 else 0

    def numbers(self, key: str) -> int | tuple[int, ...]:
        """Return a number likewise, or one a layer."""
        value = self.own(key)
        if isinstance(value, tuple):
            return tuple(number if isinstance(number, int) and number > 0 else 0 for number in value)
        return self.number(key)
