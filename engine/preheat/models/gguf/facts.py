"""What is remembered of a header: one with all its tensors would take a hundred times as much memory."""

from __future__ import annotations

import sys
from dataclasses import asdict, dataclass
from math import prod
from typing import Any, Final

from preheat.models.file_names import printable
from preheat.models.gguf.classify import Kind, kind_of, unfit
from preheat.models.gguf.header import GgufHeader
from preheat.models.gguf.quantization import quantization_of_header
from preheat.models.gguf.shape import ModelShape, shape_of

_MAX_TEXT: Final = 200  # of a name or a licence: some files carry the whole text


@dataclass(frozen=True, slots=True)
class Facts:
    """A file, or one part of a split set.

    Attributes:
        kind: What it is.
        unfit: Why Preheat cannot serve it; empty if it can.
        elements: Weights in it.
        tensors: How many it holds.
        split_count: Parts of the set that it says it belongs to.
    """

    architecture: str
    context_length: int
    embeddings: bool
    chat_template: bool
    shape: ModelShape
    split_count: int
    tensors: int
    elements: int
    kind: Kind
    unfit: str
    name: str
    quantization: str
    licence: str

    @property
    def reranks(self) -> bool:
        """Whether it scores texts, and neither writes nor embeds."""
        return self.kind is Kind.RERANKER


def facts_of(header: GgufHeader) -> Facts:
    """Return what is worth remembering."""
    kind = kind_of(header)
    return Facts(
        architecture=sys.intern(header.architecture),
        context_length=header.context_length,
        embeddings=header.embeddings,
        chat_template=header.chat_template,
        shape=shape_of(header),
        split_count=header.split_count,
        tensors=len(header.tensors),
        elements=sum(prod(tensor.shape) for tensor in header.tensors),
        kind=kind,
        unfit=unfit(header, kind),
        name=_short(header.name),
        quantization=sys.intern(quantization_of_header(header)),
        licence=sys.intern(_short(header.licence)),
    )


def facts_to_json(facts: Facts) -> dict[str, Any]:
    """Return the facts as JSON has them."""
    return asdict(facts)


def facts_from_json(content: dict[str, Any]) -> Facts:
    """Return what ``facts_to_json`` was given.

    Raises:
        TypeError, ValueError, KeyError: It was not made by that.
    """
    return Facts(**{**content, "shape": ModelShape(**content["shape"]), "kind": Kind(content["kind"])})


def _short(text: str) -> str:
    return printable(text.strip()[:_MAX_TEXT])
