"""Commands for the models folder: pull, remove, import, move.

Called on the engine's loop; disk and network block other threads. Downloads are opened when there are any, so that
their imports do not slow down the start.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from contextlib import suppress
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Any

from preheat.errors import ModelInUseError
from preheat.messages import msg
from preheat.models import DOWNLOADS, ModelFile
from preheat.models.downloads import DownloadSnapshot
from preheat.settings import Settings

if TYPE_CHECKING:
    from preheat.core.engine import Engine
    from preheat.core.model_files import ModelFiles
    from preheat.models import MovePlan
    from preheat.models.downloads import DownloadEvent, Downloads

logger = logging.getLogger(__name__)


class LibraryService:
    """Commands for the models folder. Engine's loop only, except ``snapshots``.

    Methods with a download's id raise ``DownloadNotFoundError`` for an unknown one.

    Args:
        on_change: Called on the loop when downloads have changed.

    Attributes:
        resumes: Continue the downloads of the last run; read when they are opened.
    """

    def __init__(self, engine: Engine, files: ModelFiles, on_change: Callable[[], None]) -> None:
        self._engine = engine
        self._files = files
        self._on_change = on_change
        self.resumes = True
        self._loop: asyncio.AbstractEventLoop | None = None
        self._downloads: Downloads | None = None
        self._opening = asyncio.Lock()
        self._tasks: set[asyncio.Task[None]] = set()
        self._changing = asyncio.Lock()  # one import, removal or move at a time

    def start(self) -> None:
        """Continue the downloads of the last run, in the background."""
        self._loop = asyncio.get_running_loop()
        if self.resumes and self._engine.settings.downloads_at_once:
            self._in_background(self._open_if_any())

    async def stop(self) -> None:
        """Stop all downloads; the next start continues them."""
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._loop = None
        if self._downloads is not None:
            await asyncio.to_thread(self._downloads.stop)

    def apply_settings(self, settings: Settings) -> None:
        """Apply a changed number of downloads, or folder."""
        downloads = self._downloads
        if downloads is None:
            return
        downloads.at_once = settings.downloads_at_once
        downloads.context_length = settings.usual_context_length
        if downloads.models_dir != settings.own_models_dir:
            self._in_background(self._reopen())

    def snapshots(self) -> tuple[DownloadSnapshot, ...]:
        """Return all downloads, the oldest first."""
        return () if self._downloads is None else self._downloads.snapshots()

    async def downloads(self) -> tuple[DownloadSnapshot, ...]:
        """Return all downloads, also those that were not continued at the start."""
        await self._open_if_any()
        return self.snapshots()

    async def pull(self, name: str) -> str:
        """Download a model by name; return the download's id.

        Raises:
            InvalidRequestError, ModelNotFoundError: The name is not known.
            HubError: The hub does not have it, or does not answer.
            DiskFullError, FolderError: It cannot be written.
        """
        downloads = await self._opened()
        return await asyncio.to_thread(_add, downloads, name)

    async def pause(self, download_id: str) -> None:
        """Stop a download until ``resume``."""
        await asyncio.to_thread((await self._opened()).pause, download_id)

    async def resume(self, download_id: str) -> None:
        """Continue or retry a download."""
        await asyncio.to_thread((await self._opened()).resume, download_id)

    async def cancel(self, download_id: str) -> None:
        """Stop a download and remove its files.

        Raises:
            FolderError: They cannot be removed.
        """
        await asyncio.to_thread((await self._opened()).cancel, download_id)

    async def forget(self, download_id: str) -> None:
        """Remove a finished or failed download from the list."""
        await asyncio.to_thread((await self._opened()).forget, download_id)

    async def remove_model(self, name: str) -> int:
        """Delete a model in Preheat's own folder, unloading it first; return the freed bytes.

        Raises:
            ModelNotFoundError, AmbiguousModelError: See ``Engine.find``.
            NotOwnFileError: It belongs to another program or to the user.
            ModelInUseError: It has requests in progress.
            FolderError: It cannot be deleted.
        """
        from preheat.models import files_to_remove, remove_files

        async with self._changing:
            model, folder = await self._engine.find(name), self._engine.settings.own_models_dir
            files = await asyncio.to_thread(files_to_remove, model, self._files.models, folder)
            await self._unload([model])
            freed = await asyncio.to_thread(remove_files, files, folder)
            await asyncio.to_thread(self._engine.prefixes.clear, model.model_id)
        logger.info("%s was deleted: %d bytes", model.model_id, freed)
        if self._downloads is not None:
            await asyncio.to_thread(self._downloads.tidy)
        await self._files.look()  # a client that lists the models now must not see it
        return freed

    async def import_file(self, path: Path, how: str = "auto") -> Path:
        """Add a file to the models folder; return its new path. ``how`` is a value of ``importing.How``.

        Raises:
            UnusablePathError: There is no GGUF file that may be read, or moved.
            ModelFileError: It is not a complete, well-formed GGUF file.
            ModelExistsError: Another file has this name.
            DiskFullError, FolderError: It cannot be read or written.
        """
        from preheat.models import How, import_file

        async with self._changing:
            target = await asyncio.to_thread(import_file, path, self._engine.settings.own_models_dir, How(how))
        self._files.nudge()
        return target

    async def plan_move(self, path: Path) -> MovePlan:
        """Return what ``move_models`` would do; raises as it does."""
        from preheat.models import check_setting, plan_move

        await asyncio.to_thread(check_setting)
        return await asyncio.to_thread(plan_move, self._engine.settings.own_models_dir, path)

    async def move_models(self, path: Path) -> tuple[MovePlan, tuple[PurePath, ...]]:
        """Move Preheat's own models, and point the setting ``models_dir`` to the new folder.

        Returns:
            What was moved, and the old files that could not be removed.

        Raises:
            UnusablePathError: The new folder is not new, empty or Preheat's, or cannot be written.
            ModelInUseError: A model has requests in progress.
            SettingsError: The setting cannot be written, or a variable overrides it.
            ModelExistsError, DiskFullError, FolderError: A file cannot be moved. Nothing is lost.
        """
        from preheat.models import move_models, plan_move, write_setting

        async with self._changing:
            old = self._engine.settings.own_models_dir
            await self.plan_move(path)  # before anything is stopped
            await self._unload([model for model in self._files.models if model.path.is_relative_to(old)])
            if self._downloads is not None:
                await asyncio.to_thread(self._downloads.stop)
            try:
                plan = await asyncio.to_thread(plan_move, old, path)
                left = await asyncio.to_thread(move_models, plan, write_setting)
            except BaseException:  # also if cancelled: downloads continue in the old folder
                if self._downloads is not None:
                    await asyncio.to_thread(self._downloads.start, resume=self.resumes)
                raise
            self._engine.apply_settings(self._engine.settings.model_copy(update={"models_dir": plan.new}))
        self._files.nudge()
        return plan, left

    async def _unload(self, models: list[ModelFile]) -> None:
        """Unload models.

        Raises:
            ModelInUseError: One has requests in progress; none was unloaded.
        """
        held = [each for model in models if (each := self._engine.residency.records.get(model.model_id)) is not None]
        for resident in held:
            if resident.leased:
                raise ModelInUseError(msg("model_answering", model=resident.model_id))
        for resident in held:
            await self._engine.unload(resident.model_id)

    def _in_background(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._background_ended)

    def _background_ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            logger.error("downloads could not be continued", exc_info=error)

    async def _open_if_any(self) -> None:
        if await asyncio.to_thread(_has_downloads, self._engine.settings.own_models_dir):
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

        settings = self._engine.settings
        downloads = Downloads(
            settings.own_models_dir,
            Hub(),
            at_once=settings.downloads_at_once,
            on_event=self._on_event,
            room=lambda: self._engine.snapshot.memory.limit_bytes,
            context_length=settings.usual_context_length,
            elsewhere=lambda size, sha256: file_elsewhere(self._files.models, size, sha256),
        )
        downloads.start(resume=self.resumes)
        return downloads

    async def _reopen(self) -> None:
        async with self._opening:
            if self._downloads is not None:
                await asyncio.to_thread(self._downloads.stop)
            self._downloads = await asyncio.to_thread(self._open)
        self._on_change()

    def _on_event(self, event: DownloadEvent) -> None:
        self._call(self._on_change)
        if event.finished:
            self._call(self._files.nudge)

    def _call(self, work: Callable[[], None]) -> None:
        """Call ``work`` on the loop, from any thread."""
        loop = self._loop
        if loop is not None:
            with suppress(RuntimeError):  # the loop has just been closed
                loop.call_soon_threadsafe(work)


def _add(downloads: Downloads, name: str) -> str:
    from preheat.models.catalogue import load_catalogue, parse_pull

    return downloads.add(parse_pull(name, load_catalogue()))


def _has_downloads(folder: Path) -> bool:
    return any((folder / DOWNLOADS).glob("*/download.json"))
