"""Room for other programs: for some time, models take less memory than the setting allows."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from preheat.clock import unix_time
from preheat.core.persistent_state import PersistentState, Room
from preheat.messages import Message, msg
from preheat.preload import PreloadContext
from preheat.residency import EvictionReason, Hot, ResidencyExecutor, State, read_memory
from preheat.settings import Settings, Size
from preheat.units import format_until

_LONGEST_WAIT_S: Final = 60.0  # the clock may be set, and a sleeping machine's timers stand still


@dataclass(frozen=True, slots=True)
class RoomMade:
    """What making room has done.

    Attributes:
        room: The room that was made. It may have ended already.
        unloaded: Models that have left memory.
        shrunk: Models that have given up memory, and are loaded again without it.
        busy: Models that leave when their requests end.
        available_bytes: Memory available to other programs now, next to all that models hold.
    """

    room: Room
    unloaded: tuple[str, ...]
    shrunk: tuple[str, ...]
    busy: tuple[str, ...]
    available_bytes: int


@dataclass(slots=True)
class RoomKeeper:
    """Makes room, and lets models return at its end. Engine loop only.

    A lower memory limit does it, not a higher ``keep_free``: the program that the room is for takes what it was given.
    """

    settings: Settings  # as without a room
    residency: ResidencyExecutor
    preloads: PreloadContext
    state: PersistentState
    apply: Callable[[], None]  # applies the engine's settings with ``apply_to``, and publishes
    clock: Callable[[], float] = unix_time
    _changed: asyncio.Event = field(init=False, default_factory=asyncio.Event)

    @property
    def current(self) -> Room | None:
        """The room that is kept now."""
        return self.state.room

    def apply_to(self, settings: Settings) -> Settings:
        """Return new settings with the limit of the room, where it is lower."""
        self.settings = settings
        room, total = self.current, read_memory().total_bytes
        if room is None or room.limit_bytes >= settings.memory_limit.resolve(total):
            return settings
        return settings.model_copy(update={"memory_limit": Size(str(room.limit_bytes))})

    async def make(self, wanted_bytes: int | None, seconds: float | None) -> RoomMade:
        """Unload what is worth least until ``wanted_bytes`` are available; return when the memory is free.

        Args:
            wanted_bytes: None unloads every model.
            seconds: How long the room is kept; None is until ``end``.
        """
        residency = self.residency
        hot = [model_id for model_id, record in residency.records.items() if isinstance(record.phase, Hot)]
        limit_bytes = 0
        if wanted_bytes is not None:
            usual_bytes = self.settings.memory_limit.resolve(read_memory().total_bytes)
            limit_bytes = min(residency.reachable_beside(wanted_bytes), usual_bytes)
        until = math.inf if seconds is None else self.clock() + seconds
        self.state.room = room = Room(limit_bytes, wanted_bytes, until, self._returning())
        self.preloads.returning = ()
        self._follow()
        why = self._message("room_made", room)
        residency.cancel_preloads(EvictionReason.PAUSED, why)
        residency.make_room(limit_bytes, EvictionReason.OTHERS, why)
        self.apply()
        unloaded = tuple(model_id for model_id in hot if residency.record(model_id).state is State.UNLOADING)
        shrunk = tuple(model_id for model_id in hot if residency.record(model_id).load is not None)
        await residency.wait_closed()
        over = residency.state.taken_bytes > limit_bytes
        busy = tuple(resident.model_id for resident in residency.residents() if over and resident.leased)
        return RoomMade(room, unloaded, shrunk, busy, residency.available_bytes)

    def _returning(self) -> tuple[str, ...]:
        """Return the models to load again: favourites and the last used first, then those of an earlier room."""
        favourites, earlier = self.residency.state.favourites, self.current
        records = [record for record in self.residency.records.values() if record.load or isinstance(record.phase, Hot)]
        records.sort(key=lambda record: (record.model_id not in favourites, -(record.last_used_at or 0.0)))
        awaited = (*(earlier.models if earlier is not None else ()), *self.preloads.returning)
        return tuple(dict.fromkeys([*(record.model_id for record in records), *awaited]))

    def end(self) -> tuple[str, ...]:
        """Give the room up: models may take what the setting allows; return those that are loaded again."""
        if (room := self.current) is None:
            return ()
        self.state.room = None
        records = self.residency.records
        self.preloads.returning = tuple(
            model_id for model_id in room.models if model_id not in records or records[model_id].state is not State.HOT
        )
        returning = self.preloads.returning
        self._follow()
        self.apply()
        return returning

    def restore(self) -> None:
        """Keep the room of an earlier run."""
        self._follow()
        if self.current is not None:
            self.apply()

    def unloaded(self, model_id: str) -> None:
        """Note that the user unloaded a model: it does not return."""
        self.preloads.returning = tuple(each for each in self.preloads.returning if each != model_id)
        if (room := self.current) is not None and model_id in room.models:
            models = tuple(each for each in room.models if each != model_id)
            self.state.room = Room(room.limit_bytes, room.wanted_bytes, room.until, models)

    async def run(self) -> None:
        """End the room when its time is over; until cancelled."""
        while True:
            self._changed.clear()
            room = self.current
            self._explain()  # the clock may have been set
            left_s = room.until - self.clock() if room is not None else _LONGEST_WAIT_S
            if room is not None and left_s <= 0:
                self.end()
                continue
            try:
                async with asyncio.timeout(min(left_s, _LONGEST_WAIT_S) if room is not None else None):
                    await self._changed.wait()
            except TimeoutError:
                continue

    def _follow(self) -> None:
        self._explain()
        self._changed.set()

    def _explain(self) -> None:
        """Say of what is not loaded that room is kept."""
        room = self.current
        self.preloads.room = self._message("preload_makes_room", room) if room is not None else None
        self.residency.room = self._message("no_room_made", room) if room is not None else None

    def _message(self, code: str, room: Room) -> Message:
        """Return a message about a room; with ``_until`` at the end of its code if the room has an end."""
        if math.isinf(room.until):
            return msg(code)
        return msg(f"{code}_until", until=format_until(room.until, self.clock()))
