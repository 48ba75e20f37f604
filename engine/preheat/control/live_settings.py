"""The settings of a running engine: changes are written to the user's file, then applied."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, ParamSpec

from preheat.settings import PORT_SETTINGS, RESTART_SETTINGS, Settings, SettingsChange, SettingsStore

if TYPE_CHECKING:
    from preheat.core import Engine

P = ParamSpec("P")

PortOpener = Callable[[Settings], Awaitable[bool]]


@dataclass(slots=True)
class LiveSettings:
    """Applies the settings of a store to an engine. Engine's loop only; files are read and written in other threads."""

    engine: Engine
    store: SettingsStore
    # opens the port with new settings and returns whether it could; None if the port stays as it is
    reopen_port: PortOpener | None = None
    _started_with: Settings = field(init=False)
    _port_opened_with: Settings = field(init=False)
    _writing: asyncio.Lock = field(init=False, default_factory=asyncio.Lock)
    _tasks: set[asyncio.Task[None]] = field(init=False, default_factory=set)

    def __post_init__(self) -> None:
        self._started_with = self._port_opened_with = self.engine.settings

    @property
    def restart_needed(self) -> tuple[str, ...]:
        """Changed settings that do not apply yet."""
        now = self.engine.settings
        return (
            *(name for name in PORT_SETTINGS if getattr(now, name) != getattr(self._port_opened_with, name)),
            *(name for name in RESTART_SETTINGS if getattr(now, name) != getattr(self._started_with, name)),
        )

    @contextmanager
    def following(self) -> Iterator[None]:
        """Apply edits of the settings file while the block runs."""
        loop = asyncio.get_running_loop()

        def on_change(change: SettingsChange) -> None:
            if change.changed:
                loop.call_soon_threadsafe(apply)

        def apply() -> None:
            task = loop.create_task(self._apply_edit())
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

        unsubscribe = self.store.subscribe(on_change)
        self.store.watch()
        try:
            yield
        finally:
            self.store.close()
            unsubscribe()
            for task in self._tasks:
                task.cancel()

    async def write(self, call: Callable[P, SettingsChange], *args: P.args, **kwargs: P.kwargs) -> SettingsChange:
        """Call a method of the store that changes or reads settings, and apply them; errors of the store pass."""
        async with self._writing:
            before = self.engine.settings
            change = await asyncio.to_thread(call, *args, **kwargs)
            await self._apply()
        now = self.engine.settings
        changed = tuple(name for name in Settings.model_fields if getattr(before, name) != getattr(now, name))
        return replace(change, changed=changed)

    async def _apply_edit(self) -> None:
        async with self._writing:
            await self._apply()

    async def _apply(self) -> None:
        """Apply the store's settings to the engine and the port."""
        before, now = self.engine.settings, self.store.settings
        if before == now:
            return
        self.engine.apply_settings(now)
        changed = any(getattr(before, name) != getattr(now, name) for name in PORT_SETTINGS)
        if changed and self.reopen_port is not None and await self.reopen_port(now):
            self._port_opened_with = now
