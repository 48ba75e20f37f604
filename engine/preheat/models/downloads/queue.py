"""The queue of downloads, over restarts too."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Final

from preheat.errors import DownloadNotFoundError, FolderError, HubOfflineError, HubUnreachableError
from preheat.messages import Message, msg
from preheat.models.downloads.interrupt import Interrupt
from preheat.models.downloads.job import Entry, Job
from preheat.models.downloads.journal import LASTING_STATES, FileRecord, Folder, Journal, stored_downloads
from preheat.models.downloads.planning import asked_of, plan
from preheat.models.downloads.retry import RetryPolicy
from preheat.models.downloads.states import DownloadEvent, DownloadSnapshot, DownloadState, Trigger, next_state
from preheat.models.hub import Hub, PullTarget
from preheat.models.space import check_space

logger = logging.getLogger(__name__)

_ACTIVE: Final = frozenset(
    {DownloadState.QUEUED, DownloadState.RUNNING, DownloadState.CHECKING, DownloadState.WAITING_FOR_SPACE}
)
_KEPT_DONE: Final = 20
_END_TIMEOUT_S: Final = 30.0


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
        self._entries: dict[str, Entry] = {}
        self._stopping = False

    def start(self, *, resume: bool = True) -> None:
        """Read what earlier runs left; with ``resume``, continue what was running when the process ended."""
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
            return tuple(entry.snapshot() for entry in sorted(entries, key=lambda each: each.journal.added_at))

    def add(self, target: PullTarget) -> str:
        """Fetch a model and return the download's id. Joins a running download, and resumes a paused one.

        Raises:
            HubError: The hub has no such model, or does not answer.
            DiskFullError: There is not enough space for it and the queue.
            FolderError: The models folder cannot be written.
        """
        with self._lock:
            self._load(resume=False)
            same = next((each for each in self._entries.values() if _is_same(each, target)), None)
            if same is not None and same.state in _ACTIVE:
                return same.journal.download_id
            if same is not None and same.state is DownloadState.PAUSED:
                self.resume(same.journal.download_id)
                return same.journal.download_id
        try:
            journal = plan(self.hub, target, self._room(), self.context_length)
        except (HubOfflineError, HubUnreachableError):
            if same is not None and self._in_place(same):
                return same.journal.download_id
            raise
        return self._enqueue(journal)

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
        """Remove a download and its unfinished files; finished files stay.

        Raises:
            FolderError: The unfinished files cannot be removed.
        """
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

    def _enqueue(self, journal: Journal) -> str:
        self._wait_for_end(journal.download_id)
        with self._lock:
            old = self._entries.get(journal.download_id)
            unchanged = old is not None and _checksums(old.journal) == _checksums(journal)
            if old is not None and (_is_at_work(old) or (unchanged and self._in_place(old))):
                return journal.download_id
            entry = Entry(journal, Folder(self.models_dir, journal.download_id), DownloadState.QUEUED)
            if not self._found_elsewhere(entry):
                self._prepare(entry, old)
            self._entries[journal.download_id] = entry
            self._fill()
        self._emit(entry, None)
        return journal.download_id

    def _prepare(self, entry: Entry, old: Entry | None) -> None:
        """Check that there is space, and store the journal."""
        folder, journal = entry.folder, entry.journal
        before = {file.path: file for file in old.journal.files} if old else {}
        try:
            for file in journal.files:
                earlier = before.get(file.path)
                if earlier is not None and earlier.sha256 != file.sha256:
                    folder.part(file).unlink(missing_ok=True)  # of an older content
                elif earlier is not None:
                    file.checked = earlier.checked
            entry.measure()
            queued = sum(each.missing_bytes for each in self._entries.values() if each is not old and each.unfinished)
            there = sum(file.size_bytes for file in journal.files if self._is_placed(journal, file))
            code = "disk_full_with_queue" if queued else "disk_full"
            check_space(self.models_dir, entry.missing_bytes - there + queued, code, name=journal.name)
            folder.save(journal)
        except OSError as error:
            reason = error.strerror or str(error)
            raise FolderError(msg("models_folder_unwritable", folder=str(self.models_dir), reason=reason)) from error

    def _found_elsewhere(self, entry: Entry) -> bool:
        """Return whether other programs have all files; then nothing is fetched, and nothing stored."""
        paths = [self._elsewhere(file.size_bytes, file.sha256) for file in entry.journal.files if file.sha256]
        if len(paths) < len(entry.journal.files) or None in paths:
            return False
        entry.state, entry.message = DownloadState.DONE, msg("download_already_here", path=str(paths[0]))
        return True

    def _is_placed(self, journal: Journal, file: FileRecord) -> bool:
        return file.sha256 is not None and self.known_sha256(journal.target(self.models_dir, file)) == file.sha256

    def _wait_for_end(self, download_id: str) -> None:
        """Wait for the thread of a paused or cancelled download, which still holds the folder."""
        with self._lock:
            entry = self._entries.get(download_id)
            thread = entry.thread if entry is not None and not _is_at_work(entry) else None
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
        for entry in sorted(waiting, key=lambda each: each.journal.added_at)[: max(self._at_once - running, 0)]:
            entry.interrupt = Interrupt()
            entry.speed.restart()
            self._transition(entry, Trigger.STARTED)
            name = f"download-{entry.journal.download_id}"
            entry.thread = threading.Thread(target=self._run, args=(entry,), name=name, daemon=True)
            entry.thread.start()

    def _run(self, entry: Entry) -> None:
        try:
            Job(entry, self).run()
        finally:
            with self._lock:
                entry.thread = None
                if entry.cancelled:
                    with suppress(FolderError):  # logged where it happened
                        self._drop(entry)
                self._fill()
            self._emit(entry, entry.state)

    def apply(
        self, entry: Entry, interrupt: Interrupt, trigger: Trigger, message: Message | None, lasting: bool
    ) -> None:
        """Change an entry's state for its job.

        Raises:
            InterruptedTransferError: The job was interrupted, and reports too late.
        """
        with self._lock:
            interrupt.check()
            previous, unchanged = entry.state, message == entry.message
            self._transition(entry, trigger, message, lasting=lasting)
        if trigger is Trigger.FINISHED:
            self._trim()
        if not unchanged or entry.state is not previous:
            self._emit(entry, previous)

    def publish(self, entry: Entry) -> None:
        """Report new figures of an entry."""
        self._emit(entry, entry.state)

    def _transition(
        self, entry: Entry, trigger: Trigger, message: Message | None = None, *, lasting: bool = False
    ) -> None:
        """Write the state; the only place that does."""
        journal, previous = entry.journal, entry.state
        entry.state = next_state(previous, trigger)
        entry.message, entry.lasting = message, lasting
        if previous is not entry.state:
            logger.info("download %s: %s -> %s %s", journal.name, previous, entry.state, message or "")
        error = message if entry.state is DownloadState.FAILED else None
        if entry.state in LASTING_STATES and (entry.state, error) != (journal.state, journal.error):
            journal.state, journal.error = entry.state, error
            try:
                entry.folder.save(journal)
            except OSError as failure:
                # At worst a later start continues what was paused.
                logger.warning("%s cannot be written: %s", entry.folder.path, failure)

    def _emit(self, entry: Entry, previous: DownloadState | None) -> None:
        download_id = entry.journal.download_id
        listed = self._entries.get(download_id) is entry and not entry.cancelled
        self._on_event(DownloadEvent(download_id, previous, entry.state if listed else None))

    # The disk

    def _load(self, resume: bool) -> None:
        """Take up what other processes left in the folder."""
        for folder, journal in stored_downloads(self.models_dir, self._entries):
            state = DownloadState.PAUSED if journal.state is DownloadState.QUEUED and not resume else journal.state
            entry = Entry(journal, folder, state, message=journal.error)
            entry.measure()
            self._entries[journal.download_id] = entry
        self._trim()

    def _trim(self) -> list[Entry]:
        """Forget finished downloads with missing files, and the oldest ones; return them."""
        with self._lock:
            done = [each for each in self._entries.values() if each.state is DownloadState.DONE and not each.thread]
            here = [entry for entry in done if self._in_place(entry)]
            newest = sorted(here, key=lambda each: each.journal.added_at)[-_KEPT_DONE:]
            dropped = [entry for entry in done if entry not in newest]
            for entry in dropped:
                with suppress(FolderError):
                    self._drop(entry)
            return dropped

    def _drop(self, entry: Entry) -> None:
        self._entries.pop(entry.journal.download_id, None)
        folder = entry.folder.path
        try:
            entry.folder.remove()
        except OSError as error:
            logger.warning("%s cannot be removed: %s", folder, error)
            reason = error.strerror or str(error)
            raise FolderError(msg("download_not_removable", folder=str(folder), reason=reason)) from error

    def _in_place(self, entry: Entry) -> bool:
        """Return whether all files of a finished download are still there."""
        if entry.state is not DownloadState.DONE:
            return False
        files = entry.journal.files
        if not entry.folder.path.is_dir():  # another program has the files
            return all(file.sha256 and self._elsewhere(file.size_bytes, file.sha256) for file in files)
        return all(entry.journal.target(self.models_dir, file).is_file() for file in files)

    def known_sha256(self, path: Path) -> str | None:
        """Return the checksum of a placed file that has not changed since; None if unknown."""
        with self._lock:
            entries = list(self._entries.values())
        for entry in entries:
            for file in entry.journal.files:
                if file.placed_ns and entry.journal.target(self.models_dir, file) == path:
                    with suppress(OSError):
                        status = path.stat()
                        if (status.st_size, status.st_mtime_ns) == (file.size_bytes, file.placed_ns):
                            return file.sha256
        return None

    def _entry(self, download_id: str) -> Entry:
        entry = self._entries.get(download_id)
        if entry is None or entry.cancelled:
            raise DownloadNotFoundError(msg("download_not_found", download_id=download_id[:100]))
        return entry


def _is_same(entry: Entry, target: PullTarget) -> bool:
    same = entry.journal.repo.lower() == target.repo.lower() and entry.journal.asked == asked_of(target)
    return same and not entry.cancelled


def _is_at_work(entry: Entry) -> bool:
    return not entry.cancelled and entry.state in _ACTIVE


def _checksums(journal: Journal) -> list[tuple[str, int, str | None]]:
    return [(file.path, file.size_bytes, file.sha256) for file in journal.files]
