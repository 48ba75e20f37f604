"""The models on disk, as the engine sees them: looked at in threads, and looked at again when something changes."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Final

from preheat.errors import ModelNotFoundError
from preheat.models import HANGS_AFTER_S, SETTLE_S, Listing, ModelFile, ModelIndex, cache_file, resolve
from preheat.settings import Settings

_OLD_S: Final = 1.0
_LOOK_INTERVAL_S: Final = 30.0  # for what a watch does not tell: files on network folders, files behind links
_WATCH_AFTER_S: Final = 1.0  # what a start has to do comes first
_PATIENCE_S: Final = 3 * SETTLE_S


class ModelFiles:
    """The latest look at the disk. Runs on the engine's loop.

    Args:
        in_memory: Gives the models in memory, by id: known as long as they are there, with or without their files.
        on_look: Called after every look.
    """

    def __init__(
        self, settings: Settings, in_memory: Callable[[], Mapping[str, ModelFile]], on_look: Callable[[], None]
    ) -> None:
        self._settings = settings
        self._in_memory = in_memory
        self._on_look = on_look
        self._shelf = ModelIndex(cache_file(), on_change=self._on_change, settle_s=SETTLE_S)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._changed = asyncio.Event()
        self._looked_at = -_OLD_S
        self.listing = Listing()
        """What the latest look found."""
        self.on_disk: frozenset[str] = frozenset()
        """The ids of the models on disk."""

    @property
    def models(self) -> tuple[ModelFile, ...]:
        """The models that can be asked for, by id."""
        return self.listing.models

    @property
    def known(self) -> tuple[ModelFile, ...]:
        """The models on disk and those in memory, by id."""
        known = {**self._in_memory(), **{model.model_id: model for model in self.models}}
        return tuple(known[model_id] for model_id in sorted(known))

    def resolve(self, name: str) -> ModelFile:
        """Return the model of this name; a unique prefix and other case are accepted.

        Raises:
            ModelNotFoundError: There is none; the hint names near ones.
            AmbiguousModelError: The prefix fits several.
        """
        return resolve(name, self.known)

    async def find(self, name: str) -> ModelFile:
        """Do as ``resolve``, but look at the disk again where that knows nothing, or something old.

        Raises:
            ModelNotFoundError: There is none; the hint names near ones.
            AmbiguousModelError: The prefix fits several.
        """
        try:
            model = self.resolve(name)
        except ModelNotFoundError:
            await self.look_closely()
            return self.resolve(name)
        if model.model_id not in self._in_memory() and await self.changed(model):
            await self.look()
            await self.look_closely()
            return self.resolve(name)
        return model

    async def look(self) -> None:
        """Look at the disk."""
        settings = self._settings
        folders = [settings.own_models_dir, *settings.models_dirs]
        self.listing = await asyncio.to_thread(self._shelf.look, folders, settings.sources, settings.own_models_dir)
        self.on_disk = frozenset(model.model_id for model in self.listing.models)
        self._looked_at = time.monotonic()
        self._on_look()

    async def look_if_old(self) -> None:
        """Look, unless the last look was a moment ago."""
        if time.monotonic() - self._looked_at >= _OLD_S:
            await self.look()

    async def look_closely(self) -> None:
        """Look, and as long as something is being written, once more a moment later; for some seconds at most."""
        ends_at = time.monotonic() + _PATIENCE_S
        await self.look_if_old()
        while self.listing.unsettled and time.monotonic() < ends_at:
            await asyncio.sleep(SETTLE_S / 4)
            await self.look()

    async def changed(self, model: ModelFile) -> bool:
        """Whether a model's files are not what they were; also where its folder does not answer in time."""
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[bool] = loop.create_future()

        def settle(changed: bool) -> None:
            if not answer.done():
                answer.set_result(changed)

        def ask() -> None:
            changed = model.changed()
            with suppress(RuntimeError):  # the loop has been closed since
                loop.call_soon_threadsafe(settle, changed)

        # Not one of asyncio's few threads, which a network folder that hangs would take one after another.
        threading.Thread(target=ask, name="preheat-stat", daemon=True).start()
        try:
            async with asyncio.timeout(HANGS_AFTER_S):
                return await answer
        except TimeoutError:
            return True

    async def follow(self) -> None:
        """Look whenever something changes, without end."""
        self._loop = asyncio.get_running_loop()
        await asyncio.sleep(_WATCH_AFTER_S)
        while True:
            settings = self._settings
            folders = [settings.own_models_dir, *settings.models_dirs]
            await asyncio.to_thread(self._shelf.watch, folders, settings.sources)
            with suppress(TimeoutError):
                async with asyncio.timeout(SETTLE_S if self.listing.unsettled else _LOOK_INTERVAL_S):
                    await self._changed.wait()
            self._changed.clear()
            await self.look()

    def apply_settings(self, settings: Settings) -> None:
        """Look elsewhere from now on, if the settings say so."""
        before, self._settings = self._settings, settings
        if _places(before) != _places(settings):
            self._changed.set()

    def nudge(self) -> None:
        """Look soon: something has changed that a watch may not tell."""
        self._changed.set()

    def close(self) -> None:
        """Stop watching."""
        self._loop = None
        self._shelf.close()

    def _on_change(self) -> None:
        loop = self._loop
        if loop is not None:
            with suppress(RuntimeError):  # the loop has just been closed
                loop.call_soon_threadsafe(self._changed.set)


def _places(settings: Settings) -> tuple[object, ...]:
    return settings.own_models_dir, settings.models_dirs, settings.sources
