"""Chooses the context length of a model whose setting is ``auto``. Pure.

A KV cache is written when it is made, so an unused one costs memory and load time like a used one. A model therefore
begins with what most requests need, and grows once one needs more.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from preheat.messages import Message, msg
from preheat.settings import USUAL_CONTEXT

LEAST: Final = 4096
"""Tokens that a model gets although favourites have to leave for it; fewer only where the memory limit has no room."""

MOST_AT_FIRST: Final = 32_768
"""The most tokens before a request needs more: a document or a coding session."""

_LIMIT_SHARE: Final = 8
"""Above the usual length, a KV cache takes at most 1/8 of the memory limit before a request needs more."""

_SMALLEST: Final = 1024
_UNKNOWN: Final = 2**24
_TOKENS_EACH: Final = 1024
"""Tokens for each request where the user lets several run at once."""


@dataclass(frozen=True, slots=True)
class Remembered:
    """A length that a model was loaded with.

    Attributes:
        limit_bytes: The memory limit at that time, and those of the devices for the model.
        grown: A request needed it.
    """

    tokens: int
    limit_bytes: int
    grown: bool = False


@dataclass(frozen=True, slots=True)
class ContextFacts:
    """What a choice depends on. Everything follows from files, settings and habits: none of it moves with free memory.

    Attributes:
        trained_tokens: 0 if the file does not say.
        working_bytes: Returns the estimated main memory of the model for a context length.
        kv_bytes: Returns the part of it that the KV cache takes.
        on_devices: Returns how much of the model is on devices with a context length; see ``Placement.rank``.
        limit_bytes: Main memory that all models may take together.
        devices_bytes: The same of the devices that this model may be put on.
        favourites_bytes: Memory of the favourites, without this model.
        likely_bytes: Memory of other models that are used much. They leave no less than the usual length.
        parallel: Requests that the user lets run at once; 1 if that is left to Preheat.
        most_at_first: The most tokens before a request needs more.
        remembered: What the model was loaded with before.
        failed_tokens: A load with this length found too little memory; 0 if none has.
    """

    trained_tokens: int
    working_bytes: Callable[[int], int]
    kv_bytes: Callable[[int], int]
    limit_bytes: int
    on_devices: Callable[[int], tuple[int, int]] = lambda _: (0, 0)
    devices_bytes: int = 0
    favourites_bytes: int = 0
    likely_bytes: int = 0
    parallel: int = 1
    most_at_first: int = MOST_AT_FIRST
    remembered: Remembered | None = None
    failed_tokens: int = 0

    def may_load(self, tokens: int) -> bool:
        """Return whether a load with this length has not failed."""
        return not 0 < self.failed_tokens <= tokens

    def fits_beside_favourites(self, tokens: int) -> bool:
        """Return whether the model with this length leaves the favourites their memory."""
        return self.may_load(tokens) and self.working_bytes(tokens) + self.favourites_bytes <= self.limit_bytes

    def leaves_devices(self, tokens: int) -> bool:
        """Return whether less of the model is on devices than with the usual length."""
        return tokens > USUAL_CONTEXT and self.on_devices(tokens) < self.on_devices(USUAL_CONTEXT)


@dataclass(frozen=True, slots=True)
class ContextChoice:
    """A model's context length.

    Attributes:
        reason: Why it is not more.
        cost_bytes: Estimated memory of its KV cache.
    """

    tokens: int
    reason: Message
    cost_bytes: int


def choose_context(facts: ContextFacts) -> ContextChoice:
    """Return the context length of a model.

    One that it was loaded with stays while it fits beside the favourites: a change costs stored prompts and
    measurements. It is exceeded only if a memory limit was raised or a device has come. One that no request needed
    makes room for layers on a device.
    """
    known, first = facts.remembered, _first_choice(facts)
    if known is None or known.tokens > _trained(facts) or not facts.fits_beside_favourites(known.tokens):
        return first
    grown_limit = facts.limit_bytes + facts.devices_bytes > known.limit_bytes
    if first.tokens == known.tokens or (first.tokens > known.tokens and grown_limit):
        return first
    if not known.grown and facts.leaves_devices(known.tokens):
        return first
    reason = msg("context_grown" if known.grown else "context_kept")
    return ContextChoice(known.tokens, reason, facts.kv_bytes(known.tokens))


def grown_context(facts: ContextFacts, tokens: int) -> int | None:
    """Return the next length with room for this many tokens; None if it does not fit beside the favourites."""
    most = _trained(facts)
    step = next((step for step in _steps(most) if step >= tokens), most)
    tokens = min(tokens, most)
    # A conversation that grows further would be loaded again for each turn; exactly what is needed comes last.
    fitting = (each for each in (step, (tokens + step) // 2, tokens) if facts.fits_beside_favourites(each))
    return next(fitting, None)


def _first_choice(facts: ContextFacts) -> ContextChoice:
    most = min(_trained(facts), facts.most_at_first if facts.trained_tokens else USUAL_CONTEXT)
    steps = tuple(_steps(most))
    usual = max(USUAL_CONTEXT, facts.parallel * _TOKENS_EACH)
    reason = msg("context_trained_for" if most == facts.trained_tokens else "context_first")
    others_bytes, likely_bytes = facts.favourites_bytes, facts.likely_bytes
    if not facts.fits_beside_favourites(min(LEAST, most)):  # a favourite leaves in any case
        others_bytes, steps = 0, tuple(step for step in steps if step <= usual) or steps[:1]
    for tokens in reversed(steps):
        kv_bytes, working_bytes = facts.kv_bytes(tokens), facts.working_bytes(tokens)
        if not facts.may_load(tokens):
            reason = msg("context_failed")
        elif working_bytes > facts.limit_bytes:
            reason = msg("context_limit")
        elif tokens > LEAST and working_bytes + others_bytes > facts.limit_bytes:
            reason = msg("context_beside_favourites")
        elif tokens > usual and working_bytes + others_bytes + likely_bytes > facts.limit_bytes:
            reason = msg("context_beside_likely")
        elif tokens > usual and facts.leaves_devices(tokens):
            reason = msg("context_on_device")
        elif tokens > usual and kv_bytes * _LIMIT_SHARE > facts.limit_bytes:
            reason = msg("context_first")
        else:
            return ContextChoice(tokens, reason, kv_bytes)
    return ContextChoice(steps[0], reason, facts.kv_bytes(steps[0]))


def _trained(facts: ContextFacts) -> int:
    return facts.trained_tokens or _UNKNOWN


def _steps(most: int) -> Iterator[int]:
    """Return powers of two below ``most``, and ``most``."""
    tokens = _SMALLEST
    while tokens < most:
        yield tokens
        tokens *= 2
    yield most
