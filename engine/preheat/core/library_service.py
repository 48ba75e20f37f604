"""What the engine does with the models folder: fetch, remove, import, move.

The engine's loop calls; the work, which blocks on disk and network, is done in threads. Downloads are opened when there
are any: their code and what it imports cost a start of Preheat nothing.
"""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Callable, Coroutine
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from preheat.errors import ModelInUseError
from preheat.models import ModelFile
from preheat.models.downloads import DownloadSnapshot
from preheat.residency import Residency
from preheat.settings import Settings

if TYPE_CHECKING:
    from preheat.models.downloads import DownloadEvent, Downloads

logger = logging.getLogger(__name__)


class Host(Protocol):
    """What the desk needs of the engine."""

    settings: Settings

    async def find(self, name: str) -> ModelFile:
        """Return the model of this name."""

    async def unload(self, name: str) -> None:
        """Release its memory."""

    def apply_settings(self, settings: Settings) -> None:
        """Act on new settings."""


class LibraryService:
    """Commands for the models folder. Engine's loop only; ``snapshots`` is for any thread.

    Args:
        host: The engine.
        models: Returns the models that there are.
        residents: Returns what is in memory, by id.
        look: Looks at the disk again.
        room: Returns how much memory models may use, in bytes.
        on_change: Called on the loop when downloads have changed.
    """

    def __init__(
        self,
        host: Host,
        *,
        models: Callable[[], tuple[ModelFile, ...]],
        residents: Callable[[str], Residency | None],
        look: Callable[[], None],
        room: Callable[[], int],
        on_change: Callable[[], None],
    ) -> None:
        self._host = host
        self._models = models
        self._residents = residents
        self._look = look
        self._room = room
        self._on_change = on_change
        self._loop: asyncio.AbstractEventLoop | None = None
        self._downloads: Downloads | None = None
        self._opening = asyncio.Lock()
        self._tasks: set[asyncio.Task[None]] = set()

    def start(self) -> None:
        """Go on, in a moment, with what was being fetched when the last run ended."""
        self._loop = asyncio.get_running_loop()
        if self._host.settings.downloads_at_once:
            self._in_background(self._open_if_any())

    async def stop(self) -> None:
        """End all downloads; the next start goes on with them."""
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._loop = None
        if self._downloads is not None:
            await asyncio.to_thread(self._downloads.stop)

    def apply_settings(self, settings: Settings) -> None:
        """Act on another number of downloads, or another folder."""
        downloads = self._downloads
        if downloads is None:
            return
        downloads.at_once = settings.downloads_at_once
        downloads.context_length = settings.context_length
        if downloads.models_dir != settings.own_models_dir:
            self._in_background(self._reopen())

    def snapshots(self) -> tuple[DownloadSnapshot, ...]:
        """Return all downloads, the oldest first."""
        return () if self._downloads is None else self._downloads.snapshots()

    async def pull(self, name: str) -> str:
        """Fetch a model by what a person or an app calls it; return the download's id.

        Raises:
            InvalidRequestError, ModelNotFoundError: The name means nothing.
            HubError: The hub does not have it, or does not answer.
            DiskFullError, FolderError: It cannot be written.
        """
        downloads = await self._opened()
        return await asyncio.to_thread(_add, downloads, name)

    async def pause(self, download_id: str) -> None:
        """Stop fetching until ``resume``.

        Raises:
            DownloadNotFoundError: There is none with this id.
        """
        await asyncio.to_thread((await self._opened()).pause, download_id)

    async def resume(self, download_id: str) -> None:
        """Go on, or try again.

        Raises:
            DownloadNotFoundError: There is none with this id.
        """
        await asyncio.to_thread((await self._opened()).resume, download_id)

    async def cancel(self, download_id: str) -> None:
        """Give up a download and remove what came of it.

        Raises:
            DownloadNotFoundError: There is none with this id.
            FolderError: What came cannot be removed.
        """
        await asyncio.to_thread((await self._opened()).cancel, download_id)

    async def forget(self, download_id: str) -> None:
        """Take a download that is over from the list.

        Raises:
            DownloadNotFoundError: There is none with this id, or it is not over.
        """
        await asyncio.to_thread((await self._opened()).forget, download_id)

    async def remove_model(self, name: str) -> int:
        """Delete a model of Preheat's own folder, from memory too; return how many bytes that frees.

        Raises:
            ModelNotFoundError, AmbiguousModelError: No one model has this name.
            NotOwnFileError: It is another program's, or in a folder of the user's.
            ModelInUseError: It is answering.
            FolderError: It cannot be deleted.
        """
        from preheat.models import files_to_remove, remove_files

        model, folder = await self._host.find(name), self._host.settings.own_models_dir
        files = await asyncio.to_thread(files_to_remove, model, self._models(), folder)
        await self._take_from_memory([model], "removed")
        freed = await asyncio.to_thread(remove_files, files, folder)
        logger.info("%s was deleted: %d bytes", model.model_id, freed)
        if self._downloads is not None:
            await asyncio.to_thread(self._downloads.tidy)
        self._look()
        return freed

    async def import_file(self, path: Path, how: str = "auto") -> Path:
        """Take a file into the models folder; return its new path. ``how`` is a value of ``importing.How``.

        Raises:
            ModelFileError: It is no whole, well-formed GGUF file, or a part is missing.
            ModelExistsError: There is another of that name.
            DiskFullError, FolderError: It cannot be read or written.
        """
        from preheat.models import How, import_file

        target = await asyncio.to_thread(import_file, path, self._host.settings.own_models_dir, How(how))
        self._look()
        return target

    async def move_models_folder(self, path: Path) -> tuple[Path, ...]:
        """Move the models folder and let the setting ``models_dir`` name the new one.

        Returns:
            The old files that could not be removed.

        Raises:
            ModelInUseError: One of its models is answering.
            SettingsError: The setting cannot be written, or a variable goes before it.
            ModelExistsError, DiskFullError, FolderError: The new folder does not do. Nothing is lost.
        """
        from preheat.models import move_folder, write_setting

        old = self._host.settings.own_models_dir
        await self._take_from_memory([model for model in self._models() if model.path.is_relative_to(old)], "moved")
        if self._downloads is not None:
            await asyncio.to_thread(self._downloads.stop)
        try:
            left = await asyncio.to_thread(move_folder, old, path, write_setting)
        except BaseException:  # cancelled too: downloads go on where they were
            if self._downloads is not None:
                await asyncio.to_thread(self._downloads.start)
            raise
        new = Path(os.path.realpath(path.expanduser().absolute()))
        self._host.apply_settings(self._host.settings.model_copy(update={"models_dir": new}))
        self._look()
        return left

    async def _take_from_memory(self, models: list[ModelFile], what: str) -> None:
        """Unload these models.

        Raises:
            ModelInUseError: One of them is answering; none was unloaded.
        """
        held = [each for model in models if (each := self._residents(model.model_id)) is not None]
        for resident in held:
            if resident.leased:
                raise ModelInUseError(
                    f"{resident.model_id} is answering and cannot be {what} now",
                    hint="Try again when its answers have ended",
                )
        for resident in held:
            await self._host.unload(resident.model_id)

    def _in_background(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._background_ended)

    def _background_ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            logger.error("downloads could not be taken up again", exc_info=error)

    async def _open_if_any(self) -> None:
        if await asyncio.to_thread(_has_downloads, self._host.settings.own_models_dir):
            await self._opened()

    async def _opened(self) -> Downloads:
        async with self._opening:
            if self._downloads is None:
                self._downloads = await asyncio.to_thread(self._open)
            return self._downloads

    def _open(self) -> Downloads:
        from preheat.models import file_elsewhere
        from preheat.models.downloads import Downloads
        from preheat.models.hub import Hub

        settings = self._host.settings
        downloads = Downloads(
            settings.own_models_dir,
            Hub(),
            at_once=settings.downloads_at_once,
            on_event=self._on_event,
            room=self._room,
            context_length=settings.context_length,
            elsewhere=lambda size, sha256: file_elsewhere(self._models(), size, sha256),
        )
        downloads.start()
        return downloads

    async def _reopen(self) -> None:
        """Go on in another folder."""
        async with self._opening:
            if self._downloads is not None:
                await asyncio.to_thread(self._downloads.stop)
            self._downloads = await asyncio.to_thread(self._open)
        self._on_change()

    def _on_event(self, event: DownloadEvent) -> None:
        self._call(self._on_change)
        if event.finished:
            self._call(self._look)

    def _call(self, work: Callable[[], None]) -> None:
        """Let the loop do it; from any thread."""
        loop = self._loop
        if loop is not None:
            with suppress(RuntimeError):  # the loop has just been closed
                loop.call_soon_threadsafe(work)


def _add(downloads: Downloads, name: str) -> str:
    from preheat.models.catalogue import load_catalogue, parse_pull

    return downloads.add(parse_pull(name, load_catalogue()))


def _has_downloads(folder: Path) -> bool:
    return any((folder / ".downloads").glob("*/download.json"))
