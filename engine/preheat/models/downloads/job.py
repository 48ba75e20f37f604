"""One download from its first byte to its final place, in a thread of its own."""

from __future__ import annotations

import logging
import threading
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from preheat.errors import DownloadBusyError, EngineError, FolderError
from preheat.files import FileLock, move_into_place, sha256_of
from preheat.messages import Message, msg
from preheat.models.downloads.interrupt import Interrupt, InterruptedTransferError
from preheat.models.downloads.journal import FileRecord, Folder, Journal
from preheat.models.downloads.retry import RetryPolicy
from preheat.models.downloads.speed import Speed
from preheat.models.downloads.states import DownloadSnapshot, DownloadState, Trigger
from preheat.models.downloads.transfer import NoSpaceError, Transfer
from preheat.models.hub import Hub
from preheat.models.space import spare_bytes

logger = logging.getLogger(__name__)


@dataclass(slots=True, eq=False)
class Entry:
    """A download as the queue knows it. Guarded by the queue's lock, except ``reached``, which its thread writes."""

    journal: Journal
    folder: Folder
    state: DownloadState
    reached: dict[str, int] = field(default_factory=dict)  # bytes of each file that are on the disk
    message: Message | None = None  # why it failed, waits or retries; None for nothing to report
    lasting: bool = False  # the message stays when bytes arrive
    cancelled: bool = False  # it is removed as soon as its thread has ended
    interrupt: Interrupt = field(default_factory=Interrupt)
    thread: threading.Thread | None = None  # set while it is worked on; after a pause, until the thread has noticed
    speed: Speed = field(default_factory=Speed)

    @property
    def done_bytes(self) -> int:
        """Bytes on the disk."""
        return sum(self.reached.values())

    @property
    def missing_bytes(self) -> int:
        """Bytes still to come."""
        return max(self.journal.total_bytes - self.done_bytes, 0)

    @property
    def unfinished(self) -> bool:
        """Whether its bytes will still come."""
        return not self.cancelled and self.state not in (DownloadState.DONE, DownloadState.FAILED)

    def measure(self) -> None:
        """Read from the disk how many bytes are there."""
        for file in self.journal.files:
            with suppress(OSError):
                self.reached[file.path] = self.folder.part(file).stat().st_size

    def snapshot(self) -> DownloadSnapshot:
        """Return what readers see."""
        journal, state = self.journal, self.state
        speed = self.speed.bytes_per_s if state is DownloadState.RUNNING else None
        total_bytes = journal.total_bytes
        failed = state is DownloadState.FAILED
        return DownloadSnapshot(
            download_id=journal.download_id,
            name=journal.name,
            repo=journal.repo,
            file_name=journal.files[0].name,
            state=state,
            done_bytes=total_bytes if state is DownloadState.DONE else min(self.done_bytes, total_bytes),
            total_bytes=total_bytes,
            bytes_per_s=speed,
            left_s=self.missing_bytes / speed if speed else None,
            error=self.message if failed else None,
            notice=None if failed else self.message,
        )


class JobHost(Protocol):
    """What a job needs from the queue; see ``Downloads``."""

    models_dir: Path
    hub: Hub
    retry_policy: RetryPolicy

    def apply(
        self, entry: Entry, interrupt: Interrupt, trigger: Trigger, message: Message | None, lasting: bool
    ) -> None: ...
    def publish(self, entry: Entry) -> None: ...
    def known_sha256(self, path: Path) -> str | None: ...


class Job:
    """The work on one entry. ``run`` is the thread; its transfers call the other methods on it."""

    def __init__(self, entry: Entry, host: JobHost) -> None:
        self._entry = entry
        self._journal = entry.journal
        self._folder = entry.folder
        self._host = host
        self._interrupt = entry.interrupt
        self._file = entry.journal.files[0]

    def run(self) -> None:
        """Fetch everything, move it into place, and report the outcome."""
        with suppress(InterruptedTransferError):
            try:
                self._work()
            except InterruptedTransferError:
                raise
            except EngineError as error:
                self._apply(Trigger.FAILED, error.message)
            except OSError as error:
                self._apply(Trigger.FAILED, msg("models_folder_unusable", reason=error.strerror or str(error)))
            except Exception:  # a bug must not leave a download that seems to run for ever
                logger.exception("the download of %s failed", self._journal.name)
                self._apply(Trigger.FAILED, msg("download_failed_unexpectedly"))

    def _work(self) -> None:
        lock = FileLock(self._folder.lock)
        if not lock.acquire():
            raise DownloadBusyError(msg("download_busy"))
        try:
            if spare_bytes(self._folder.path) < self._entry.missing_bytes:
                self.wait_for_space()
            for file in self._journal.files:
                self._file = file
                if not self._is_in_place(file):
                    self._fetch(file)
            self._place()
        finally:
            lock.release()
        self._apply(Trigger.FINISHED)

    def _is_in_place(self, file: FileRecord) -> bool:
        """Return whether the file is there already, from an earlier download or by hand."""
        target = self._journal.target(self._host.models_dir, file)
        if not target.is_file() or target.stat().st_size != file.size_bytes or file.sha256 is None:
            return False
        known = self._host.known_sha256(target)
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
            Transfer(self._host.hub, source, file, self._folder, self, self._interrupt, self._host.retry_policy).run()
            file.checked = True
            self.record_changed()

    def _place(self) -> None:
        """Move every file into place, the first part of a split set last: a set without it is not looked at."""
        for file in reversed(self._journal.files):
            if file.placed_ns:
                continue
            target = self._journal.target(self._host.models_dir, file)
            try:
                move_into_place(self._folder.part(file), target)
                file.placed_ns = target.stat().st_mtime_ns
            except OSError as error:
                reason = error.strerror or str(error)
                raise FolderError(
                    msg("download_not_placed", file=file.name, folder=str(target.parent), reason=reason)
                ) from error
            self._folder.corrupt(file).unlink(missing_ok=True)

    def _apply(self, trigger: Trigger, message: Message | None = None, *, lasting: bool = False) -> None:
        self._host.apply(self._entry, self._interrupt, trigger, message, lasting)

    # TransferListener

    def checking(self) -> None:
        self._apply(Trigger.CHECKING)

    def fetching(self) -> None:
        self._entry.speed.restart()
        self._apply(Trigger.FETCHING, self._entry.message, lasting=self._entry.lasting)

    def reached(self, n_bytes: int) -> None:
        entry = self._entry
        more = n_bytes - entry.reached.get(self._file.path, 0)
        entry.reached[self._file.path] = n_bytes
        if more <= 0:
            self._host.publish(entry)
        elif entry.speed.add(more):
            if spare_bytes(self._folder.path) < 0:
                raise NoSpaceError
            if entry.message is not None and not entry.lasting:
                self._apply(Trigger.FETCHING)
            self._host.publish(entry)

    def notice(self, message: Message, *, lasting: bool) -> None:
        self._apply(Trigger.FETCHING, message, lasting=lasting)

    def record_changed(self) -> None:
        self._folder.save(self._journal)

    def wait_for_space(self) -> None:
        entry, folder = self._entry, self._folder.path
        while True:
            needed, free = entry.missing_bytes, spare_bytes(folder)
            known = {"name": self._journal.name, "folder": str(folder)}
            # A used-up quota does not show as a lack of space.
            full = (
                msg("download_over_quota", **known)
                if needed <= free
                else msg("download_needs_space", **known, needed=needed, free=max(free, 0))
            )
            self._apply(Trigger.DISK_FULL, full)
            self._interrupt.wait(self._host.retry_policy.space_poll_s)
            if spare_bytes(folder) >= max(entry.missing_bytes, 1):
                break
        self._apply(Trigger.FETCHING)
