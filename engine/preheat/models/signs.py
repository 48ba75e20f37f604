"""A sign for each model: a hue and a pattern, with one or two characters. The same in bars, legends and timelines."""

from __future__ import annotations

import zlib
from collections.abc import Collection, Iterable, Iterator, Mapping
from enum import IntEnum
from functools import lru_cache
from typing import Final, NamedTuple

HUES: Final = 8
_LETTER: Final = "?"


class Pattern(IntEnum):
    """Drawn over a hue that several visible models share."""

    PLAIN = 0
    STRIPES = 1
    DOTS = 2


_DIFFERENT: Final = HUES * len(Pattern)
"""Number of models that have different hues or patterns."""


class Sign(NamedTuple):
    """How a model is marked."""

    hue: int  # An index of ``model_colours``
    pattern: Pattern
    mark: str  # ``Q`` or ``Q2``: colour is never the only difference


class SignBook:
    """Gives models their signs. What is visible keeps its sign; no two visible models have the same one.

    The hue follows from a hash of the name, so it is the same after a restart. Where it is taken, the model gets the
    next free hue, and from the ninth visible model on a hue with a pattern.
    """

    def __init__(self) -> None:
        self._signs: dict[str, Sign] = {}
        self._visible: frozenset[str] = frozenset()

    def signs(self, model_ids: Iterable[str]) -> Mapping[str, Sign]:
        """Return the signs of all models that are visible now."""
        shown = list(dict.fromkeys(model_ids))
        signs: dict[str, Sign] = {}
        for name in sorted(shown, key=lambda name: (name not in self._visible, name)):
            known = self._signs.get(name)
            if known is not None and _is_free(known, signs):
                signs[name] = known
        for name in sorted(set(shown).difference(signs)):
            taken = _taken(signs)
            free = (place for place in _places(name) if place not in taken)
            hue, pattern = next(free, (preferred_hue(name), Pattern.DOTS))  # Beyond 24 models, only the mark differs
            mark = next(mark for mark in _marks(name) if mark not in {sign.mark for sign in signs.values()})
            signs[name] = self._signs[name] = Sign(hue, pattern, mark)
        self._visible = frozenset(shown)
        return {name: signs[name] for name in shown}

    def reserve(self, first: Collection[str], others: Collection[str]) -> None:
        """Give signs to the ``first`` models, and to the others, too, if all can have different ones.

        Windows, page and terminal reserve for the favourites and all models, so that a model looks the same in each.
        With as many hues as models, a new favourite changes nothing after a restart.
        """
        everyone = {*first, *others}
        if len(everyone) > HUES:  # those that come first get a hue without a pattern
            self.signs(first)
        if len(everyone) <= _DIFFERENT:
            self.signs(everyone)

    def sign(self, model_id: str) -> Sign:
        """Return a model's sign: the one that it has, or else the one that it gets unless another model has it.

        For long lists of models, in which signs cannot all be different.
        """
        return self._signs.get(model_id) or _preferred(model_id)


@lru_cache(maxsize=4096)
def _preferred(model_id: str) -> Sign:
    return Sign(preferred_hue(model_id), Pattern.PLAIN, next(_marks(model_id)))


def preferred_hue(model_id: str) -> int:
    """Return the hue that a model has unless another one has it: CRC-32 of its name in UTF-8, modulo ``HUES``."""
    return zlib.crc32(model_id.encode("utf-8", "replace")) % HUES


def _taken(signs: Mapping[str, Sign]) -> set[tuple[int, Pattern]]:
    return {(sign.hue, sign.pattern) for sign in signs.values()}


def _is_free(sign: Sign, signs: Mapping[str, Sign]) -> bool:
    return all(other.mark != sign.mark and other[:2] != sign[:2] for other in signs.values())


def _places(model_id: str) -> Iterator[tuple[int, Pattern]]:
    first = preferred_hue(model_id)
    for pattern in Pattern:
        yield from (((first + step) % HUES, pattern) for step in range(HUES))


def _marks(model_id: str) -> Iterator[str]:
    letter = next((sign for sign in model_id if sign.isalnum()), _LETTER).upper()[:1]
    yield letter
    number = 2
    while True:
        yield f"{letter}{number}"
        number += 1
