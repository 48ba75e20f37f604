"""Context lengths of the engine's models: chosen when files, settings or favourites change, and raised by requests."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

from preheat.clock import unix_time
from preheat.errors import ContextLengthExceededError, EngineError, InsufficientMemoryError
from preheat.messages import msg
from preheat.models import ModelFile
from preheat.preload import PreloadPlanner
from preheat.residency import ContextChoice, ContextLengths, ResidencyExecutor
from preheat.settings import Settings

_ANSWER_TOKENS: Final = 1024
"""Room for an answer, in tokens, that a prompt leaves where the model's context can grow."""

_COUNTED: Final = "prompt_too_long"
_BEYOND_TRAINING: Final = {
    _COUNTED: (ContextLengthExceededError, "prompt_too_long_trained"),
    "prompt_too_long_early": (ContextLengthExceededError, "prompt_too_long_trained_early"),
}
"""What is said instead of these codes where no setting helps."""

_OTHER_CAUSES: Final = ("no_room_made", "no_room_in_bulk")
"""Beginnings of codes of loads that lack memory for other reasons than their size."""


@dataclass(frozen=True, slots=True)
class _Failure:
    """The last load of a model that found too little memory, and whether a smaller one was left."""

    error: weakref.ref[EngineError]
    is_smaller: bool


@dataclass(slots=True)
class ContextKeeper:
    """Gives the engine's parts settings with a number for each model. Engine's loop only.

    Attributes:
        settings: The user's.
        effective: The same with the context length of each model as a number.
    """

    settings: Settings
    lengths: ContextLengths
    residency: ResidencyExecutor
    planner: PreloadPlanner
    apply: Callable[[], None]  # applies ``effective``
    clock: Callable[[], float] = unix_time
    effective: Settings = field(init=False)
    _chosen_for: tuple[object, ...] = field(init=False, default=())
    _failures: dict[str, _Failure] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        self.effective = self.settings

    def length(self, model: ModelFile) -> int:
        """Return a model's limit of prompt and completion together, in tokens: the loaded one, or that of a load."""
        return self.residency.context_length(model.model_id) or self.choice(model).tokens

    def choice(self, model: ModelFile) -> ContextChoice:
        """Return the context length of a model's next load."""
        return self.lengths.choice(model, self.settings)

    def estimated_bytes(self, model: ModelFile, settings: Settings) -> int:
        """Return the estimated memory of a model if these were the user's settings."""
        return self.lengths.estimated_bytes(model, settings)

    def choose(self, settings: Settings, models: Sequence[ModelFile]) -> bool:
        """Choose the lengths for the models and favourites that there are now; return whether one is another."""
        likely = self.planner.likely(self.clock())
        chosen_for = settings, tuple(models), self.planner.favourites, likely, self.lengths.rooms
        if chosen_for == self._chosen_for:  # as after most looks at the disk; 1,000 models take 40 ms
            return False
        if settings != self.settings:
            self.lengths.forget_failures()
        self._chosen_for = chosen_for
        self.settings, before = settings, self.effective
        self.effective = self.lengths.choose(settings, models, self.planner.favourites, likely)
        return self.effective != before

    def devices_changed(self) -> None:
        """Choose again the next time: models may be put on other devices, in the same rooms."""
        self._chosen_for = ()

    def loaded(self, model_id: str) -> None:
        """Keep the length of a model that has been loaded."""
        self.lengths.loaded(model_id, self.residency.context_length(model_id) or 0, self.settings)

    def require(self, model: ModelFile, tokens: int) -> bool:
        """Let the next load of a model have room for this many tokens; return whether it has not got it now.

        Raises:
            InsufficientMemoryError: There is no room for it.
        """
        tokens = min(tokens, model.context_length or tokens)
        if tokens > self.choice(model).tokens:
            self._extend(model, tokens)
        return (self.residency.context_length(model.model_id) or 0) < tokens

    def load_failed(self, model: ModelFile, error: InsufficientMemoryError, needed_tokens: int = 0) -> bool:
        """Choose less context after a load that found too little memory; return whether to load the model again.

        Args:
            error: Requests that waited for the same load have the same one.
            needed_tokens: What the request asked for.
        """
        failure = self._failures.get(model.model_id)
        if failure is None or failure.error() is not error:
            is_smaller = False
            if not error.message.code.startswith(_OTHER_CAUSES):
                is_smaller = self.lengths.load_failed(model, self.settings, self.clock())
                self._apply()
            failure = self._failures[model.model_id] = _Failure(weakref.ref(error), is_smaller)
        needed = min(needed_tokens, model.context_length or needed_tokens)
        return failure.is_smaller and needed <= self.choice(model).tokens

    def answer_room(self, model: ModelFile) -> int:
        """Return how many tokens a prompt has to leave for its answer; 0 where the model cannot grow."""
        grows = self.settings.has_auto_context(model.model_id) and self.length(model) != model.context_length
        return _ANSWER_TOKENS if grows else 0

    def is_enough(self, model: ModelFile, error: ContextLengthExceededError) -> bool:
        """Return whether a prompt that was too long only left too little room for its answer."""
        tokens = error.message.params.get("tokens")
        return error.message.code == _COUNTED and isinstance(tokens, int) and tokens < self.length(model)

    def room_for_prompt(self, model: ModelFile, error: ContextLengthExceededError) -> int | None:
        """Return the context length that a prompt needs which was too long; None if it has to do with less room.

        Raises:
            ContextLengthExceededError: The length is the user's number, the model was not trained for as much, or a
                favourite would have to leave.
        """
        tokens, trained = error.message.params.get("tokens"), model.context_length
        beyond = _BEYOND_TRAINING.get(error.message.code)
        if beyond is None or not isinstance(tokens, int):
            raise error
        if 0 < trained <= tokens:
            kind, code = beyond
            raise kind(msg(code, tokens=tokens, limit=trained), param=error.param)
        if error.message.code != _COUNTED or not self.settings.has_auto_context(model.model_id):
            raise error
        wanted = min(tokens + _ANSWER_TOKENS, trained or tokens + _ANSWER_TOKENS)
        growth = self.lengths.growth(model, wanted, self.settings, self.clock())
        if growth is not None and growth.needed_bytes <= self.residency.reachable_bytes:
            return growth.tokens
        if self.is_enough(model, error):
            return None
        raise self.no_room(model, error)

    def no_room(self, model: ModelFile, error: ContextLengthExceededError) -> ContextLengthExceededError:
        """Return the error of a prompt that was too long, for a model that cannot grow for it."""
        tokens = error.message.params["tokens"]
        assert isinstance(tokens, int)
        needed = self.lengths.size(model, tokens + _ANSWER_TOKENS, self.settings)
        sizes = {"tokens": tokens, "limit": self.length(model), "needed": needed}
        if self.lengths.may_load(model, tokens + _ANSWER_TOKENS, self.clock()):
            return ContextLengthExceededError(msg("prompt_too_long_no_room", **sizes), param=error.param)
        return ContextLengthExceededError(msg("prompt_too_long_no_memory", **sizes), param=error.param)

    def _extend(self, model: ModelFile, tokens: int) -> None:
        now, limit = self.clock(), self.residency.reachable_bytes
        growth = self.lengths.growth(model, tokens, self.settings, now)
        needed = self.lengths.size(model, tokens, self.settings)
        if growth is not None and growth.needed_bytes <= limit:
            self.lengths.grow(model, growth, self.settings)
        elif needed <= limit and self.lengths.may_load(model, tokens, now):
            self.lengths.require(model, tokens)
        else:
            if (kept := self.residency.room) is not None:
                raise InsufficientMemoryError(kept.with_params(model=model.model_id))
            sizes = {"tokens": tokens, "needed": needed, "limit": limit}
            raise InsufficientMemoryError(msg("no_room_for_context", model=model.model_id, **sizes))
        self._apply()

    def _apply(self) -> None:
        self.effective = self.lengths.apply_to(self.settings)
        self.apply()
