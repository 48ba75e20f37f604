"""The context length of every model: the user's number, or what ``auto`` means; and what requests needed beyond it."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from preheat.devices import DeviceRoom
from preheat.files import read_json, write_atomic
from preheat.messages import msg
from preheat.models import ModelFile
from preheat.residency.contexts.choice import (
    LEAST,
    MOST_AT_FIRST,
    ContextChoice,
    ContextFacts,
    Remembered,
    choose_context,
    grown_context,
)
from preheat.residency.estimates import kv_cache_bytes
from preheat.residency.memory.system import read_memory
from preheat.residency.sizes import SizeTable
from preheat.settings import AUTO, USUAL_CONTEXT, EffectiveModelSettings, ModelSettings, Settings

logger = logging.getLogger(__name__)

_MOST_REMEMBERED: Final = 1000
_MOST_TOKENS: Final = 2**24
_FAILURE_S: Final = 600.0
"""Time until a request may let a model grow again to a length whose load has failed."""


_NO_OWN_SETTINGS: Final = ModelSettings()


@dataclass(frozen=True, slots=True)
class Growth:
    """A larger context length that a model gets for a request, and the memory that it needs then."""

    tokens: int
    needed_bytes: int


@dataclass(frozen=True, slots=True)
class _Failure:
    """A length whose load found too little memory, and when, in Unix time."""

    tokens: int
    failed_at: float


class ContextLengths:
    """Chooses the lengths, and remembers those that models were loaded with. Engine's loop only.

    Args:
        path: A small file, read at once, whose loss only costs stored prompts and measurements; None keeps nothing.
        total_bytes: Physical memory.
        sizes: Knows the devices, which take some of the models' memory.
    """

    def __init__(
        self, path: Path | None = None, total_bytes: int | None = None, sizes: SizeTable | None = None
    ) -> None:
        self._path = path
        self._sizes: Final = sizes or SizeTable(Settings())
        self._total_bytes = read_memory().total_bytes if total_bytes is None else total_bytes
        self._remembered = self._read()
        self._required: dict[str, int] = {}  # by requests, until Preheat ends
        self._trials: dict[str, ContextChoice] = {}  # growth for requests, until the model has been loaded with it
        self._failed: dict[str, _Failure] = {}  # until the settings change
        self._choices: dict[str, ContextChoice] = {}
        self._models: dict[str, ModelFile] = {}
        self._favourites: dict[str, int] = {}  # estimated bytes of those that fit together
        self._likely: dict[str, int] = {}  # the same of other models that are used much

    def _read(self) -> dict[str, Remembered]:
        """Return the lengths of earlier runs."""
        try:
            content: Any = read_json(self._path) if self._path is not None else {}
            found = {str(name): _remembered(known) for name, known in content["models"].items()}
        except (OSError, ValueError, TypeError, KeyError, AttributeError):  # there is none, or it was edited
            return {}
        return {name: known for name, known in found.items() if known is not None}

    def choose(
        self, settings: Settings, models: Sequence[ModelFile], favourites: Sequence[str], likely: Sequence[str] = ()
    ) -> Settings:
        """Choose the length of every model; return the settings with them.

        Favourites choose first, in their order, and leave room for those after them. Models that are gone from the
        disk keep theirs: they may be in memory.

        Args:
            favourites: Ids, the most important first.
            likely: Ids of other models that are used much, the most used first.
        """
        by_id = {model.model_id: model for model in models}
        self._models.update(by_id)
        sizes = {name: self._usual_size(by_id[name], settings) for name in (*favourites, *likely) if name in by_id}
        room_bytes = self._limit_bytes(settings)
        self._favourites = _those_that_fit({name: sizes[name] for name in favourites if name in sizes}, room_bytes)
        room_bytes -= sum(self._favourites.values())
        others = {name: size for name, size in sizes.items() if name not in favourites}
        self._likely = _those_that_fit(others, room_bytes)
        for name in dict.fromkeys((*(name for name in favourites if name in by_id), *by_id)):
            choice = self._choices[name] = self._choice(by_id[name], settings)
            if name in self._favourites:
                self._favourites[name] = self.size(by_id[name], choice.tokens, settings)
        return self.apply_to(settings)

    def apply_to(self, settings: Settings) -> Settings:
        """Return the settings with the chosen lengths instead of ``auto``, and with those that requests needed."""
        models = dict(settings.models)
        for model_id, choice in self._choices.items():
            wanted = self._needed(model_id, settings)
            if settings.has_auto_context(model_id):
                wanted = max(wanted, choice.tokens)
            elif wanted <= settings.for_model(model_id).context_length:
                continue
            models[model_id] = models.get(model_id, _NO_OWN_SETTINGS).model_copy(update={"context_length": wanted})
        return settings.model_copy(update={"models": MappingProxyType(models)})

    def choice(self, model: ModelFile, settings: Settings) -> ContextChoice:
        """Return the length of a model's next load under these settings, which are the user's."""
        choice = self._choices.get(model.model_id) or self._choice(model, settings)
        if (needed := self._needed(model.model_id, settings)) > choice.tokens:
            return ContextChoice(needed, msg("context_grown"), _kv_bytes(model, settings, needed))
        return choice

    def _needed(self, model_id: str, settings: Settings) -> int:
        """Return the length that requests needed; 0 if none has."""
        trial = self._trials.get(model_id) if settings.has_auto_context(model_id) else None
        return max(self._required.get(model_id, 0), 0 if trial is None else trial.tokens)

    @property
    def rooms(self) -> tuple[DeviceRoom, ...]:
        """The devices that the choices depend on."""
        return self._sizes.rooms

    def growth(self, model: ModelFile, tokens: int, settings: Settings, now: float) -> Growth | None:
        """Return how a model whose length is ``auto`` gets room for this many tokens; None if favourites had to leave.

        None also if the length is the user's number, the model was trained for fewer tokens, or a load with it has
        just failed.
        """
        if not settings.has_auto_context(model.model_id) or 0 < model.context_length < tokens:
            return None
        failure = self._failure(model.model_id, now)
        facts = replace(self._facts(model, settings), failed_tokens=0 if failure is None else failure.tokens)
        length = grown_context(facts, tokens)
        return None if length is None else Growth(length, self.size(model, length, settings))

    def grow(self, model: ModelFile, growth: Growth, settings: Settings) -> None:
        """Let every later load have this length, over restarts once one has succeeded."""
        kv_bytes = _kv_bytes(model, settings, growth.tokens)
        self._trials[model.model_id] = ContextChoice(growth.tokens, msg("context_grown"), kv_bytes)

    def require(self, model: ModelFile, tokens: int) -> None:
        """Let later loads have at least this length until Preheat ends."""
        self._required[model.model_id] = tokens

    def load_failed(self, model: ModelFile, settings: Settings, now: float) -> bool:
        """Choose a smaller length for a model whose load found too little memory; return whether there is one.

        It is not remembered: there may be more memory at the next start.
        """
        model_id, failed = model.model_id, self.choice(model, settings).tokens
        self._required.pop(model_id, None)
        self._trials.pop(model_id, None)
        if failed > LEAST:
            self._failed[model_id] = _Failure(failed, now)
        else:  # the memory is not what the context takes
            self._failed.pop(model_id, None)
        choice = self._choices[model_id] = self._choice(model, settings)
        return choice.tokens < failed

    def may_load(self, model: ModelFile, tokens: int, now: float) -> bool:
        """Return whether a load with this length has not just failed."""
        failure = self._failure(model.model_id, now)
        return failure is None or tokens < failure.tokens

    def _failure(self, model_id: str, now: float) -> _Failure | None:
        """Return the last failure of a model, unless it is so long ago that a request may try again."""
        failure = self._failed.get(model_id)
        return failure if failure is not None and 0 <= now - failure.failed_at < _FAILURE_S else None

    def forget_failures(self) -> None:
        """Try all lengths again."""
        self._failed.clear()

    def estimated_bytes(self, model: ModelFile, settings: Settings) -> int:
        """Return the estimated memory of a model if these were the user's settings."""
        return self.size(model, self._choice(model, settings).tokens, settings)

    def size(self, model: ModelFile, tokens: int, settings: Settings) -> int:
        """Return the estimated main memory of a model with another context length."""
        return self._sizes.under(model, _with_context(model, settings, tokens))[0]

    def cost(self, model: ModelFile, tokens: int, settings: Settings) -> int:
        """Return the estimated memory of a model's KV cache with this context length."""
        return _kv_bytes(model, settings, tokens)

    def loaded(self, model_id: str, tokens: int, settings: Settings) -> None:
        """Remember the length of a model that has been loaded, which has room for this many tokens."""
        trial, limit_bytes = self._trials.get(model_id), self._limit_bytes(settings)
        if (model := self._models.get(model_id)) is not None:
            limit_bytes += self._sizes.device_room_bytes(model)
        if trial is not None and tokens >= trial.tokens:
            self._choices[model_id] = self._trials.pop(model_id)
            self._remember(model_id, Remembered(trial.tokens, limit_bytes, grown=True))
        choice, known = self._choices.get(model_id), self._remembered.get(model_id)
        apart = self._required.keys() | self._trials.keys() | self._failed.keys()
        if choice is None or not settings.has_auto_context(model_id) or model_id in apart:
            return
        if known is None or known.tokens != choice.tokens:
            self._remember(model_id, Remembered(choice.tokens, limit_bytes))

    def _choice(self, model: ModelFile, settings: Settings) -> ContextChoice:
        if settings.has_auto_context(model.model_id):
            return choose_context(self._facts(model, settings))
        number = settings.for_model(model.model_id).context_length
        tokens = min(number, model.context_length or number)
        return ContextChoice(tokens, msg("context_set"), _kv_bytes(model, settings, tokens))

    def _facts(self, model: ModelFile, settings: Settings) -> ContextFacts:
        own, failure = settings.for_model(model.model_id), self._failed.get(model.model_id)
        # Each length is asked for several times, and placing layers takes a millisecond.
        under = cache(lambda tokens: self._sizes.under(model, _with_context(model, settings, tokens)))
        return ContextFacts(
            trained_tokens=model.context_length,
            working_bytes=lambda tokens: under(tokens)[0],
            kv_bytes=lambda tokens: _kv_bytes(model, settings, tokens),
            limit_bytes=self._limit_bytes(settings),
            on_devices=lambda tokens: under(tokens)[1].rank,
            devices_bytes=self._sizes.device_room_bytes(model),
            favourites_bytes=_sum_without(self._favourites, model.model_id),
            likely_bytes=_sum_without(self._likely, model.model_id),
            parallel=1 if own.parallel == AUTO else own.parallel,
            # An embedding model computes an input at once: the memory for that grows with the square of its tokens.
            most_at_first=USUAL_CONTEXT if model.embeddings else MOST_AT_FIRST,
            remembered=self._remembered.get(model.model_id),
            failed_tokens=0 if failure is None else failure.tokens,
        )

    def _usual_size(self, model: ModelFile, settings: Settings) -> int:
        """Return the memory of a model before its choice is made."""
        known, own = self._remembered.get(model.model_id), settings.for_model(model.model_id)
        auto = settings.has_auto_context(model.model_id)
        return self.size(model, known.tokens if known is not None and auto else own.context_length, settings)

    def _limit_bytes(self, settings: Settings) -> int:
        """Return the memory limit. Not what the system has at the moment: a length must not change with that."""
        total = self._total_bytes
        return min(settings.memory_limit.resolve(total), total - settings.keep_free.resolve(total))

    def _remember(self, model_id: str, known: Remembered) -> None:
        self._remembered.pop(model_id, None)
        self._remembered[model_id] = known
        self._remembered = dict(list(self._remembered.items())[-_MOST_REMEMBERED:])
        if self._path is None:
            return
        content = {"models": {name: asdict(each) for name, each in self._remembered.items()}}
        try:
            write_atomic(self._path, json.dumps(content, indent=1), durable=False)
        except OSError as error:
            logger.warning("%s cannot be saved: %s", self._path, error)


def _with_context(model: ModelFile, settings: Settings, tokens: int) -> EffectiveModelSettings:
    return replace(settings.for_model(model.model_id), context_length=tokens)


def _kv_bytes(model: ModelFile, settings: Settings, tokens: int) -> int:
    return kv_cache_bytes(model, _with_context(model, settings, tokens))


def _sum_without(sizes: Mapping[str, int], model_id: str) -> int:
    return sum(size for other, size in sizes.items() if other != model_id)


def _those_that_fit(sizes: Mapping[str, int], room_bytes: int) -> dict[str, int]:
    """Return the models that fit together, the first ones before others."""
    fitting: dict[str, int] = {}
    for model_id, size in sizes.items():
        if size <= room_bytes:
            fitting[model_id] = size
            room_bytes -= size
    return fitting


def _remembered(content: Any) -> Remembered | None:
    if not isinstance(content, dict):
        return None
    tokens, limit_bytes, grown = content.get("tokens"), content.get("limit_bytes"), content.get("grown")
    if type(tokens) is not int or type(limit_bytes) is not int or not 0 < tokens <= _MOST_TOKENS:
        return None
    return Remembered(tokens, limit_bytes, grown is True)
