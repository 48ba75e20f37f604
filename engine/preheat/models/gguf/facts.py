"""The facts that are kept of a header: a hundredth of its size in memory."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from math import prod
from typing import Any, Final

from preheat.messages import Message
from preheat.models.file_names import printable
from preheat.models.gguf.classify import Kind, kind_of, unfit_reason
from preheat.models.gguf.header import GgufHeader
from preheat.models.gguf.quantization import quantization_of_header
from preheat.models.gguf.shape import ModelShape, shape_from_json, shape_of

_MAX_TEXT: Final = 200  # of a name or a licence: some files contain the whole licence


@dataclass(frozen=True, slots=True)
class Facts:
    """A file, or one part of a split set."""

    architecture: str
    context_length: int
    embeddings: bool
    chat_template: bool
    shape: ModelShape
    split_count: int  # number of parts of its set, by the header
    tensors: int  # number of tensors
    elements: int  # number of weights
    kind: Kind
    unfit: Message | None  # why Preheat cannot serve it; None if it can
    name: str
    quantization: str
    licence: str


def facts_of(header: GgufHeader) -> Facts:
    """Return the facts of a header."""
    kind = kind_of(header)
    return Facts(
        architecture=sys.intern(header.architecture),
        context_length=header.number("context_length"),
        embeddings=header.embeddings,
        chat_template=header.chat_template,
        shape=shape_of(header),
        split_count=header.split_count,
        tensors=len(header.tensors),
        elements=sum(prod(tensor.shape) for tensor in header.tensors),
        kind=kind,
        unfit=unfit_reason(header, kind),
        name=_short(header.text("general.name")),
        quantization=sys.intern(quantization_of_header(header)),
        licence=sys.intern(_short(header.text("general.license"))),
    )


def facts_from_json(content: dict[str, Any]) -> Facts:
    """Return the facts of which this is ``asdict``; raises TypeError, ValueError or KeyError for other content."""
    unfit = content["unfit"]
    return Facts(
        **{
            **content,
            "shape": shape_from_json(content["shape"]),
            "kind": Kind(content["kind"]),
            "unfit": None if unfit is None else Message(*unfit),
        }
    )


def _short(text: str) -> str:
    return printable(text.strip()[:_MAX_TEXT])
