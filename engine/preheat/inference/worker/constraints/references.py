"""References inside a JSON schema: ``$ref`` with a JSON pointer, an ``$anchor`` or an ``$id``.

A place is a JSON pointer that begins with ``#``, such as ``#/properties/a~1b``.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from functools import cached_property
from typing import Any, Final, NoReturn
from urllib.parse import unquote, urldefrag, urljoin

MAX_SCHEMA_CHARS: Final = 1 << 20
"""Longest schema, as JSON text."""

ROOT: Final = "#"

_OLD_DRAFTS: Final = ("draft-03", "draft-04", "draft-06", "draft-07")


class SchemaError(ValueError):
    """A schema that cannot be used. The text is the place and the reason."""


class SchemaDocument:
    """A whole JSON schema, for finding its parts.

    Raises:
        SchemaError: The text is not a JSON schema.
    """

    def __init__(self, text: str) -> None:
        if len(text) > MAX_SCHEMA_CHARS:
            raise SchemaError(f"it has more than {MAX_SCHEMA_CHARS} characters")
        try:
            root = json.loads(text, parse_constant=_refuse)
        except RecursionError as error:
            raise SchemaError("it is nested too deeply") from error
        except ValueError as error:
            raise SchemaError(f"it is not JSON: {error}") from error
        self.root: Any = root
        draft = root.get("$schema") if isinstance(root, dict) else None
        self.ignores_siblings: Final = isinstance(draft, str) and any(name in draft for name in _OLD_DRAFTS)
        """Keywords next to ``$ref`` have no effect, as in drafts up to 7."""

    def at(self, place: str) -> Any:
        """Return what stands at a place.

        Raises:
            SchemaError: There is nothing.
        """
        value = self.root
        for part in place.split("/")[1:]:
            key = part.replace("~1", "/").replace("~0", "~")
            try:
                value = value[int(key)] if isinstance(value, list) else value[key]
            except (LookupError, TypeError, ValueError) as error:
                raise SchemaError(f"there is nothing at {place}") from error
        return value

    def target(self, place: str) -> str:
        """Return the place that the ``$ref`` of the schema at ``place`` points to.

        Raises:
            SchemaError: It points to nothing, or into another document.
        """
        reference = self.at(place)["$ref"]
        if not isinstance(reference, str):
            raise SchemaError(f"{place}/$ref: a reference is a text")
        base_place, base_uri = self._base(place)
        try:
            address, fragment = urldefrag(reference)
            address = urljoin(base_uri, address) if address else ""
        except ValueError as error:
            raise SchemaError(f"{place}/$ref: {reference!r} is not an address") from error
        if address:
            if address not in self._resources:
                raise SchemaError(f"{place}/$ref: {reference!r} is not part of the schema, and nothing is fetched")
            base_place = self._resources[address]
        if fragment and not fragment.startswith("/"):
            if fragment not in self._anchors:
                raise SchemaError(f"{place}/$ref: there is no anchor {fragment!r}")
            return self._anchors[fragment]
        for found in (base_place + unquote(fragment), base_place + fragment):
            with contextlib.suppress(SchemaError):
                self.at(found)
                return found
        raise SchemaError(f"{place}/$ref: {reference!r} points to nothing")

    def _base(self, place: str) -> tuple[str, str]:
        """Return the place and the address of the resource that a place belongs to."""
        inside = (item for item in self._resources.items() if place == item[1] or place.startswith(f"{item[1]}/"))
        uri, base = max(inside, key=lambda item: len(item[1]), default=("", ROOT))
        return base, uri

    @cached_property
    def _resources(self) -> dict[str, str]:
        """Place of each address that an ``$id`` gives; the root's comes first."""
        found: dict[str, str] = {}
        for place, value in self._identified:
            identifier = value.get("$id")
            if isinstance(identifier, str) and not identifier.startswith("#"):
                with contextlib.suppress(ValueError):  # it is no address: nothing can refer to it
                    found[urldefrag(urljoin(next(iter(found), ""), identifier)).url] = place
        return found

    @cached_property
    def _anchors(self) -> dict[str, str]:
        """Place of each anchor. Draft 7 writes them as an ``$id`` with only a fragment."""
        found: dict[str, str] = {}
        for place, value in self._identified:
            for name in (value.get("$anchor"), value.get("$dynamicAnchor"), value.get("$id")):
                if isinstance(name, str):
                    found.setdefault(name.removeprefix("#"), place)
        return found

    @cached_property
    def _identified(self) -> list[tuple[str, dict[str, Any]]]:
        keys = {"$id", "$anchor", "$dynamicAnchor"}
        return [(place, value) for place, value in _objects(self.root) if not keys.isdisjoint(value)]


def _refuse(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number")


def below(place: str, *parts: str | int) -> str:
    """Return the place that is reached from another one by these keys and indexes."""
    return "/".join([place, *(str(part).replace("~", "~0").replace("/", "~1") for part in parts)])


def _objects(root: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield every object of a JSON value with its place, outer ones first."""
    waiting: list[tuple[str, Any]] = [(ROOT, root)]
    for place, value in waiting:
        if isinstance(value, dict):
            yield place, value
            waiting += [(below(place, key), child) for key, child in value.items() if isinstance(child, dict | list)]
        elif isinstance(value, list):
            waiting += [(below(place, at), child) for at, child in enumerate(value) if isinstance(child, dict | list)]
