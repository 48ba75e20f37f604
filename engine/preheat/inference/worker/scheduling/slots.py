"""Slots of the KV cache: their content, and the best one for a new request. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from preheat.inference.worker.prefixes import Missing, shared_prefix

CHUNK_TOKENS: Final = 64
"""Prompts are cut at multiples of this, so that the same prompt is computed in the same pieces.

Larger pieces of whole chunks give the same bits on processors: their attention has one path for up to 63 tokens, and
another one for more. Up to 63, steps from a model's ``even_step`` on give the same bits, too.
"""

_GRID_SHARE: Final = 32
"""One part in so many of a prompt is computed again, if all of it is then in whole chunks: for requests with a seed."""


@dataclass(slots=True, eq=False)
class Slot:
    """One sequence of the KV cache."""

    index: int  # the sequence id
    # the tokens in the cache, from position 0; negative numbers stand for images
    cached: list[int] = field(default_factory=list)
    used_at: int = 0  # orders idle slots by their last use
    busy: bool = False  # a running generation owns it
    whole: int = 0  # the first tokens in the cache, as far as they were computed in whole chunks
    even: int = 0  # the same, and what follows in even steps
    ahead: int = 0  # further tokens in the cache, of a draft: to be removed
    prompt_tokens: int = 0  # length of the last prompt; what follows in the cache was generated
    used_s: float = 0.0  # time of the last use, in seconds of the runner's clock
    private: bool = False  # other requests do not get the content; it is forgotten as soon as the slot is idle
    storable: bool = True  # the content may be copied and stored
    to_store: list[Missing] = field(default_factory=list)  # parts of the content that are to be copied and stored
    parked: memoryview | None = None  # a copy of the cells, which have left the KV cache
    rent_s: float = 0.0  # time that the cells have cost requests since the last use, in seconds
    preloaded_tokens: int = 0  # the first tokens in the cache that a load put back, until a request uses them
    preloaded_s: float = 0.0  # time of prefill that these save, in seconds

    @property
    def cells(self) -> int:
        """Tokens that are in the KV cache."""
        return 0 if self.parked is not None else len(self.cached)

    def unparked(self, *, there: bool) -> None:
        """Note that the cells are in the KV cache again; if they are not ``there``, they stay parked."""
        if there:
            self.parked = None
        else:
            self.to_store = []

    def clear(self) -> None:
        """Forget the content."""
        self.cut(0)
        self.parked, self.rent_s = None, 0.0
        self.private, self.storable, self.ahead = False, True, 0

    def claim_saved_s(self, kept: int) -> float:
        """Return the time that a load has saved the first request with the content, which uses ``kept`` tokens."""
        share = min(kept / self.preloaded_tokens, 1.0) if self.preloaded_tokens else 0.0
        saved_s, self.preloaded_tokens, self.preloaded_s = share * self.preloaded_s, 0, 0.0
        return saved_s

    def cut(self, length: int) -> None:
        """Forget all but the first tokens."""
        del self.cached[length:]
        self.whole, self.even = min(self.whole, length), min(self.even, length)
        if not length:
            self.preloaded_tokens, self.preloaded_s = 0, 0.0
        self.to_store = [missing for missing in self.to_store if missing.end <= length]

    def usable(self, tokens: list[int], *, chunk: int, exact: bool = False, even_step: int = 0) -> int:
        """Return how many of a prompt's first tokens need not be computed.

        At least the last token is left to compute, because its logits are needed.

        Args:
            tokens: The prompt.
            chunk: Size of a chunk, to stay with whole chunks where that costs little; 0 takes any beginning.
            exact: The other tokens have to get the same bits as if all were computed, in whole chunks and the rest.
            even_step: Fewest tokens of an even step.
        """
        if self.private:
            return 0
        length = min(shared_prefix(self.cached, tokens), len(tokens) - 1)
        whole = min(length, self.whole) // chunk * chunk if chunk else length
        if exact:
            is_rest = length >= self.whole == len(tokens) // chunk * chunk
            length = max(whole, min(length, self.even, len(tokens) - even_step)) if is_rest else whole
        elif (length - whole) * _GRID_SHARE <= len(tokens) - length:
            length = whole
        while length and tokens[length] < 0 and tokens[length] == tokens[length - 1]:
            length -= 1  # an image is computed as a whole
        return length


class PrefixReuse(NamedTuple):
    """The source of a prompt's beginning for a slot.

    The runner first cuts the slot to ``keep`` tokens. Where the model cannot do that, the slot ends up empty. If then
    ``shared`` is longer than what was kept, the slot shares that many of the donor's cells instead. The cells of a
    parked source are copied into the slot.
    """

    slot: Slot
    held: int  # tokens in the slot before
    keep: int
    donor: Slot | None = None  # slot with the same beginning; None if no other slot has one
    shared: int = 0

    @property
    def source(self) -> Slot:
        """The slot that has the beginning, if it can be kept."""
        return self.donor if self.donor is not None and self.shared > self.keep else self.slot

    def whole(self, kept: int, chunk: int) -> int:
        """Return ``Slot.whole`` after the runner has kept this many tokens."""
        return min([kept // chunk * chunk, *(slot.whole for slot in self._sources(kept))])

    def even(self, kept: int, chunk: int) -> int:
        """Return ``Slot.even`` after that."""
        sources = self._sources(kept)
        if any(slot.whole > kept for slot in sources):
            return self.whole(kept, chunk)
        return min([kept, *(max(slot.whole, slot.even) for slot in sources)])

    def _sources(self, kept: int) -> list[Slot]:
        """Return the slots that have these tokens."""
        sources = [self.slot] if kept == self.keep else []
        if self.donor is not None and kept == self.shared:
            sources.append(self.donor)
        return sources


def plan_reuse(
    slots: Sequence[Slot],
    tokens: list[int],
    *,
    reuse: bool = True,
    recurrent: bool,
    chunk: int = 0,
    exact: bool = False,
    even_step: int = 0,
) -> PrefixReuse | None:
    """Return which free slot a prompt gets and how much of its beginning can be kept; None if every slot is busy.

    Without ``reuse`` the slot is emptied; the state of a ``recurrent`` model cannot be shared between slots. See
    ``Slot.usable`` for the rest.
    """
    free = [slot for slot in slots if not slot.busy]
    if not free:
        return None
    # Empty slots first, then the least recently used one.
    cheapest = min(free, key=lambda slot: (bool(slot.cached), slot.used_at))
    if not reuse:
        return PrefixReuse(cheapest, len(cheapest.cached), 0)
    usable = {slot.index: slot.usable(tokens, chunk=chunk, exact=exact, even_step=even_step) for slot in slots}
    best = max(free, key=lambda slot: (usable[slot.index], -len(slot.cached)))
    # Cutting a long conversation down to a system prompt that it happens to share would lose the conversation.
    continues = usable[best.index] > 0 and shared_prefix(best.cached, tokens) * 2 >= len(best.cached)
    slot = best if continues else cheapest
    keep = usable[slot.index]
    others = [other for other in slots if other is not slot]
    if recurrent or not others:
        return PrefixReuse(slot, len(slot.cached), keep)
    donor = max(others, key=lambda other: usable[other.index])
    return PrefixReuse(slot, len(slot.cached), keep, donor, usable[donor.index])


def oldest_idle(slots: Iterable[Slot]) -> Slot | None:
    """Return the least recently used idle slot with cells in the KV cache."""
    return min((slot for slot in slots if slot.cells and not slot.busy), key=lambda slot: slot.used_at, default=None)
