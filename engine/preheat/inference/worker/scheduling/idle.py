"""Which idle conversations leave the KV cache when a request is admitted. Pure.

Attention passes over all cells of the unified cache up to the last used one, other conversations' included: measured
with 135 M parameters, 1,000 cells make a step of one token 6 % longer, and prefill 3 %. So a conversation leaves as
soon as what it costs the others exceeds what it costs to come back. A short one is *parked*: its cells are copied to
the memory of the process, which takes 5 ms for 1,000 tokens, there and back. A long one leaves if it is stored, or if
computing it again takes less time than it costs.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import accumulate
from typing import Final, NamedTuple, Self

from preheat.inference.worker.scheduling.slots import Slot

KEPT_IDLE: Final = 4
"""Idle conversations that may have half of the KV cache."""

SHORT_IDLE_TOKENS: Final = 512
"""Tokens of idle conversations up to which there may be more."""

PARKED_BYTES: Final = 64 << 20
"""Largest size of all parked conversations together. Where each cell is large, steps are long: parking gains less."""

PARKED_SHARE: Final = 4
"""Divisor of the KV cache's size: the same."""

PARK_S: Final = 0.0005
_PARK_BYTES_PER_S: Final = 4e9
"""Time to park a conversation and to bring it back."""

_HEAD_S: Final = 2.6e-9
"""Time of one thread to pass over a cell, for each head of each layer."""

_PREFILL_SHARE: Final = 4
"""A cell costs a token of a prompt a part of what it costs a token of an answer."""

USUAL_TOKENS: Final = 128
"""First guess at the length of an answer."""


class CellCosts(NamedTuple):
    """What a cell of the KV cache costs.

    Attributes:
        step_s: Time that each used cell adds to a step of one token, in seconds.
        n_bytes: Its size.
    """

    step_s: float = 0.0
    n_bytes: int = 0

    @classmethod
    def of(cls, *, layers: int, heads: int, kv_heads: int, width: int, threads: int) -> Self:
        """Estimate them from a model's shape; ``width`` is that of its embeddings."""
        values = 2 * layers * kv_heads * width // max(heads, 1)
        return cls(_HEAD_S * layers * heads / threads, 2 * values)


class Leaving(NamedTuple):
    """Slots to park, and slots to forget, oldest first."""

    park: tuple[Slot, ...] = ()
    forget: tuple[Slot, ...] = ()


class IdleRule:
    """Decides for one KV cache.

    Args:
        costs: What cells cost; nothing is parked if they have no size.
        context_length: Size of the KV cache, in tokens.
        return_s: Returns how long it takes to bring a conversation back that leaves and is not parked, in seconds.
    """

    def __init__(self, costs: CellCosts, context_length: int, return_s: Callable[[Slot, float], float]) -> None:
        self._costs = costs
        self._context_length = context_length
        self._return_s = return_s
        self._parked_bytes = min(PARKED_BYTES, context_length * costs.n_bytes // PARKED_SHARE)

    def rent_s(self, slot: Slot, answer: float, prompt: int) -> float:
        """Return what a conversation costs a request by staying, in seconds.

        Args:
            slot: Its slot.
            answer: Expected tokens of the request's answer.
            prompt: Tokens of its prompt that are to be computed.
        """
        return slot.cells * self._costs.step_s * (answer + prompt / _PREFILL_SHARE)

    def leaving(
        self, idle: Sequence[Slot], answer: float, prompt: int, busy: int, now: float, spared: Slot | None = None
    ) -> Leaving:
        """Return what leaves for a request.

        Args:
            idle: The idle slots with content, except for the one that the request gets.
            answer: See ``rent_s``.
            prompt: The same.
            busy: Cells of running requests.
            now: Time of the runner's clock, in seconds.
            spared: The slot that has the request's beginning: it may be parked, but not be forgotten.
        """
        park, forget, staying = [], [], []
        room = self._parked_bytes
        for slot in sorted(idle, key=lambda each: each.used_at, reverse=True):
            rent = slot.rent_s + self.rent_s(slot, answer, prompt)
            n_bytes = len(slot.cached) * self._costs.n_bytes
            if slot.parked is not None:
                room -= n_bytes
                if room < 0 and slot is not spared:
                    forget.append(slot)
            elif self._pays(slot, rent, n_bytes, room):
                room -= n_bytes
                park.append(slot)
            elif slot is not spared and rent and not slot.to_store and rent > self._return_s(slot, now):
                forget.append(slot)
            else:
                staying.append(slot)
        if spared is not None and (spared in park or spared.parked is not None):
            busy += len(spared.cached)  # it comes back as a whole
        held = self._context_length // 2
        for number, cells in enumerate(accumulate(slot.cells for slot in staying)):
            most = held if number < KEPT_IDLE else min(held, SHORT_IDLE_TOKENS)
            if (cells > most or cells + busy > self._context_length) and staying[number] is not spared:
                forget.append(staying[number])
        return Leaving(tuple(reversed(park)), tuple(sorted(forget, key=lambda each: each.used_at)))

    @staticmethod
    def _pays(slot: Slot, rent: float, n_bytes: int, room: int) -> bool:
        """Whether to park a conversation."""
        is_cheaper = rent > PARK_S + n_bytes / _PARK_BYTES_PER_S
        return is_cheaper and 0 < n_bytes <= room and not slot.to_store and min(slot.cached) >= 0
