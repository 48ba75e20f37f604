"""One download from its first byte to its place, in a thread of its own."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from preheat.errors import DownloadBusyError, EngineError, FolderError
from preheat.files import FileLock, move_into_place, sha256_of
from preheat.models.downloads.interrupt import Interrupt, InterruptedTransferError
from preheat.models.downloads.journal import FileRecord, Folder, Journal
from preheat.models.downloads.retry import RetryPolicy
from preheat.models.downloads.snapshot import DownloadSnapshot, DownloadState
from preheat.models.downloads.speed import Speed
from preheat.models.downloads.states import Event
from preheat.models.downloads.transfer import NoRoomError, Transfer
from preheat.models.hub.hub import Hub
from preheat.models.space import no_room, spare_bytes

logger = logging.getLogger(__name__)


@dataclass(slots=True, eq=False)
class Entry:
    """A download as the queue knows it. Guarded by the queue's lock, but for ``reached``, which its thread writes.

    Attributes:
        state: Where it is in its life.
        reached: How many bytes of each file are on the disk.
        error: Why it failed, waits or tries again; empty if all is well.
        hint: What to do about it.
        held: It waits for room on the disk, and goes on by itself.
        cancelled: It is to vanish as soon as its thread has ended.
        thread: While it is worked on; after a pause, until that has been noticed.
    """

    journal: Journal
    folder: Folder
    state: DownloadState
    reached: dict[str, int] = field(default_factory=dict)
    error: str = ""
    hint: str = ""
    held: bool = False
    cancelled: bool = False
    interrupt: Interrupt = field(default_factory=Interrupt)
    thread: threading.Thread | None = None
    speed: Speed = field(default_factory=Speed)

    @property
    def done_bytes(self) -> int:
        """What is on the disk."""
        return sum(self.reached.values())

    @property
    def missing_bytes(self) -> int:
        """What is not, of a download that is still to be finished."""
        return max(self.journal.total_bytes - self.done_bytes, 0)

    @property
    def unfinished(self) -> bool:
        """Whether its bytes will still come."""
        return not self.cancelled and self.state not in (DownloadState.DONE, DownloadState.FAILED)

    def measure(self) -> None:
        """See how much is on the disk. Blocks on it."""
        for file in self.journal.files:
            with suppress(OSError):
                self.reached[file.path] = self.folder.part(file).stat().st_size

    def snapshot(self) -> DownloadSnapshot:
        """Return what readers see."""
        journal, done = self.journal, self.state is DownloadState.DONE
        speed = self.speed.bytes_per_s if self.state is DownloadState.RUNNING else None
        return DownloadSnapshot(
            download_id=journal.download_id,
            name=journal.name,
            repo=journal.repo,
            file_name=journal.files[0].name,
            state=self.state,
            done_bytes=journal.total_bytes if done else min(self.done_bytes, journal.total_bytes),
            total_bytes=journal.total_bytes,
            bytes_per_s=speed,
            left_s=self.missing_bytes / speed if speed else None,
            error=self.error or None,
            hint=self.hint,
        )


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What every job is given.

    Attributes:
        models_dir: Where finished files go.
        hub: Says where bytes are.
        patience: How long to wait for what.
        apply: Makes an event happen to an entry, with words; raises ``InterruptedTransferError`` if it was ended.
        changed: Called when figures are others.
        receipt: Returns the sum of a file in its place, if it is still the file that was put there.
    """

    models_dir: Path
    hub: Hub
    patience: RetryPolicy
    apply: Callable[[Entry, Interrupt, Event, str, str], None]
    changed: Callable[[], None]
    receipt: Callable[[Path], str | None]


class Job:
    """The work on one entry. ``run`` is the thread; the rest is called by its transfers, on the same thread."""

    def __init__(self, entry: Entry, around: Surroundings) -> None:
        self._entry = entry
        self._journal = entry.journal
        self._folder = entry.folder
        self._around = around
        self._interrupt = entry.interrupt
        self._file = entry.journal.files[0]

    def run(self) -> None:
        """Fetch everything, put it in its place, and tell how it ended."""
        with suppress(InterruptedTransferError):
            try:
                self._work()
            except InterruptedTransferError:
                raise
            except EngineError as error:
                self._apply(Event.FAILED, error.title, error.hint)
            except OSError as error:
                self._apply(Event.FAILED, f"The models folder cannot be used: {error.strerror or error}")
            except Exception:  # a bug must not leave a download that seems to run for ever
                logger.exception("the download of %s failed", self._journal.name)
                self._apply(Event.FAILED, "Preheat failed on this download", "The log says why; please report it")

    def _work(self) -> None:
        lock = FileLock(self._folder.lock)
        if not lock.acquire():
            raise DownloadBusyError("Another Preheat is fetching these files", hint="Wait for it, then resume")
        try:
            self._wait_at_start()
            for file in self._journal.files:
                self._file = file
                if not self._is_here(file):
                    self._fetch(file)
            self._place()
        finally:
            lock.release()
        self._apply(Event.FINISHED)

    def _wait_at_start(self) -> None:
        if spare_bytes(self._folder.path) < self._entry.missing_bytes:
            self.wait_for_room()

    def _is_here(self, file: FileRecord) -> bool:
        """Whether a file is in its place already, from an earlier download or by hand."""
        target = self._journal.target(self._around.models_dir, file)
        if not target.is_file() or target.stat().st_size != file.size_bytes or file.sha256 is None:
            return False
        known = self._around.receipt(target)
        if known is None:
            self.checking()
            known = sha256_of(target, lambda _: self._interrupt.check())
        if known != file.sha256:
            return False
        self._folder.part(file).unlink(missing_ok=True)
        self._entry.reached[file.path] = file.size_bytes
        file.placed_ns = target.stat().st_mtime_ns
        return True

    def _fetch(self, file: FileRecord) -> None:
        file.placed_ns = 0
        if not file.checked or self._entry.reached.get(file.path) != file.size_bytes:
            source = (self._journal.repo, self._journal.commit)
            around = self._around
            Transfer(around.hub, source, file, self._folder, self, self._interrupt, around.patience).run()
            file.checked = True
            self._save()

    def _place(self) -> None:
        """Give every file its name, a split set's first part last: a set without it is not looked at."""
        for file in reversed(self._journal.files):
            if file.placed_ns:
                continue
            target, part = self._journal.target(self._around.models_dir, file), self._folder.part(file)
            try:
                move_into_place(part, target)
                file.placed_ns = target.stat().st_mtime_ns
            except OSError as error:
                raise FolderError(
                    f"{file.name} cannot be put into {target.parent}: {error.strerror or error}",
                    hint="If an older one is in memory, unload it; then resume the download",
                ) from error
            self._folder.corrupt(file).unlink(missing_ok=True)

    def _save(self) -> None:
        self._folder.save(self._journal)

    def _apply(self, event: Event, error: str = "", hint: str = "") -> None:
        self._around.apply(self._entry, self._interrupt, event, error, hint)

    # What transfers tell: Watcher

    def checking(self) -> None:
        """What is on the disk is being read."""
        self._apply(Event.CHECKING)

    def fetching(self) -> None:
        """Bytes are about to come."""
        self._entry.speed.restart()
        self._apply(Event.FETCHING, self._entry.error, self._entry.hint)

    def reached(self, n_bytes: int) -> None:
        """The present file has so many bytes now."""
        entry = self._entry
        more = n_bytes - entry.reached.get(self._file.path, 0)
        entry.reached[self._file.path] = n_bytes
        if more <= 0:
            self._around.changed()
        elif entry.speed.add(more):
            if spare_bytes(self._folder.path) < 0:
                raise NoRoomError
            if entry.error and not entry.hint:
                self._apply(Event.FETCHING)
            self._around.changed()

    def troubled(self, words: str) -> None:
        """Nothing comes for a while."""
        self._apply(Event.FETCHING, words)

    def noted(self, words: str) -> None:
        """Something happened that stays worth knowing: shown with a hint, which marks it as such."""
        self._apply(Event.FETCHING, words, "Nothing is to be done")

    def changed(self) -> None:
        """The file's record is another."""
        self._save()

    def wait_for_room(self) -> None:
        """Return when the rest has room; never at once, since a used-up quota shows no lack of room."""
        entry, folder = self._entry, self._folder.path
        while True:
            full = no_room(entry.missing_bytes, spare_bytes(folder), f"the rest of {self._journal.name}", folder)
            self._apply(Event.HELD, full.title, f"{full.hint}. The download goes on by itself when there is room")
            self._interrupt.wait(self._around.patience.room_poll_s)
            if spare_bytes(folder) >= max(entry.missing_bytes, 1):
                break
        self._apply(Event.FETCHING)
