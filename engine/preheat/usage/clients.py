"""Predicts the next model of a client that becomes active, from counts of its earlier requests. Pure.

A client becomes active ("wakes") when it lists the models, asks for the details of one, or opens a session.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from typing import Any, Final, NamedTuple

MIN_WAKES: Final = 5
"""Wakes needed before a prediction."""

MIN_SHARE: Final = 0.8
"""Share of the remembered wakes that must have been followed by a model to predict it."""

REMEMBERED: Final = 20
"""Wakes kept per client; a small number lets a changed habit replace the old one soon."""

FOLLOWS_WITHIN_S: Final = 1800.0
"""A request later than this after a wake does not count as its consequence."""

RECORD_INTERVAL_S: Final = 60.0
"""A polling client is recorded once per interval."""

_MAX_CLIENTS: Final = 1000
"""Any program on the machine can invent names, so the least recently seen clients are forgotten."""

_NAMED: Final = "\0named"
"""Stands for the model that the wake named, whichever it was."""


class ClientRow(NamedTuple):
    """The stored habits of one client.

    Attributes:
        client: Shortened user agent, or another name of the client.
        named: Whether the wakes named a model.
        followed: Models used after the last wakes, oldest first.
    """

    client: str
    named: bool
    followed: tuple[str, ...]


class ClientHabits:
    """Predicts the model a client uses after it wakes. Not thread-safe.

    Args:
        rows: The result of ``to_rows``.
    """

    def __init__(self, rows: Iterable[ClientRow] = ()) -> None:
        self._followed = {(client, named): deque(followed, REMEMBERED) for client, named, followed in rows}
        self._awake: dict[str, tuple[float, str]] = {}

    def wake(self, client: str, at: float, model_id: str = "") -> str | None:
        """Note that a client woke at the Unix time ``at``; return its prediction (see ``predict``).

        Args:
            model_id: The model it requested details of; empty for none.
        """
        if not client:
            return None
        self._awake.pop(client, None)
        self._awake[client] = at, model_id
        _drop_oldest(self._awake)
        return self.predict(client, model_id)

    def use(self, client: str, at: float, model_id: str) -> None:
        """Note a request; only the first one after a wake counts."""
        woke_at, named = self._awake.pop(client, (None, ""))
        if woke_at is None or not 0 <= at - woke_at <= FOLLOWS_WITHIN_S:
            return
        key = client, bool(named)
        followed = self._followed.pop(key, None) or deque(maxlen=REMEMBERED)
        followed.append(_NAMED if named == model_id else model_id)
        self._followed[key] = followed
        _drop_oldest(self._followed)

    def predict(self, client: str, model_id: str = "") -> str | None:
        """Return the model a client nearly always uses after such a wake; None without a clear habit."""
        followed = self._followed.get((client, bool(model_id)), ())
        if len(followed) < MIN_WAKES:
            return None
        best = max(sorted(set(followed)), key=followed.count)
        if followed.count(best) < MIN_SHARE * len(followed):
            return None
        return model_id if best == _NAMED else best

    def likely(self, client: str) -> tuple[str, ...]:
        """Return the models that followed wakes without a named model, most frequent first."""
        followed = self._followed.get((client, False), ())
        return tuple(sorted(set(followed), key=lambda model_id: (-followed.count(model_id), model_id)))

    def to_rows(self) -> tuple[ClientRow, ...]:
        """Return the habits of all clients for storage, least recently seen first."""
        return tuple(ClientRow(client, named, tuple(followed)) for (client, named), followed in self._followed.items())


class WakeFilter:
    """Decides which wakes the usage log records: those that replay can learn from. Not thread-safe.

    Habits are learned from the last wake before a request, and a preload starts at the first. The first wake in each
    ``RECORD_INTERVAL_S`` is recorded, separately for wakes with and without a named model, and so is the first wake
    after a request.
    """

    def __init__(self) -> None:
        self._recorded_at: dict[tuple[str, bool], float] = {}

    def accept(self, client: str, at: float, model_id: str = "") -> bool:
        """Return whether to record this wake, and note it. Arguments as in ``ClientHabits.wake``."""
        key = client, bool(model_id)
        before = self._recorded_at.get(key)
        # The difference is negative after the clock was set back.
        if not client or (before is not None and 0 <= at - before < RECORD_INTERVAL_S):
            return False
        self._recorded_at.pop(key, None)
        self._recorded_at[key] = at
        _drop_oldest(self._recorded_at)
        return True

    def reset(self, client: str) -> None:
        """The client sent a request; record its next wake."""
        self._recorded_at.pop((client, False), None)
        self._recorded_at.pop((client, True), None)


def _drop_oldest(entries: dict[Any, Any]) -> None:
    if len(entries) > _MAX_CLIENTS:
        del entries[next(iter(entries))]
