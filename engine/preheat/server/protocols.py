"""Endpoints and fields of all protocols, as data: what is supported, ignored and refused.

Each protocol describes its endpoints next to their code; ``docs/protocols.md`` is checked against the descriptions.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from pydantic import BaseModel


class Support(StrEnum):
    """What happens to a field of a request."""

    SUPPORTED = "supported"
    IGNORED = "ignored"  # accepted without effect; it does not change the answer
    REFUSED = "refused"  # an error that names the field, unless its value has no effect


@dataclass(frozen=True, slots=True)
class Field:
    """A field of a request's body."""

    name: str
    support: Support = Support.SUPPORTED
    note: str = ""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """An endpoint; an ``alias`` is another path of the same endpoint."""

    method: str
    path: str
    summary: str
    fields: tuple[Field, ...] = ()
    aliases: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Family:
    """The endpoints of one protocol."""

    name: str  # such as ``openai``
    title: str
    endpoints: tuple[Endpoint, ...]


def aliases_of(families: Iterable[Family]) -> Mapping[str, str]:
    """Return the endpoints' paths by their other paths; one that ends with a slash stands for all below it."""
    return {
        alias.split("{")[0]: endpoint.path.split("{")[0]
        for family in families
        for endpoint in family.endpoints
        for alias in endpoint.aliases
    }


def fields_of(
    body: type[BaseModel], ignored: Mapping[str, str] | None = None, refused: Mapping[str, str] | None = None
) -> tuple[Field, ...]:
    """Return a body's fields: those of its class with their descriptions, then the ignored and the refused ones.

    Args:
        ignored: Notes by the names of ignored fields.
        refused: Notes by the names of refused fields.
    """
    others = {
        **{name: Field(name, Support.IGNORED, note) for name, note in (ignored or {}).items()},
        **{name: Field(name, Support.REFUSED, note) for name, note in (refused or {}).items()},
    }
    own = {
        info.alias or name: Field(info.alias or name, note=info.description or "")
        for name, info in body.model_fields.items()
    }
    return tuple({**own, **others}.values())
