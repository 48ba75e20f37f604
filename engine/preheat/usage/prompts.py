"""Beginnings of prompts (system prompt and tools) that clients use, and which of them are likely to come next.

Only keys are known, never a prompt's text. Pure: times come in, no clock is read. Engine loop only.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import tzinfo
from typing import Final, NamedTuple

from preheat.usage.popularity import HALF_LIFE_S, Popularity, Weights
from preheat.usage.records import RequestRecord

MAX_PROMPTS: Final = 64
"""Prompts remembered per model and client together; the least likely half is forgotten then. An agent that changes its
system prompt with every request must not fill the memory."""

_SEPARATOR: Final = "\0"


class KnownPrompt(NamedTuple):
    """A beginning of prompts that a client has used.

    Attributes:
        key: Its key, as hex; see ``preheat.inference.prefixes``.
        tokens: Its length.
        used_at: Unix time of the last request with it.
    """

    client: str
    key: str
    tokens: int
    used_at: float


class PromptHabits:
    """Ranks the beginnings of prompts of each model by client, time since their use, and hour of the day.

    Args:
        half_life_s: See ``Popularity``.
        timezone: See ``Popularity``.
    """

    def __init__(self, half_life_s: float = HALF_LIFE_S, timezone: tzinfo | None = None) -> None:
        self._half_life_s = half_life_s
        self._timezone = timezone
        self._models: dict[str, _ModelPrompts] = {}

    @property
    def models(self) -> tuple[str, ...]:
        """The models with prompts."""
        return tuple(self._models)

    def note(self, record: RequestRecord) -> None:
        """Note the beginning of a request's prompt."""
        if record.prefix:
            if (model := self._models.get(record.model_id)) is None:
                self._models[record.model_id] = model = _ModelPrompts(self._half_life_s, self._timezone)
            model.note(KnownPrompt(record.client, record.prefix, record.prefix_tokens, record.started_at))

    def ranked(self, model_id: str, now: float, asking: Sequence[str] = ()) -> tuple[KnownPrompt, ...]:
        """Return a model's prompts, the likeliest first, each key once.

        The last one of each client comes before all others, that of an ``asking`` client first of all.
        """
        model = self._models.get(model_id)
        return () if model is None else model.ranked(now, asking)

    def keys(self, model_id: str) -> tuple[str, ...]:
        """Return the keys of a model's prompts."""
        model = self._models.get(model_id)
        return () if model is None else tuple(dict.fromkeys(prompt.key for prompt in model.prompts.values()))


class _ModelPrompts:
    """The prompts of one model, by client and key."""

    def __init__(self, half_life_s: float, timezone: tzinfo | None) -> None:
        self._half_life_s = half_life_s
        self._timezone = timezone
        self._uses = Popularity(half_life_s, timezone)
        self.prompts: dict[str, KnownPrompt] = {}

    def note(self, prompt: KnownPrompt) -> None:
        name = f"{prompt.client}{_SEPARATOR}{prompt.key}"
        self._uses.note(name, prompt.used_at)
        self.prompts.pop(name, None)  # the last used one is the last one
        self.prompts[name] = prompt
        if len(self.prompts) > MAX_PROMPTS:
            self._forget(prompt.used_at)

    def ranked(self, now: float, asking: Sequence[str]) -> tuple[KnownPrompt, ...]:
        heat = self._uses.heat(now, Weights())
        by_heat = sorted(self.prompts, key=heat.__getitem__, reverse=True)
        of_clients: dict[str, float] = {}
        for name, prompt in self.prompts.items():
            of_clients[prompt.client] = of_clients.get(prompt.client, 0.0) + heat[name]
        last = {prompt.client: name for name, prompt in self.prompts.items()}
        clients = sorted(of_clients, key=of_clients.__getitem__, reverse=True)
        first = [last[client] for client in dict.fromkeys((*asking, *clients)) if client in last]
        return tuple(_each_key_once(self.prompts[name] for name in (*first, *by_heat)))

    def _forget(self, now: float) -> None:
        heat = self._uses.heat(now, Weights())
        kept = set(sorted(self.prompts, key=heat.__getitem__, reverse=True)[: MAX_PROMPTS // 2])
        self.prompts = {name: prompt for name, prompt in self.prompts.items() if name in kept}
        rows = (row for row in self._uses.to_rows() if row.model_id in kept)
        self._uses = Popularity(self._half_life_s, self._timezone, rows)


def _each_key_once(prompts: Iterable[KnownPrompt]) -> Iterator[KnownPrompt]:
    seen: set[str] = set()
    for prompt in prompts:
        if prompt.key not in seen:
            seen.add(prompt.key)
            yield prompt
