"""Slots of the KV cache: their content, and the best one for a new request. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple


@dataclass(slots=True, eq=False)
class Slot:
    """One sequence of the KV cache."""

    index: int  # the sequence id
    cached: list[int] = field(default_factory=list)  # the tokens in the cache, from position 0
    used_at: int = 0  # orders idle slots by their last use
    busy: bool = False  # a running generation owns it


class PrefixReuse(NamedTuple):
    """The source of a prompt's beginning for a slot.

    The runner first cuts the slot to ``keep`` tokens. Where the model cannot do that, the slot ends up empty. If then
    ``shared`` is longer than what was kept, the slot shares that many of the donor's cells instead.
    """

    slot: Slot
    held: int  # tokens in the slot before
    keep: int
    donor: Slot | None = None  # slot with the same beginning; None if no other slot has one
    shared: int = 0


def plan_reuse(slots: Sequence[Slot], tokens: Sequence[int], *, reuse: bool, recurrent: bool) -> PrefixReuse | None:
    """Return which free slot a prompt gets and how much of its beginning can be kept; None if every slot is busy.

    At least the last token is left to compute, because its logits are needed. Without ``reuse`` the slot is emptied;
    the state of a ``recurrent`` model cannot be shared between slots.
    """
    free = [slot for slot in slots if not slot.busy]
    if not free:
        return None
    # Empty slots first, then the least recently used one.
    cheapest = min(free, key=lambda slot: (bool(slot.cached), slot.used_at))
    if not reuse:
        return PrefixReuse(cheapest, len(cheapest.cached), 0)
    limit = len(tokens) - 1
    shared = {slot.index: shared_prefix(slot.cached, tokens) for slot in slots}
    best = max(free, key=lambda slot: (shared[slot.index], -len(slot.cached)))
    # Cutting a long conversation down to a system prompt that it happens to share would lose the conversation.
    slot = best if shared[best.index] > 0 and shared[best.index] * 2 >= len(best.cached) else cheapest
    keep = min(shared[slot.index], limit)
    others = [other for other in slots if other is not slot]
    if recurrent or not others:
        return PrefixReuse(slot, len(slot.cached), keep)
    donor = max(others, key=lambda other: shared[other.index])
    return PrefixReuse(slot, len(slot.cached), keep, donor, min(shared[donor.index], limit))


def oldest_idle(slots: Iterable[Slot]) -> Slot | None:
    """Return the least recently used idle slot with content."""
    return min((slot for slot in slots if slot.cached and not slot.busy), key=lambda slot: slot.used_at, default=None)


def shared_prefix(left: Sequence[int], right: Sequence[int]) -> int:
    """Return the number of tokens that both begin with."""
    length = min(len(left), len(right))
    if left[:length] == right[:length]:  # a continued conversation: compared in C
        return length
    return next(at for at in range(length) if left[at] != right[at])
