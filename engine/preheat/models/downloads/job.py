"""The work on one download, from its first byte to its final place, in a thread of its own."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Protocol

from preheat.bugs import report_bug
from preheat.errors import DownloadBusyError, EngineError, ModelExistsError, file_error
from preheat.files import sha256_of
from preheat.messages import Message, msg
from preheat.models.downloads.connection import InterruptedTransferError
from preheat.models.downloads.download import Download, FileRecord
from preheat.models.downloads.states import Trigger
from preheat.models.downloads.transfer import NoSpaceError, RetryPolicy, Transfer
from preheat.models.hub import Hub
from preheat.models.own_folder import OwnFolder, record
from preheat.models.space import spare_bytes
from preheat.models.tree import Tree


class JobHost(Protocol):
    """The queue as a job uses it; see ``Downloads``."""

    hub: Hub
    retry_policy: RetryPolicy

    def apply(self, download: Download, trigger: Trigger, message: Message | None, *, lasting: bool) -> None: ...
    def publish(self, download: Download) -> None: ...
    def known_sha256(self, path: Path) -> str | None: ...


class Job:
    """The work on one download. ``run`` is the thread; its transfers call the other methods on it."""

    def __init__(self, download: Download, host: JobHost) -> None:
        self._download = download
        self._host = host
        self._file = download.files[0]

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
                self._apply(
                    Trigger.FAILED, file_error("models_folder_unwritable", error, self._download.models_dir).message
                )
            except Exception as error:  # a bug must not leave a download that seems to run
                self._apply(Trigger.FAILED, report_bug("a download", error).message)

    def _work(self) -> None:
        download = self._download
        lock = download.lock()
        if not lock.acquire():
            raise DownloadBusyError(msg("download_busy"))
        try:
            if spare_bytes(download.folder) < download.missing_bytes:
                self.wait_for_space()
            for file in download.files:
                self._file = file
                if not self._is_in_place(file):
                    self._fetch(file)
            self._place()
        finally:
            lock.release()
        self._apply(Trigger.FINISHED)

    def _is_in_place(self, file: FileRecord) -> bool:
        """Return whether the file is there already, from an earlier download or by hand."""
        target = self._download.target(file)
        if not target.is_file() or target.stat().st_size != file.size_bytes or file.sha256 is None:
            return False
        known = self._host.known_sha256(target)
        if known is None:
            self.checking()
            known = sha256_of(target, lambda _: self._download.interrupt.check())
        if known != file.sha256:
            return False
        self._download.part(file).unlink(missing_ok=True)
        self._download.reached[file.path] = file.size_bytes
        file.placed_ns = target.stat().st_mtime_ns
        return True

    def _fetch(self, file: FileRecord) -> None:
        file.placed_ns = 0
        if not file.checked or self._download.reached.get(file.path) != file.size_bytes:
            Transfer(self._host.hub, self._download, file, self, self._host.retry_policy).run()
            file.checked = True
            self.record_changed()

    def _place(self) -> None:
        """Move every file into place, the first part of a split set last: a set without it is not looked at."""
        for file in reversed(self._download.files):
            if file.placed_ns:
                continue
            target = self._download.target(file)
            try:
                self._rename(file)
                file.placed_ns = target.stat().st_mtime_ns
            except FileExistsError as error:
                raise ModelExistsError(msg("import_name_taken", file=file.name, folder=str(target.parent))) from error
            except OSError as error:
                raise file_error("download_not_placed", error, target.parent, file=file.name) from error
            self._download.corrupt(file).unlink(missing_ok=True)

    def _rename(self, file: FileRecord) -> None:
        """Move a file into place, over an older one only if that is Preheat's own."""
        download = self._download
        own = OwnFolder.read(download.models_dir)
        target = download.target(file).relative_to(download.models_dir)
        with Tree(own.root) as tree:
            part = download.part(file).relative_to(download.models_dir)
            tree.rename(part, target, replace=target.as_posix() in own.files and own.owns(own.root / target))
            record(tree, [target])

    def _apply(self, trigger: Trigger, message: Message | None = None, *, lasting: bool = False) -> None:
        self._host.apply(self._download, trigger, message, lasting=lasting)

    # TransferListener

    def checking(self) -> None:
        self._apply(Trigger.CHECKING)

    def fetching(self) -> None:
        self._download.speed.restart()
        self._apply(Trigger.FETCHING, self._download.message, lasting=self._download.lasting)

    def reached(self, n_bytes: int) -> None:
        download = self._download
        more = n_bytes - download.reached.get(self._file.path, 0)
        download.reached[self._file.path] = n_bytes
        if more <= 0:
            self._host.publish(download)
        elif download.speed.add(more):
            if spare_bytes(download.folder) < 0:
                raise NoSpaceError
            if download.message is not None and not download.lasting:
                self._apply(Trigger.FETCHING)
            self._host.publish(download)

    def notice(self, message: Message, *, lasting: bool) -> None:
        self._apply(Trigger.FETCHING, message, lasting=lasting)

    def record_changed(self) -> None:
        self._download.save()

    def wait_for_space(self) -> None:
        download, folder = self._download, self._download.folder
        while True:
            needed, free = download.missing_bytes, spare_bytes(folder)
            known = {"name": download.name, "folder": str(folder)}
            # A used-up quota does not show as a lack of space.
            full = (
                msg("download_over_quota", **known)
                if needed <= free
                else msg("download_needs_space", **known, needed=needed, free=max(free, 0))
            )
            self._apply(Trigger.DISK_FULL, full)
            download.interrupt.wait(self._host.retry_policy.space_poll_s)
            if spare_bytes(folder) >= max(download.missing_bytes, 1):
                break
        self._apply(Trigger.FETCHING)
