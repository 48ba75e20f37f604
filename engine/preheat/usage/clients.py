"""A client that wakes up: which model it uses next, from simple counts of what it did before. Pure."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from typing import Final, NamedTuple

LEAST_WAKE_UPS: Final = 5
"""A client is known after so many."""

SURE_SHARE: Final = 0.8
"""A model is expected when so many of the remembered wake-ups were followed by a request for it."""

REMEMBERED: Final = 20
"""Wake-ups kept per client, so that one whose habits change is known anew soon."""

PATIENCE_S: Final = 1800.0
"""A request later than this after a wake-up is not its consequence."""

_MAX_CLIENTS: Final = 1000
"""Anyone on the machine can invent names; the least recently seen are forgotten."""

_NAMED: Final = "\0named"
"""Stands for the very model whose details were asked for, whichever it was."""


class ClientRow(NamedTuple):
    """One client's memory as the usage log stores it.

    Attributes:
        client: The shortened user agent, or whatever else tells clients apart.
        named: Whether this is about wake-ups that named a model (its details were asked for).
        followed: The models used after the last wake-ups, oldest first.
    """

    client: str
    named: bool
    followed: tuple[str, ...]


class ClientHabits:
    """What clients do after they wake up: after they list models, ask for a model's details, or open a session.

    Not thread-safe; the engine's thread owns it.

    Args:
        rows: What ``to_rows`` gave earlier.
    """

    def __init__(self, rows: Iterable[ClientRow] = ()) -> None:
        self._followed: dict[tuple[str, bool], deque[str]] = {}
        self._awake: dict[str, tuple[float, str]] = {}
        for client, named, followed in rows:
            self._followed[client, named] = deque(followed, REMEMBERED)

    def wake(self, client: str, at: float, model_id: str = "") -> str | None:
        """Note that a client woke up, and return the model that it nearly always uses next, if there is one.

        Args:
            at: Unix time.
            model_id: The model whose details it asked for; empty if it asked for none in particular.
        """
        if not client:
            return None
        self._awake.pop(client, None)
        self._awake[client] = at, model_id
        if len(self._awake) > _MAX_CLIENTS:
            del self._awake[next(iter(self._awake))]
        return self.predict(client, model_id)

    def use(self, client: str, at: float, model_id: str) -> None:
        """Note a request; the first one after a wake-up is what followed it."""
        woke_at, named = self._awake.pop(client, (None, ""))
        if woke_at is None or not 0 <= at - woke_at <= PATIENCE_S:
            return
        key = client, bool(named)
        followed = self._followed.pop(key, None) or deque(maxlen=REMEMBERED)
        followed.append(_NAMED if named == model_id else model_id)
        self._followed[key] = followed
        if len(self._followed) > _MAX_CLIENTS:
            del self._followed[next(iter(self._followed))]

    def predict(self, client: str, model_id: str = "") -> str | None:
        """Return the model that a client nearly always uses after such a wake-up; None if there is none."""
        followed = self._followed.get((client, bool(model_id)), ())
        if len(followed) < LEAST_WAKE_UPS:
            return None
        best = max(sorted(set(followed)), key=followed.count)
        if followed.count(best) < SURE_SHARE * len(followed):
            return None
        return model_id if best == _NAMED else best

    def likely(self, client: str) -> tuple[str, ...]:
        """Return the models that followed the remembered wake-ups that named none, the most frequent first."""
        followed = self._followed.get((client, False), ())
        return tuple(sorted(set(followed), key=lambda model_id: (-followed.count(model_id), model_id)))

    def counts(self, client: str, model_id: str) -> tuple[int, int]:
        """Return how many of the remembered wake-ups that named no model this one followed, and how many there are."""
        followed = self._followed.get((client, False), ())
        return followed.count(model_id) if followed else 0, len(followed)

    def to_rows(self) -> tuple[ClientRow, ...]:
        """Return all clients' memories, to be stored; least recently seen first."""
        return tuple(ClientRow(client, named, tuple(followed)) for (client, named), followed in self._followed.items())
