"""Patterns that find many texts at once, in time that does not depend on their number. Pure."""

from __future__ import annotations

import re
from collections.abc import Collection
from functools import lru_cache
from typing import Any, Final

_END: Final = ""
"""Key of a tree's node that ends a text."""


@lru_cache(maxsize=8)
def any_of(texts: frozenset[str]) -> re.Pattern[str] | None:
    """Return the pattern of these texts, the longest first; None for none.

    Python's own alternation tries each text at each place: 6,000 control tokens in a text of ``<`` take minutes.
    """
    return re.compile(_pattern(_tree(texts))) if texts else None


def contained_in(text: str, wanted: frozenset[str]) -> frozenset[str]:
    """Return those of the texts that occur in ``text``, also where they overlap."""
    pattern = _anywhere(wanted)
    longest = {match[1] for match in pattern.finditer(text)} if pattern is not None else set()
    # At one place, a text hides those that it begins with.
    return frozenset(
        beginning for found in longest for end in range(1, len(found) + 1) if (beginning := found[:end]) in wanted
    )


@lru_cache(maxsize=8)
def _anywhere(texts: frozenset[str]) -> re.Pattern[str] | None:
    return re.compile(f"(?=({_pattern(_tree(texts))}))") if texts else None


def _tree(texts: Collection[str]) -> dict[str, Any]:
    root: dict[str, Any] = {}
    for text in texts:
        node = root
        for character in text:
            node = node.setdefault(character, {})
        node[_END] = {}
    return root


def _pattern(node: dict[str, Any]) -> str:
    """Return the pattern of a tree; a chain without branches becomes a text."""
    chain = ""
    while len(node) == 1 and _END not in node:
        [(character, node)] = node.items()
        chain += character
    branches = [re.escape(character) + _pattern(child) for character, child in node.items() if character != _END]
    if not branches:
        return re.escape(chain)
    ends = "?" if _END in node else ""
    return f"{re.escape(chain)}(?:{'|'.join(branches)}){ends}"
