"""The models on disk, as they were last seen; looked at again when somebody asks for one that is not there."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final

from preheat.errors import ModelNotFoundError
from preheat.library.discovery import Scanner
from preheat.library.model_file import ModelFile
from preheat.library.names import resolve

RESCAN_INTERVAL_S: Final = 1.0
"""So long what was seen is believed: unknown names must not hammer the disk."""


class Shelf:
    """Which models there are. Runs on the engine's loop, and reads the disk in a thread.

    Args:
        folders: Gives the folders to look in.
        in_memory: Gives the models in memory, by id: known as long as they are there, with or without their files.
        on_looked: Told after every look.
    """

    def __init__(
        self,
        folders: Callable[[], Sequence[Path]],
        in_memory: Callable[[], Mapping[str, ModelFile]],
        on_looked: Callable[[], None],
    ) -> None:
        self._folders = folders
        self._in_memory = in_memory
        self._on_looked = on_looked
        self._scanner = Scanner()
        self._looked_at = float("-inf")
        self._models: tuple[ModelFile, ...] = ()
        self.on_disk: frozenset[str] = frozenset()
        """The ids of the models on disk."""

    @property
    def models(self) -> tuple[ModelFile, ...]:
        """The models on disk."""
        return self._models

    @property
    def known(self) -> tuple[ModelFile, ...]:
        """The models on disk and those in memory, by id."""
        known = {**self._in_memory(), **{model.model_id: model for model in self._models}}
        return tuple(known[model_id] for model_id in sorted(known))

    async def look(self) -> None:
        """Look at the disk now."""
        self._models = await asyncio.to_thread(self._scanner.scan, self._folders())
        self.on_disk = frozenset(model.model_id for model in self._models)
        self._looked_at = time.monotonic()
        self._on_looked()

    async def look_if_old(self) -> None:
        """Look at the disk, unless that was done just now."""
        if time.monotonic() - self._looked_at >= RESCAN_INTERVAL_S:
            await self.look()

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
            await self.look_if_old()
            return self.resolve(name)
        if model.model_id not in self._in_memory() and await asyncio.to_thread(model.changed):
            await self.look()
            return self.resolve(name)
        return model
