"""The settings of a running engine: changes are written to the user's file, then applied."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, ParamSpec

from preheat.preload import order_favourites, replace_favourites, set_favourite
from preheat.settings import PORT_SETTINGS, RESTART_SETTINGS, Settings, SettingsChange, SettingsStore

if TYPE_CHECKING:
    from preheat.core.engine import Engine

P = ParamSpec("P")

PortOpener = Callable[[Settings], Awaitable[bool]]


@dataclass(slots=True)
class LiveSettings:
    """Applies the settings of a store to an engine. Engine's loop only; files are read and written in other threads.

    Attributes:
        reopen_port: Opens the port with new settings and returns whether it could; None if the port stays as it is.
    """

    engine: Engine
    store: SettingsStore
    reopen_port: PortOpener | None = None
    _started_with: Settings = field(init=False)
    _port_opened_with: Settings = field(init=False)
    _writing: asyncio.Lock = field(init=False, default_factory=asyncio.Lock)
    _tasks: set[asyncio.Task[None]] = field(init=False, default_factory=set)

    def __post_init__(self) -> None:
        self._started_with = self._port_opened_with = self.engine.settings

    @property
    def restart_needed(self) -> tuple[str, ...]:
        """The settings that have changed and do not apply yet."""
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

    async def change(self, texts: Mapping[str, str]) -> SettingsChange:
        """Write settings, all or none, and apply them.

        Raises:
            SettingsError: A name or value is wrong. Nothing was changed.
        """
        return await self._change(self.store.set, texts)

    async def change_model(self, model_id: str, texts: Mapping[str, str | None]) -> SettingsChange:
        """Write one model's own settings, all or none, and apply them; None removes one.

        Raises:
            SettingsError: A name or value is wrong. Nothing was changed.
        """
        return await self._change(self.store.set_model, model_id, texts)

    async def reload_file(self) -> SettingsChange:
        """Read the settings again and apply them.

        Raises:
            SettingsError: They are wrong; the previous ones stay in force.
        """
        return await self._change(self.store.reload)

    async def set_favourites(self, names: Sequence[str] | None) -> SettingsChange:
        """Keep exactly these models hot, in this order; None leaves the choice to Preheat.

        Favourites without a model on disk stay favourites, after the others.

        Raises:
            ModelNotFoundError, AmbiguousModelError: A name does not stand for one model.
        """
        if names is None:
            return await self._change(self.store.update_favourites, lambda _: None)
        ids, models = [await self._favourite_id(name) for name in names], await self.engine.models()
        return await self._change(self.store.update_favourites, lambda old: replace_favourites(old, ids, models))

    async def set_favourite(self, name: str, on: bool) -> SettingsChange:
        """Keep a model hot whenever it fits, after the other favourites; or only while it is used.

        Raises:
            ModelNotFoundError, AmbiguousModelError: The name does not stand for one model.
        """
        model_id, models = await self._favourite_id(name), await self.engine.models()
        return await self._change(self.store.update_favourites, lambda old: set_favourite(old, model_id, on, models))

    async def order_favourites(self, names: Sequence[str]) -> SettingsChange:
        """Put these models before all other favourites, in this order.

        Raises:
            ModelNotFoundError, AmbiguousModelError: A name does not stand for one model.
        """
        first, models = [await self._favourite_id(name) for name in names], await self.engine.models()
        return await self._change(self.store.update_favourites, lambda old: order_favourites(old, first, models))

    async def _favourite_id(self, name: str) -> str:
        """Return the id of a model, or the name of a missing favourite."""
        missing = self.engine.snapshot.missing_favourites
        return name if name in missing else (await self.engine.find(name)).model_id

    async def _change(self, call: Callable[P, SettingsChange], *args: P.args, **kwargs: P.kwargs) -> SettingsChange:
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
