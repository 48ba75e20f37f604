"""All downloads: which wait, which run, which are done; over restarts too."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

from preheat.errors import DownloadNotFoundError, FolderError, HubOfflineError, HubUnreachableError
from preheat.models.downloads.interrupt import Interrupt
from preheat.models.downloads.job import Entry, Job, Surroundings
from preheat.models.downloads.journal import FileRecord, Folder, Journal, Wish, left_behind
from preheat.models.downloads.planning import asked_of, plan
from preheat.models.downloads.retry import RetryPolicy
from preheat.models.downloads.snapshot import DownloadSnapshot, DownloadState
from preheat.models.downloads.states import Event, next_state
from preheat.models.hub.hub import Hub
from preheat.models.hub.target import PullTarget
from preheat.models.space import check_room

logger = logging.getLogger(__name__)

_ACTIVE: Final = frozenset({DownloadState.QUEUED, DownloadState.RUNNING, DownloadState.CHECKING})
_STATES: Final = {
    Wish.FETCH: DownloadState.QUEUED,
    Wish.PAUSE: DownloadState.PAUSED,
    Wish.FAILED: DownloadState.FAILED,
    Wish.DONE: DownloadState.DONE,
}
_WISHES: Final = {
    Event.PAUSED: Wish.PAUSE,
    Event.RESUMED: Wish.FETCH,
    Event.FAILED: Wish.FAILED,
    Event.FINISHED: Wish.DONE,
}
_KEPT_DONE: Final = 20
_END_TIMEOUT_S: Final = 30.0


def _nothing() -> None:
    pass


class Downloads:
    """The downloads into one models folder. Any thread; ``add`` asks the hub, and ``stop`` waits for threads.

    Args:
        models_dir: Preheat's own folder of models.
        hub: Where models come from.
        at_once: How many run together; the others wait.
        on_change: Called, on any thread, when what ``snapshots`` returns is another.
        on_done: Called, on any thread, when files have come into their place.
        room: How much memory models may use, in bytes: what a pull without a quantization must fit in.
        context_length: As configured, for the same.
        elsewhere: Returns where a program has a file of this size and sum already; None if none is known to.
        patience: How long to wait for what.
    """

    def __init__(
        self,
        models_dir: Path,
        hub: Hub,
        *,
        at_once: int = 2,
        on_change: Callable[[], None] = _nothing,
        on_done: Callable[[], None] = _nothing,
        room: Callable[[], int],
        context_length: int = 8192,
        elsewhere: Callable[[int, str], Path | None] = lambda _size, _sha256: None,
        patience: RetryPolicy | None = None,
    ) -> None:
        self.models_dir = models_dir
        self.context_length = context_length
        self._at_once = at_once
        self._hub = hub
        self._on_change = on_change
        self._on_done = on_done
        self._room = room
        self._elsewhere = elsewhere
        self._lock = threading.RLock()
        self._entries: dict[str, Entry] = {}
        self._stopping = False
        self._around = Surroundings(
            models_dir, hub, patience or RetryPolicy(), self._apply_from_job, on_change, self._receipt
        )

    def start(self, *, resume: bool = True) -> None:
        """Read what earlier runs left; with ``resume``, go on with what was running when the process ended."""
        with self._lock:
            self._stopping = False
            self._load(resume)
            self._fill()
        self._on_change()

    def stop(self) -> None:
        """End all threads; what runs now goes on at the next start."""
        with self._lock:
            self._stopping = True
            threads = [entry.thread for entry in self._entries.values() if entry.thread is not None]
            for entry in self._entries.values():
                entry.interrupt.set()
        ends_at = time.monotonic() + _END_TIMEOUT_S
        for thread in threads:
            thread.join(max(ends_at - time.monotonic(), 0))

    @property
    def at_once(self) -> int:
        """How many run together."""
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
        """Fetch a model; joins what is running, goes on with what was paused, and knows what is here. Returns the id.

        Raises:
            HubError: The hub has no such model, or does not answer.
            DiskFullError: There is no room for it and all that is queued.
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
            journal = plan(self._hub, target, self._room(), self.context_length)
        except (HubOfflineError, HubUnreachableError):
            if same is not None and self._in_place(same):
                return same.journal.download_id
            raise
        return self._enqueue(journal)

    def pause(self, download_id: str) -> None:
        """Stop fetching it until ``resume``; what came stays.

        Raises:
            DownloadNotFoundError: There is none with this id.
        """
        with self._lock:
            entry = self._entry(download_id)
            if entry.unfinished:
                self._apply(entry, Event.PAUSED)
                entry.held = False
                entry.interrupt.set()
        self._on_change()

    def resume(self, download_id: str) -> None:
        """Go on with it, or try again.

        Raises:
            DownloadNotFoundError: There is none with this id.
        """
        with self._lock:
            entry = self._entry(download_id)
            done = entry.state is DownloadState.DONE and self._in_place(entry)
            if not entry.held and not done:
                self._apply(entry, Event.RESUMED)
                self._fill()
        self._on_change()

    def cancel(self, download_id: str) -> None:
        """Forget it, and remove what came of it; files that are in their place stay.

        Raises:
            DownloadNotFoundError: There is none with this id.
            FolderError: What came cannot be removed.
        """
        with self._lock:
            entry = self._entry(download_id)
            entry.cancelled = True
            entry.interrupt.set()
            if entry.thread is None:
                self._drop(entry)
        self._on_change()

    def forget(self, download_id: str) -> None:
        """Take one that is done or has failed from the list.

        Raises:
            DownloadNotFoundError: There is none with this id, or it is not over.
        """
        with self._lock:
            if self._entry(download_id).state not in (DownloadState.DONE, DownloadState.FAILED):
                raise DownloadNotFoundError("This download is not over", hint="Cancel it to be rid of it")
        self.cancel(download_id)

    def tidy(self) -> None:
        """Forget what is done and whose files have gone since."""
        self._trim()
        self._on_change()

    # Adding

    def _enqueue(self, journal: Journal) -> str:
        self._wait_for_end(journal.download_id)
        with self._lock:
            old = self._entries.get(journal.download_id)
            unchanged = old is not None and _sums(old.journal) == _sums(journal)
            if old is not None and (_is_at_work(old) or (unchanged and self._in_place(old))):
                return journal.download_id
            entry = Entry(journal, Folder(self.models_dir, journal.download_id), DownloadState.QUEUED)
            if not self._found_elsewhere(entry):
                self._prepare(entry, old)
            self._entries[journal.download_id] = entry
            self._fill()
        self._on_change()
        return journal.download_id

    def _prepare(self, entry: Entry, old: Entry | None) -> None:
        """Check that there is room, and write down what is to come.

        Raises:
            DiskFullError, FolderError: It cannot come.
        """
        folder, journal = entry.folder, entry.journal
        try:
            for file in journal.files:
                before = next((each for each in old.journal.files if each.path == file.path), None) if old else None
                if before is not None and before.sha256 != file.sha256:
                    folder.part(file).unlink(missing_ok=True)  # of what the hub had then
                elif before is not None:
                    file.checked = before.checked
            entry.measure()
            waiting = sum(each.missing_bytes for each in self._entries.values() if each is not old and each.unfinished)
            there = sum(file.size_bytes for file in journal.files if self._is_receipted(journal, file))
            check_room(self.models_dir, entry.missing_bytes - there + waiting, _room_for(journal.name, waiting))
            folder.save(journal)
        except OSError as error:
            raise FolderError(
                f"{self.models_dir} cannot be written: {error.strerror or error}",
                hint="Check its disk and permissions, or choose another folder: preheat config set models_dir DIR",
            ) from error

    def _found_elsewhere(self, entry: Entry) -> bool:
        """Whether other programs have all of it: then there is nothing to fetch, and nothing to write down."""
        paths = [self._elsewhere(file.size_bytes, file.sha256) for file in entry.journal.files if file.sha256]
        if len(paths) < len(entry.journal.files) or None in paths:
            return False
        entry.state, entry.hint = DownloadState.DONE, f"It was here already: {paths[0]}"
        return True

    def _is_receipted(self, journal: Journal, file: FileRecord) -> bool:
        return file.sha256 is not None and self._receipt(journal.target(self.models_dir, file)) == file.sha256

    def _wait_for_end(self, download_id: str) -> None:
        """Wait for the thread of one that was paused or cancelled: it still holds the folder."""
        with self._lock:
            entry = self._entries.get(download_id)
            thread = entry.thread if entry is not None and not _is_at_work(entry) else None
        if thread is not None:
            thread.join(_END_TIMEOUT_S)

    # Running

    def _fill(self) -> None:
        """Start the next ones, as far as there are places."""
        if self._stopping:
            return
        # A thread that has yet to notice its end still takes a place.
        running = sum(entry.thread is not None for entry in self._entries.values())
        waiting = [each for each in self._entries.values() if each.state is DownloadState.QUEUED and not each.thread]
        for entry in sorted(waiting, key=lambda each: each.journal.added_at)[: max(self._at_once - running, 0)]:
            entry.interrupt = Interrupt()
            entry.speed.restart()
            self._apply(entry, Event.STARTED)
            name = f"download-{entry.journal.download_id}"
            entry.thread = threading.Thread(target=self._run, args=(entry,), name=name, daemon=True)
            entry.thread.start()

    def _run(self, entry: Entry) -> None:
        try:
            Job(entry, self._around).run()
        finally:
            with self._lock:
                entry.thread = None
                if entry.cancelled:
                    with suppress(FolderError):  # logged where it happened
                        self._drop(entry)
                self._fill()
            self._on_change()

    def _apply_from_job(self, entry: Entry, interrupt: Interrupt, event: Event, error: str, hint: str) -> None:
        """Let an event happen that a job tells, unless the job was ended.

        Raises:
            InterruptedTransferError: It was: what it tells comes too late.
        """
        with self._lock:
            interrupt.check()
            changed = (error, hint) != (entry.error, entry.hint)
            state = entry.state
            entry.held = event is Event.HELD
            self._apply(entry, event, error, hint)
        if changed or entry.state is not state:
            self._on_change()
        if event is Event.FINISHED:
            self._trim()
            self._on_done()

    def _apply(self, entry: Entry, event: Event, error: str = "", hint: str = "") -> None:
        """Write the state; the one place that does."""
        old, entry.state = entry.state, next_state(entry.state, event)
        entry.error, entry.hint = error, hint
        if old is not entry.state:
            logger.info("download %s: %s -> %s %s", entry.journal.name, old, entry.state, error)
        if event in _WISHES and _STATES[_WISHES[event]] is entry.state:
            entry.journal.wish = _WISHES[event]
            entry.journal.error, entry.journal.hint = error, hint
            try:
                entry.folder.save(entry.journal)
            except OSError as failure:
                # The bytes are what matters; at worst a later start goes on with what was paused.
                logger.warning("%s cannot be written: %s", entry.folder.path, failure)

    # The disk

    def _load(self, resume: bool) -> None:
        """Take up what other processes left in the folder."""
        for folder, journal in left_behind(self.models_dir, self._entries):
            state = _STATES[journal.wish]
            if state is DownloadState.QUEUED and not resume:
                state = DownloadState.PAUSED
            entry = Entry(journal, folder, state, error=journal.error, hint=journal.hint)
            entry.measure()
            self._entries[journal.download_id] = entry
        self._trim()

    def _trim(self) -> None:
        """Forget what is done and gone, and the oldest of what is done."""
        with self._lock:
            done = [each for each in self._entries.values() if each.state is DownloadState.DONE and not each.thread]
            here = [entry for entry in done if self._in_place(entry)]
            newest = sorted(here, key=lambda each: each.journal.added_at)[-_KEPT_DONE:]
            for entry in done:
                if entry not in newest:
                    with suppress(FolderError):
                        self._drop(entry)

    def _drop(self, entry: Entry) -> None:
        self._entries.pop(entry.journal.download_id, None)
        try:
            entry.folder.remove()
        except OSError as error:
            logger.warning("%s cannot be removed: %s", entry.folder.path, error)
            raise FolderError(
                f"{entry.folder.path} cannot be removed: {error.strerror or error}", hint="Remove it by hand"
            ) from error

    def _in_place(self, entry: Entry) -> bool:
        """Whether a finished download's files are where they were put."""
        if entry.state is not DownloadState.DONE:
            return False
        if not entry.folder.path.is_dir():  # another program has the files
            sums = [(file.size_bytes, file.sha256) for file in entry.journal.files]
            return all(sha256 and self._elsewhere(size, sha256) for size, sha256 in sums)
        targets = [entry.journal.target(self.models_dir, file) for file in entry.journal.files]
        return all(target.is_file() for target in targets)

    def _receipt(self, path: Path) -> str | None:
        with self._lock:
            entries: Sequence[Entry] = list(self._entries.values())
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
            raise DownloadNotFoundError(f'There is no download "{download_id[:100]}"', hint="See: preheat downloads")
        return entry


def _is_same(entry: Entry, target: PullTarget) -> bool:
    same = entry.journal.repo.lower() == target.repo.lower() and entry.journal.asked == asked_of(target)
    return same and not entry.cancelled


def _is_at_work(entry: Entry) -> bool:
    return not entry.cancelled and (entry.state in _ACTIVE or entry.held)


def _sums(journal: Journal) -> list[tuple[str, int, str | None]]:
    return [(file.path, file.size_bytes, file.sha256) for file in journal.files]


def _room_for(name: str, waiting_bytes: int) -> str:
    return f"{name} and what is queued before it" if waiting_bytes else name
