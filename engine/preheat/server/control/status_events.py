"""The events of a status stream: the whole status first, then what changed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from pydantic_core import to_json

from preheat.control import Status, changes, encode
from preheat.core import EngineSnapshot, ModelSnapshot

if TYPE_CHECKING:
    from preheat.control import ControlHost


@dataclass(slots=True)
class StatusEvents:
    """Writes snapshots as events. Engine's loop only."""

    host: ControlHost
    _latest: tuple[EngineSnapshot, EngineSnapshot, bytes] | None = None

    async def stream(self) -> AsyncGenerator[bytes, None]:
        """Yield the status now, and its changes from then on. A slow reader gets several changes as one."""
        latest: EngineSnapshot | None = None
        changed = asyncio.Event()

        def on_snapshot(snapshot: EngineSnapshot) -> None:
            nonlocal latest
            latest = snapshot
            changed.set()

        unsubscribe = self.host.engine.subscribe(on_snapshot)
        sent: EngineSnapshot | None = None
        try:
            while True:
                await changed.wait()
                changed.clear()
                if latest is not None and latest is not sent:
                    before, sent = sent, latest  # the next snapshots come while this event is sent
                    yield self._event(sent) if before is None else self._change(before, sent)
        finally:
            unsubscribe()

    def _event(self, snapshot: EngineSnapshot) -> bytes:
        return b"data: " + to_json(self._json(snapshot, snapshot.models)) + b"\n\n"

    def _change(self, old: EngineSnapshot, new: EngineSnapshot) -> bytes:
        """Return the event for a change; written once for all readers that are equally fast."""
        if self._latest is None or self._latest[0] is not old or self._latest[1] is not new:
            content = changes(self._json(old, _others(old, new)), self._json(new, _others(new, old)))
            self._latest = old, new, b"data: " + to_json({"changes": content}) + b"\n\n"
        return self._latest[2]

    def _json(self, snapshot: EngineSnapshot, models: Sequence[ModelSnapshot]) -> dict[str, object]:
        content: dict[str, object] = encode(Status.of(replace(snapshot, models=tuple(models)), self.host.port))
        return content


def _others(snapshot: EngineSnapshot, other: EngineSnapshot) -> Sequence[ModelSnapshot]:
    """Return the models that are not the same object in another snapshot: there may be a thousand of them."""
    if snapshot.models is other.models:
        return ()
    known = {model.model_id: model for model in other.models}
    return [model for model in snapshot.models if known.get(model.model_id) is not model]
