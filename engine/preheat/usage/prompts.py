"""Beginnings of prompts (system prompt and tools) that clients use, and how likely each is to come next.

Only keys are known, never a prompt's text. Pure: times come in, no clock is read. Engine loop only.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import tzinfo
from typing import Final, NamedTuple

from preheat.usage.popularity import HALF_LIFE_S, Popularity, Row, Weights
from preheat.usage.records import RequestRecord

MAX_PROMPTS: Final = 64
"""Prompts remembered per model and client together; the least likely half is forgotten then. An agent that changes its
system prompt with every request must not fill the memory."""

_SEPARATOR: Final = "\0"

_ASKING: Final = 3.0
"""What clients that ask now, or have just started, count compared with all clients together."""

_FORGETTING: Final = 0.95
"""What a client's earlier prompts count for each later one."""

_FIRST_TURNS: Final = (1.5, 0.25, 0.25)
"""What is supposed of a new client: prompts that begin like its last one, like an earlier one, and like none before."""


class KnownPrompt(NamedTuple):
    """A beginning of prompts that a client has used.

    Attributes:
        key: Its key, as hex; see ``preheat.inference.prefixes``.
        tokens: Its length.
        used_at: Unix time of the last request with it.
        share: Chance that the model's next prompt begins with it.
    """

    client: str
    key: str
    tokens: int
    used_at: float
    share: float = 0.0


class PromptHabits:
    """Estimates which beginning of prompts each model gets next: by client, and by how its prompts follow each other.

    Clients and their earlier prompts count by use, by time since it, and by the hour of the day.

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

    def set_half_life(self, half_life_s: float) -> None:
        """Count uses with another half-life from now on, in seconds."""
        self._half_life_s = half_life_s
        for model in self._models.values():
            model.set_half_life(half_life_s)

    def note(self, record: RequestRecord) -> None:
        """Note the beginning of a request's prompt."""
        if record.prefix:
            if (model := self._models.get(record.model_id)) is None:
                self._models[record.model_id] = model = _ModelPrompts(self._half_life_s, self._timezone)
            model.note(KnownPrompt(record.client, record.prefix, record.prefix_tokens, record.started_at))

    def ranked(self, model_id: str, now: float, asking: Sequence[str] = ()) -> tuple[KnownPrompt, ...]:
        """Return a model's prompts, the likeliest first, each key once.

        Args:
            asking: Clients with a request that waits, or that have just started.
        """
        model = self._models.get(model_id)
        return () if model is None else model.ranked(now, asking)

    def keys(self, model_id: str) -> tuple[str, ...]:
        """Return the keys of a model's prompts."""
        model = self._models.get(model_id)
        return () if model is None else tuple(dict.fromkeys(prompt.key for prompt in model.prompts.values()))


class _Turns:
    """How a client's prompts follow each other: decayed counts of those that begin like its last one, or not."""

    __slots__ = ("counts", "last")

    def __init__(self) -> None:
        self.counts = _FIRST_TURNS
        self.last = ""

    def note(self, name: str, *, known: bool) -> None:
        """Note a prompt, and whether the client has used it before."""
        if self.last:
            same, earlier, new = (count * _FORGETTING for count in self.counts)
            again = name == self.last
            self.counts = same + again, earlier + (known and not again), new + (not known)
        self.last = name

    def shares(self) -> tuple[float, float]:
        """Return the chances that the last prompt, and an earlier one, is the next."""
        same, earlier, _ = self.counts
        whole = sum(self.counts)
        return same / whole, earlier / whole


class _ModelPrompts:
    """The prompts of one model, by client and key."""

    def __init__(self, half_life_s: float, timezone: tzinfo | None) -> None:
        self._half_life_s = half_life_s
        self._timezone = timezone
        self._uses = Popularity(half_life_s, timezone)
        self._turns: dict[str, _Turns] = {}
        self.prompts: dict[str, KnownPrompt] = {}

    def set_half_life(self, half_life_s: float) -> None:
        self._half_life_s = half_life_s
        self._keep(self._uses.to_rows())

    def _keep(self, rows: Iterable[Row]) -> None:
        self._uses = Popularity(self._half_life_s, self._timezone, rows)

    def note(self, prompt: KnownPrompt) -> None:
        name = f"{prompt.client}{_SEPARATOR}{prompt.key}"
        self._uses.note(name, prompt.used_at)
        self._turns.setdefault(prompt.client, _Turns()).note(name, known=name in self.prompts)
        self.prompts[name] = prompt
        if len(self.prompts) > MAX_PROMPTS:
            self._forget(prompt.used_at)

    def ranked(self, now: float, asking: Sequence[str]) -> tuple[KnownPrompt, ...]:
        heat = self._uses.heat(now, Weights())
        of_clients: dict[str, dict[str, float]] = {}
        for name, prompt in self.prompts.items():
            of_clients.setdefault(prompt.client, {})[name] = heat[name]
        known = [client for client in dict.fromkeys(asking) if client in of_clients]
        whole = (sum(heat.values()) or 1.0) * (1.0 + _ASKING * bool(known))
        found: dict[str, KnownPrompt] = {}
        for client, heats in of_clients.items():
            asks = _ASKING / (1.0 + _ASKING) / len(known) if client in known else 0.0
            of_client = asks + sum(heats.values()) / whole
            for name, share in self._shares(client, heats):
                prompt = self.prompts[name]
                before = found.get(prompt.key, prompt)
                newer = max(before, prompt, key=lambda each: each.used_at)
                found[prompt.key] = newer._replace(share=before.share + of_client * share)
        return tuple(sorted(found.values(), key=lambda prompt: (-prompt.share, -prompt.used_at)))

    def _shares(self, client: str, heats: Mapping[str, float]) -> Iterator[tuple[str, float]]:
        """Yield the chance of each prompt of a client to be its next one."""
        turns = self._turns[client]
        last, earlier = turns.shares()
        others = sum(heat for name, heat in heats.items() if name != turns.last) or 1.0
        for name, heat in heats.items():
            yield name, last if name == turns.last else earlier * heat / others

    def _forget(self, now: float) -> None:
        heat = self._uses.heat(now, Weights())
        kept = set(sorted(self.prompts, key=heat.__getitem__, reverse=True)[: MAX_PROMPTS // 2])
        self.prompts = {name: prompt for name, prompt in self.prompts.items() if name in kept}
        clients = {prompt.client for prompt in self.prompts.values()}
        self._turns = {client: turns for client, turns in self._turns.items() if client in clients}
        self._keep(row for row in self._uses.to_rows() if row.model_id in kept)
