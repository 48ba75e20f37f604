"""The queue of downloads, over restarts too."""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from typing import Final

from preheat.errors import DownloadNotFoundError, EngineError, HubOfflineError, HubUnreachableError, file_error
from preheat.messages import Message, msg
from preheat.models.downloads.connection import Interrupt
from preheat.models.downloads.download import LASTING_STATES, Download, FileRecord, plan, stored_downloads
from preheat.models.downloads.job import Job
from preheat.models.downloads.states import DownloadEvent, DownloadSnapshot, DownloadState, Trigger, next_state
from preheat.models.downloads.transfer import RetryPolicy
from preheat.models.hub import Hub, PullTarget
from preheat.models.own_folder import prepare
from preheat.models.space import check_space

logger = logging.getLogger(__name__)

_KEPT_DONE: Final = 20
_END_TIMEOUT_S: Final = 30.0
_ORDER_S: Final = 0.001


class Downloads:
    """The downloads into one models folder. Any thread; ``add`` asks the hub, and ``stop`` waits for threads.

    Methods with a download's id raise ``DownloadNotFoundError`` for an unknown one.

    Args:
        models_dir: Preheat's own models folder.
        at_once: Number of downloads that run together; the others wait.
        on_event: Called on any thread after each change.
        room: Returns the memory limit, in bytes, that a pull without a quantization must fit.
        context_length: Configured context length, for the same.
        elsewhere: Returns the file of this size and SHA-256 that another program has; None if there is none.
    """

    def __init__(
        self,
        models_dir: Path,
        hub: Hub,
        *,
        at_once: int = 2,
        on_event: Callable[[DownloadEvent], None] = lambda _event: None,
        room: Callable[[], int],
        context_length: int = 8192,
        elsewhere: Callable[[int, str], Path | None] = lambda _size, _sha256: None,
        retry_policy: RetryPolicy | None = None,
    ) -> None:
        self.models_dir = models_dir
        self.hub = hub
        self.context_length = context_length
        self.retry_policy = retry_policy or RetryPolicy()
        self._at_once = at_once
        self._on_event = on_event
        self._room = room
        self._elsewhere = elsewhere
        self._lock = threading.RLock()
        self._entries: dict[str, Download] = {}
        self._stopping = False

    def start(self, *, resume: bool = True) -> None:
        """Read the downloads of earlier runs; with ``resume``, continue those that were running."""
        with self._lock:
            self._stopping = False
            self._load(resume)
            self._fill()
            entries = list(self._entries.values())
        for entry in entries:
            self._emit(entry, None)

    def stop(self) -> None:
        """End all threads; what runs now continues at the next start."""
        with self._lock:
            self._stopping = True
            threads = [entry.thread for entry in self._entries.values() if entry.thread is not None]
            for entry in self._entries.values():
                entry.interrupt.set()
        deadline = time.monotonic() + _END_TIMEOUT_S
        for thread in threads:
            thread.join(max(deadline - time.monotonic(), 0))

    @property
    def at_once(self) -> int:
        """Number of downloads that run together."""
        return self._at_once

    @at_once.setter
    def at_once(self, number: int) -> None:
        with self._lock:
            self._at_once = number
            self._fill()

    def snapshots(self) -> tuple[DownloadSnapshot, ...]:
        """Return all downloads, the oldest first."""
        with self._lock:
            entries = [entry for entry in self._entries.values() if not entry.cancelled]
            return tuple(entry.snapshot() for entry in _oldest_first(entries))

    def add(self, target: PullTarget) -> str:
        """Fetch a model and return the download's id. Joins a running download, and resumes a paused one.

        Raises:
            HubError: The hub has no such model, or does not answer.
            DiskFullError: There is not enough space for it and the queue.
            FolderError, DiskFullError: The models folder cannot be written.
        """
        with self._lock:
            self._load(resume=False)
            same = next((each for each in self._entries.values() if each.is_for(target)), None)
            if same is not None and same.at_work:
                return same.download_id
            if same is not None and same.state is DownloadState.PAUSED:
                self.resume(same.download_id)
                return same.download_id
        try:
            entry = plan(self.hub, target, self.models_dir, self._room(), self.context_length)
        except (HubOfflineError, HubUnreachableError):
            if same is not None and self._in_place(same):
                return same.download_id
            raise
        return self._enqueue(entry)

    def pause(self, download_id: str) -> None:
        """Stop fetching until ``resume``; the bytes stay."""
        with self._lock:
            entry = self._entry(download_id)
            previous = entry.state
            if entry.unfinished:
                self._transition(entry, Trigger.PAUSED)
                entry.interrupt.set()
        self._emit(entry, previous)

    def resume(self, download_id: str) -> None:
        """Continue a download, or try again."""
        with self._lock:
            entry = self._entry(download_id)
            previous = entry.state
            if previous not in (DownloadState.WAITING_FOR_SPACE, DownloadState.DONE) or (
                previous is DownloadState.DONE and not self._in_place(entry)
            ):
                self._transition(entry, Trigger.RESUMED)
                self._fill()
        self._emit(entry, previous)

    def cancel(self, download_id: str) -> None:
        """Remove a download and its unfinished files, or raise ``FolderError``; finished files stay."""
        with self._lock:
            entry = self._entry(download_id)
            entry.cancelled = True
            entry.interrupt.set()
            if entry.thread is None:
                self._drop(entry)
        self._emit(entry, entry.state)

    def forget(self, download_id: str) -> None:
        """Remove a finished or failed download from the list; raises ``DownloadNotFoundError`` for others."""
        with self._lock:
            if self._entry(download_id).state not in (DownloadState.DONE, DownloadState.FAILED):
                raise DownloadNotFoundError(msg("download_not_over"))
        self.cancel(download_id)

    def tidy(self) -> None:
        """Forget finished downloads with missing files."""
        for entry in self._trim():
            self._emit(entry, entry.state)

    # Adding

    def _enqueue(self, entry: Download) -> str:
        download_id = entry.download_id
        self._wait_for_end(download_id)
        with self._lock:
            old = self._entries.get(download_id)
            if old is not None and (old.at_work or (old.checksums == entry.checksums and self._in_place(old))):
                return download_id
            # The order of all downloads, also if the clock was set back in between.
            latest = max((each.added_at for each in self._entries.values()), default=0.0)
            entry.added_at = max(entry.added_at, latest + _ORDER_S)
            if not self._found_elsewhere(entry):
                self._prepare(entry, old)
            self._entries[download_id] = entry
            self._fill()
        self._emit(entry, None)
        return download_id

    def _prepare(self, entry: Download, old: Download | None) -> None:
        """Check that there is space, and store the download."""
        before = {file.path: file for file in old.files} if old else {}
        prepare(self.models_dir)
        try:
            for file in entry.files:
                earlier = before.get(file.path)
                if earlier is not None and earlier.sha256 != file.sha256:
                    entry.part(file).unlink(missing_ok=True)  # of an older content
                elif earlier is not None:
                    file.checked = earlier.checked
            entry.measure()
            queued = sum(each.missing_bytes for each in self._entries.values() if each is not old and each.unfinished)
            there = sum(file.size_bytes for file in entry.files if self._is_placed(entry, file))
            code = "disk_full_with_queue" if queued else "disk_full"
            check_space(self.models_dir, entry.missing_bytes - there + queued, code, name=entry.name)
            entry.save()
        except OSError as error:
            raise file_error("models_folder_unwritable", error, self.models_dir) from error

    def _found_elsewhere(self, entry: Download) -> bool:
        """Return whether other programs have all files; then nothing is fetched, and nothing stored."""
        paths = [file.sha256 and self._elsewhere(file.size_bytes, file.sha256) for file in entry.files]
        if not all(paths):
            return False
        entry.state, entry.message = DownloadState.DONE, msg("download_already_here", path=str(paths[0]))
        return True

    def _is_placed(self, entry: Download, file: FileRecord) -> bool:
        return file.sha256 is not None and self.known_sha256(entry.target(file)) == file.sha256

    def _wait_for_end(self, download_id: str) -> None:
        """Wait for the thread of a paused or cancelled download, which still holds the folder."""
        with self._lock:
            entry = self._entries.get(download_id)
            thread = entry.thread if entry is not None and not entry.at_work else None
        if thread is not None:
            thread.join(_END_TIMEOUT_S)

    # Running

    def _fill(self) -> None:
        """Start the next downloads while there are free places."""
        if self._stopping:
            return
        # A thread that has yet to notice its end still takes a place.
        running = sum(entry.thread is not None for entry in self._entries.values())
        waiting = [each for each in self._entries.values() if each.state is DownloadState.QUEUED and not each.thread]
        for entry in _oldest_first(waiting)[: max(self._at_once - running, 0)]:
            entry.interrupt = Interrupt()
            entry.speed.restart()
            self._transition(entry, Trigger.STARTED)
            name = f"download-{entry.download_id}"
            entry.thread = threading.Thread(target=self._run, args=(entry,), name=name, daemon=True)
            entry.thread.start()

    def _run(self, entry: Download) -> None:
        try:
            Job(entry, self).run()
        finally:
            with self._lock:
                entry.thread = None
                if entry.cancelled:
                    with suppress(EngineError):  # logged where it happened
                        self._drop(entry)
                self._fill()
            self._emit(entry, entry.state)

    def apply(self, entry: Download, trigger: Trigger, message: Message | None, *, lasting: bool) -> None:
        """Change an entry's state for its job; raises ``InterruptedTransferError`` if that was interrupted."""
        with self._lock:
            entry.interrupt.check()
            previous, unchanged = entry.state, message == entry.message
            self._transition(entry, trigger, message, lasting=lasting)
        if trigger is Trigger.FINISHED:
            self._trim()
        if not unchanged or entry.state is not previous:
            self._emit(entry, previous)

    def publish(self, entry: Download) -> None:
        self._emit(entry, entry.state)

    def _transition(
        self, entry: Download, trigger: Trigger, message: Message | None = None, *, lasting: bool = False
    ) -> None:
        """Write the state; the only place that does."""
        previous, entry.state = entry.state, next_state(entry.state, trigger)
        entry.message, entry.lasting = message, lasting
        if previous is not entry.state:
            logger.info("download %s: %s -> %s %s", entry.name, previous, entry.state, message or "")
        if entry.state in LASTING_STATES:
            try:
                entry.save()
            except OSError as failure:
                # At worst a later start continues what was paused.
                logger.warning("%s cannot be written: %s", entry.folder, failure)

    def _emit(self, entry: Download, previous: DownloadState | None) -> None:
        download_id = entry.download_id
        listed = self._entries.get(download_id) is entry and not entry.cancelled
        self._on_event(DownloadEvent(download_id, previous, entry.state if listed else None))

    # The disk

    def _load(self, resume: bool) -> None:
        """Take up what other processes left in the folder."""
        for entry in list(stored_downloads(self.models_dir, self._entries)):
            if entry.state is DownloadState.QUEUED and not resume:
                entry.state = DownloadState.PAUSED
            entry.measure()
            self._entries[entry.download_id] = entry
        self._trim()

    def _trim(self) -> list[Download]:
        """Forget finished downloads with missing files, and the oldest ones; return them."""
        with self._lock:
            done = [each for each in self._entries.values() if each.state is DownloadState.DONE and not each.thread]
            here = [entry for entry in done if self._in_place(entry)]
            newest = _oldest_first(here)[-_KEPT_DONE:]
            dropped = [entry for entry in done if entry not in newest]
            for entry in dropped:
                with suppress(EngineError):
                    self._drop(entry)
            return dropped

    def _drop(self, entry: Download) -> None:
        self._entries.pop(entry.download_id, None)
        try:
            entry.remove()
        except OSError as error:
            logger.warning("%s cannot be removed: %s", entry.folder, error)
            raise file_error("download_not_removable", error, entry.folder) from error

    def _in_place(self, entry: Download) -> bool:
        """Return whether all files of a finished download are still there."""
        if entry.state is not DownloadState.DONE:
            return False
        # Not Path's own, which raise where a folder cannot be read.
        if not os.path.isdir(entry.folder):  # noqa: PTH112 - another program has the files
            return all(file.sha256 and self._elsewhere(file.size_bytes, file.sha256) for file in entry.files)
        return all(os.path.isfile(entry.target(file)) for file in entry.files)  # noqa: PTH113

    def known_sha256(self, path: Path) -> str | None:
        """Return the checksum of a placed file that has not changed since; None if unknown."""
        with self._lock:
            entries = list(self._entries.values())
        for entry in entries:
            for file in entry.files:
                if file.placed_ns and entry.target(file) == path:
                    with suppress(OSError):
                        status = path.stat()
                        if (status.st_size, status.st_mtime_ns) == (file.size_bytes, file.placed_ns):
                            return file.sha256
        return None

    def _entry(self, download_id: str) -> Download:
        entry = self._entries.get(download_id)
        if entry is None or entry.cancelled:
            raise DownloadNotFoundError(msg("download_not_found", download_id=download_id[:100]))
        return entry


def _oldest_first(entries: Iterable[Download]) -> list[Download]:
    return sorted(entries, key=lambda each: each.added_at)
