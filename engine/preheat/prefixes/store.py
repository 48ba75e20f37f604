"""The two tiers of stored prompts. Blocks on the disk; any thread, unless a method says otherwise."""

from __future__ import annotations

import logging
import shutil
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from preheat.errors import file_error
from preheat.inference.prefixes import (
    FoundFile,
    Limits,
    NoRoomError,
    PrefixOptions,
    StoredBlock,
    copy_block,
    files_in,
    list_blocks,
    locked,
    model_folders,
    read_day,
    read_limits,
    remove,
    remove_abandoned,
    remove_empty_folders,
    remove_least,
    taken_bytes,
    write_day,
    write_limits,
)
from preheat.messages import Message
from preheat.prefixes.budgets import Disk, disk_limits, memory_limits, uses_disk
from preheat.prefixes.figures import PrefixFigures
from preheat.prefixes.folders import MemoryFolder, disk_folder, folder_name, make_disk_folder, take_abandoned
from preheat.settings import Settings

logger = logging.getLogger(__name__)

_NOTHING: Final = Limits(0, writable=False)
_TIDY_S: Final = 600.0

_LEAVE_S: Final = 2.0
"""Time in which prompts that have to leave memory may move to the disk, in seconds. Then they are removed."""

_MEMORY, _DISK, _WRITING = "memory", "disk", "writing"  # what may fail


@dataclass(frozen=True, slots=True)
class StoredModel:
    """The stored prompts of a model."""

    folder: str  # see ``folder_name``
    prompts: int  # that none of the others continues
    tokens: int
    memory_bytes: int
    disk_bytes: int
    used_at: float  # Unix time of the last use


class PrefixStore:
    """The folders, their limits and their files.

    Args:
        on_battery: Returns whether the machine runs on battery.
        disk: Folder of the tier on disk.
        memory_root: Root of a file system in memory; None if there is none.
    """

    def __init__(
        self,
        settings: Settings,
        on_battery: Callable[[], bool],
        *,
        disk: Path | None = None,
        memory_root: Path | None = None,
    ) -> None:
        self.settings = settings
        self.allowed_bytes: int | None = None
        """Memory that stored prompts may take now: what the limit leaves besides models. None before that is known."""
        self._on_battery = on_battery
        self._disk: Final = disk or disk_folder()
        self._root: Final = memory_root
        self._memory: MemoryFolder | None = None
        self._closed = False
        self._refreshing = threading.Lock()
        self._first = True
        self._tidied_at = -_TIDY_S
        self._disk_takes = True
        self._problems: dict[str, Message] = {}
        self.figures = PrefixFigures()
        """The figures at the last ``refresh``. Any thread, without blocking."""

    def options(self, model_id: str) -> PrefixOptions | None:
        """Return where a worker keeps the prompts of a model; None for nowhere. Does not block."""
        name, mode = folder_name(model_id), self.settings.prefix_cache
        in_memory = "" if self._memory is None else str(self._memory.path / name)
        on_disk = str(self._disk / name) if uses_disk(self.settings) else ""
        if mode == "off" or self._closed or not (in_memory or on_disk):
            return None
        return PrefixOptions(
            in_memory,
            on_disk,
            memory_bytes=max(self.figures.memory_limit_bytes - self.figures.memory_bytes, 0),
        )

    def refresh(self) -> PrefixFigures:
        """Apply the limits of this moment: make the folders, publish the limits, remove what is too much."""
        with self._refreshing:
            return self._refresh(self.settings)

    def _refresh(self, settings: Settings) -> PrefixFigures:
        disk = self._refresh_disk(settings)
        memory = self._refresh_memory(settings, to_disk=disk.writable and disk.max_bytes > 0 and self._disk_takes)
        if not self.memory_bytes:
            self._problems.pop(_WRITING, None)  # nothing waits for it any more
        day = read_day(self._disk)
        self.figures = PrefixFigures(
            settings.prefix_cache,
            memory_bytes=self.memory_bytes,
            memory_limit_bytes=memory.max_bytes,
            disk_bytes=taken_bytes(self._disk),
            disk_limit_bytes=disk.max_bytes,
            written_today_bytes=day.written_bytes,
            daily_limit_bytes=settings.prefix_cache_daily.resolve(0),
            problem=next(iter(self._problems.values()), None),
        )
        return self.figures

    @property
    def memory_bytes(self) -> int:
        """Bytes of the tier in memory now."""
        memory = self._memory  # another thread may close it
        return 0 if memory is None else taken_bytes(memory.path)

    def waiting(self) -> list[FoundFile]:
        """Return the files in memory that belong on the disk, beginnings of prompts first."""
        memory = self._memory
        if memory is None or not uses_disk(self.settings):
            return []
        blocks = [block for folder in model_folders(memory.path) for block in list_blocks(folder)]
        order = {block.path: (block.block.start, -block.used_at) for block in blocks}
        found = [file for file in files_in(memory.path) if file.path in order]
        return sorted(found, key=lambda file: order[file.path])

    def move(self, file: FoundFile, *, synced: bool = True) -> bool:
        """Move a file from memory to the disk, unless all there is worth more; return whether the disk takes more.

        Args:
            synced: See ``copy_block``.
        """
        self._disk_takes = False
        try:
            copy_block(file.path, self._disk / file.path.parent.name, synced=synced)
        except FileNotFoundError:
            pass  # removed meanwhile
        except NoRoomError as error:
            if not error.full:
                logger.debug("prompts stay in memory: %s", error.strerror)
                return False
        except OSError as error:
            self._failed(_WRITING, self._disk, error)
            return False
        self._problems.pop(_WRITING, None)
        remove(file.path)
        self._disk_takes = True
        return True

    def shrink_memory(self, n_bytes: int, within_s: float = 0.0) -> int:
        """Free memory: move prompts to the disk while there is time, then remove what is worth least.

        Returns:
            The bytes freed, at least ``n_bytes`` unless there were fewer.
        """
        memory = self._memory
        if memory is None or n_bytes <= 0:
            return 0
        ends_at, before = time.monotonic() + within_s, self.memory_bytes
        for file in self.waiting():
            if (
                before - self.memory_bytes >= n_bytes
                or time.monotonic() >= ends_at
                or not self.move(file, synced=False)
            ):
                break
        rest = n_bytes - (before - self.memory_bytes)
        if rest > 0:
            with suppress(OSError), locked(memory.path):
                remove_least(memory.path, rest)
        return before - self.memory_bytes

    def clear(self, model_id: str | None = None) -> int:
        """Remove the stored prompts of a model, or of all; return the bytes freed."""
        return sum(self._clear(tier, None if model_id is None else folder_name(model_id)) for tier in self._tiers())

    def contents(self) -> list[StoredModel]:
        """Return the models with stored prompts, by folder."""
        names = sorted({folder.name for tier in self._tiers() for folder in model_folders(tier)})
        return [found for name in names if (found := self._model(name)) is not None]

    def close(self) -> None:
        """Remove the folder in memory."""
        self._closed = True
        memory, self._memory = self._memory, None
        if memory is not None:
            memory.remove()

    def _tiers(self) -> Iterator[Path]:
        memory = self._memory
        if memory is not None:
            yield memory.path
        yield self._disk

    def _model(self, name: str) -> StoredModel | None:
        tiers = {tier: list_blocks(tier / name) for tier in self._tiers()}
        on_disk = tiers[self._disk]
        blocks: Mapping[bytes, StoredBlock] = {each.block.key: each for found in tiers.values() for each in found}
        if not blocks:
            return None
        continued = {each.block.parent for each in blocks.values()}
        return StoredModel(
            name,
            prompts=sum(key not in continued for key in blocks),
            tokens=sum(len(each.block.tokens) for each in blocks.values()),
            memory_bytes=sum(_bytes_of(found) for found in tiers.values() if found is not on_disk),
            disk_bytes=_bytes_of(on_disk),
            used_at=max(each.used_at for each in blocks.values()),
        )

    def _clear(self, tier: Path, name: str | None) -> int:
        freed = 0
        with suppress(OSError), locked(tier):
            for file in files_in(tier):
                if name is None or file.path.parent.name == name:
                    freed += file.n_bytes if not file.temporary and remove(file.path) else 0
            remove_empty_folders(tier)
        return freed

    def _refresh_disk(self, settings: Settings) -> Limits:
        """Publish the limits of the tier on disk, and keep to them; return them."""
        folder = self._disk
        if not uses_disk(settings) and not folder.exists():
            return _NOTHING
        try:
            make_disk_folder(folder)
            disk = Disk(shutil.disk_usage(folder).free, taken_bytes(self._disk))
            limits = disk_limits(settings, disk, on_battery=self._on_battery())
            _publish(folder, limits)
            with locked(folder):
                self._tidy(folder)
                if disk.own_bytes > limits.max_bytes:
                    remove_least(folder, disk.own_bytes - limits.max_bytes)
                    remove_empty_folders(folder)
        except OSError as error:
            self._failed(_DISK, folder, error)
            return _NOTHING
        self._problems.pop(_DISK, None)
        return limits

    def _tidy(self, folder: Path) -> None:
        """Now and then, remove what killed processes left unfinished, and note that time passes."""
        now = time.monotonic()
        if now - self._tidied_at >= _TIDY_S:
            self._tidied_at = now
            remove_abandoned(folder)
            if (day := read_day(folder)).written_bytes:
                # Where the clock starts wrong at each boot, only the time noted here ends the day.
                write_day(folder, day)

    def _refresh_memory(self, settings: Settings, *, to_disk: bool) -> Limits:
        """Publish the limits of the tier in memory, and keep to them; return them."""
        first, self._first = self._first, False
        if first and settings.prefix_cache == "off" and self._root is not None:
            take_abandoned(self._root, self._disk, None)
        memory = self._memory
        if memory is None and settings.prefix_cache != "off" and not self._closed:
            memory = self._memory = self._make_memory()
        if memory is None:
            return _NOTHING
        own = taken_bytes(memory.path)
        try:
            limits = Limits(own, durable=False)
            if self.allowed_bytes is not None:
                disk = Disk(shutil.disk_usage(memory.path).free, own)
                limits = memory_limits(settings, self.allowed_bytes, disk, to_disk=to_disk)
            _publish(memory.path, limits)
            with locked(memory.path):
                remove_abandoned(memory.path)
            self.shrink_memory(own - limits.max_bytes, _LEAVE_S)
        except OSError as error:
            self._failed(_MEMORY, memory.path, error)
            return _NOTHING
        self._problems.pop(_MEMORY, None)
        return limits

    def _make_memory(self) -> MemoryFolder | None:
        if self._root is None:
            return None
        try:
            made = MemoryFolder(self._root, self._disk)
            write_limits(made.path, _NOTHING)
            if taken := take_abandoned(self._root, self._disk, made.path):
                logger.info("%d parts of prompts of an engine that was killed are kept", taken)
        except OSError as error:
            self._failed(_MEMORY, self._root, error)
            return None
        return made

    def _failed(self, what: str, place: Path, error: OSError) -> None:
        problem = file_error("prefixes_unusable", error, place).message
        if self._problems.get(what) != problem and not self._closed:  # once, not at every attempt
            self._problems[what] = problem
            logger.warning("%s", problem)


def _publish(tier: Path, limits: Limits) -> None:
    if read_limits(tier) != limits:
        write_limits(tier, limits)


def _bytes_of(blocks: Iterable[StoredBlock]) -> int:
    return sum(block.n_bytes for block in blocks)
