"""The engine's view of the models on disk: watched, and scanned in threads after changes."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Final

from preheat.errors import ModelNotFoundError
from preheat.models import HANGS_AFTER_S, SETTLE_S, Listing, ModelFile, ModelIndex, cache_file, resolve
from preheat.settings import Settings
from preheat.units import natural_key

_OLD_S: Final = 1.0
_LOOK_INTERVAL_S: Final = 30.0  # for what a watch misses: files on network folders, files behind links
_WATCH_AFTER_S: Final = 1.0  # the rest of the start comes first
_CLOSE_LOOK_S: Final = 3 * SETTLE_S
_MAX_RESOLVED: Final = 1000


class ModelFiles:
    """The latest look at the disk. Runs on the engine's loop.

    Args:
        in_memory: Returns the models in memory, by id: known while they are there, with or without their files.
        on_look: Called after every look.
    """

    def __init__(
        self, settings: Settings, in_memory: Callable[[], Mapping[str, ModelFile]], on_look: Callable[[], None]
    ) -> None:
        self._settings = settings
        self._in_memory = in_memory
        self._on_look = on_look
        self._index = ModelIndex(cache_file(), on_change=self._on_change, settle_s=SETTLE_S)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._changed = asyncio.Event()
        self._looked_at = -_OLD_S
        self.listing = Listing()
        """Result of the latest look."""
        self.on_disk: frozenset[str] = frozenset()
        """Ids of the models on disk."""
        self._resolved: dict[str, ModelFile] = {}  # names asked for since the latest look

    @property
    def models(self) -> tuple[ModelFile, ...]:
        """The models on disk, by id."""
        return self.listing.models

    @property
    def known(self) -> tuple[ModelFile, ...]:
        """The models on disk and those in memory, by id."""
        known = {**self._in_memory(), **{model.model_id: model for model in self.models}}
        return tuple(known[model_id] for model_id in sorted(known, key=natural_key))

    def keep_no_names(self) -> None:
        """Leave the names that shells complete as they are; see ``ModelIndex``."""
        self._index.keep_names = False

    def resolve(self, name: str) -> ModelFile:
        """Return the model with this name; see ``preheat.models.resolve``.

        Raises:
            ModelNotFoundError, AmbiguousModelError: No model has this name, or several.
        """
        model = self._resolved.get(name)
        if model is None:
            model = resolve(name, self.known)
            if model.model_id in self.on_disk and len(self._resolved) < _MAX_RESOLVED:
                self._resolved[name] = model
        return model

    async def find(self, name: str) -> ModelFile:
        """Resolve a name, and look at the disk again if the model is unknown or its files have changed.

        Names that a pull understands stand for what it has fetched.

        Raises:
            ModelNotFoundError, AmbiguousModelError: No model has this name, or several.
        """
        model = await self._known(name)
        if model is not None and (model.model_id in self._in_memory() or not await self.changed(model)):
            return model
        if model is not None:
            await self.look()
        await self.look_closely()
        return await self._known(name) or self.resolve(name)

    async def _known(self, name: str) -> ModelFile | None:
        try:
            return self.resolve(name)
        except ModelNotFoundError:
            return await asyncio.to_thread(_find_pulled, name, self.models)

    async def look(self) -> None:
        """Look at the disk."""
        own, sources = self._settings.own_models_dir, self._settings.sources
        self.listing = await asyncio.to_thread(self._index.look, [own, *self._settings.models_dirs], sources, own)
        self.on_disk = frozenset(model.model_id for model in self.listing.models)
        self._resolved.clear()
        self._looked_at = time.monotonic()
        self._on_look()

    async def look_if_old(self) -> None:
        """Look, unless the last look was a moment ago."""
        if time.monotonic() - self._looked_at >= _OLD_S:
            await self.look()

    async def look_closely(self) -> None:
        """Look, and repeat while something is being written, for a few seconds at most."""
        deadline = time.monotonic() + _CLOSE_LOOK_S
        await self.look_if_old()
        while self.listing.unsettled and time.monotonic() < deadline:
            await asyncio.sleep(SETTLE_S / 4)
            await self.look()

    async def changed(self, model: ModelFile) -> bool:
        """Return whether a model's files have changed, or their folder does not respond in time."""
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[bool] = loop.create_future()

        def settle(changed: bool) -> None:
            if not answer.done():
                answer.set_result(changed)

        def ask() -> None:
            changed = model.changed()
            with suppress(RuntimeError):  # the loop was closed meanwhile
                loop.call_soon_threadsafe(settle, changed)

        # Not one of asyncio's few threads, which a hanging network folder would take one after another.
        threading.Thread(target=ask, name="preheat-stat", daemon=True).start()
        try:
            async with asyncio.timeout(HANGS_AFTER_S):
                return await answer
        except TimeoutError:
            return True

    async def follow(self) -> None:
        """Look whenever something changes; never returns."""
        self._loop = loop = asyncio.get_running_loop()
        await asyncio.sleep(_WATCH_AFTER_S)
        while True:
            settings = self._settings
            folders = [settings.own_models_dir, *settings.models_dirs]
            try:
                watching = loop.run_in_executor(None, self._index.watch, folders, settings.sources)
            except RuntimeError:  # a script ends: no thread can start any more
                await loop.create_future()
            await watching
            with suppress(TimeoutError):
                async with asyncio.timeout(SETTLE_S if self.listing.unsettled else _LOOK_INTERVAL_S):
                    await self._changed.wait()
            self._changed.clear()
            await self.look()

    def apply_settings(self, settings: Settings) -> None:
        """Look at other folders from now on, if the settings name others."""
        before, self._settings = self._settings, settings
        if model_places(before) != model_places(settings):
            self._changed.set()

    def nudge(self) -> None:
        """Look soon: something has changed that a watch may miss."""
        self._changed.set()

    def close(self) -> None:
        """Stop watching."""
        self._loop = None
        self._index.close()

    def _on_change(self) -> None:
        loop = self._loop
        if loop is not None:
            with suppress(RuntimeError):  # the loop was just closed
                loop.call_soon_threadsafe(self._changed.set)


def _find_pulled(name: str, models: Sequence[ModelFile]) -> ModelFile | None:
    from preheat.models.catalogue import find_pulled  # slow to import

    return find_pulled(name, models)


def model_places(settings: Settings) -> tuple[object, ...]:
    """Return the settings that say where models are looked for."""
    return settings.own_models_dir, settings.models_dirs, settings.sources
