"""Fetches one file into its ``.part``, whatever the network does, until its checksum is right."""

from __future__ import annotations

import hashlib
import logging
import os
from typing import IO, Final, Protocol

from preheat.errors import (
    ChecksumMismatchError,
    EngineError,
    FolderError,
    GatedRepoError,
    HubError,
    HubFileNotFoundError,
    HubOfflineError,
    HubRateLimitedError,
    HubUnreachableError,
    RepoNotFoundError,
)
from preheat.files import BUFFER_BYTES, write_all
from preheat.models.downloads.connection import Answer, BrokenConnectionError, get
from preheat.models.downloads.interrupt import Interrupt
from preheat.models.downloads.journal import FileRecord, Folder
from preheat.models.downloads.retry import RetryPolicy
from preheat.models.hub.hub import FileLocation, Hub
from preheat.models.space import is_full
from preheat.units import format_bytes, format_duration

logger = logging.getLogger(__name__)

_FINAL: Final = (HubOfflineError, RepoNotFoundError, HubFileNotFoundError, GatedRepoError)


class NoRoomError(Exception):
    """The disk is full, or nearly so."""


class Watcher(Protocol):
    """Who is told how a transfer goes. Called on the transfer's thread."""

    def checking(self) -> None:
        """What is on the disk is being read."""

    def fetching(self) -> None:
        """Bytes are about to come."""

    def reached(self, n_bytes: int) -> None:
        """The file has so many bytes now.

        Raises:
            NoRoomError: There is no room for more.
        """

    def troubled(self, words: str) -> None:
        """Nothing comes for a while; the words, a sentence without its full stop, hold until something does."""

    def noted(self, words: str) -> None:
        """Something happened that the user should know of as long as the download goes on."""

    def changed(self) -> None:
        """The file's record is another than before."""

    def wait_for_room(self) -> None:
        """Return when there is room again.

        Raises:
            InterruptedTransferError: It was ended meanwhile.
        """


class _FaultError(Exception):
    """A try failed; another may not.

    Attributes:
        words: What happened, as a sentence without its full stop.
        asked_s: How long the other side wants us to wait.
        hopeless: Trying again will hardly help.
        final: What to raise after the last try.
    """

    def __init__(
        self, words: str, *, asked_s: float | None = None, hopeless: bool = False, final: EngineError | None = None
    ) -> None:
        super().__init__(words)
        self.words = words
        self.asked_s = asked_s
        self.hopeless = hopeless
        self.final = final or HubUnreachableError(words, hint="Check the network, then resume the download")


class Transfer:
    """One file's way from the hub to the disk. One thread; ``interrupt`` is for the others.

    Args:
        hub: Says where the bytes are.
        source: Repository and commit.
        file: What is fetched; what the hub says of it anew is written here.
        folder: Where its ``.part`` grows.
        watcher: Is told how it goes.
        interrupt: Ends it.
        patience: How long to wait for what.
    """

    def __init__(
        self,
        hub: Hub,
        source: tuple[str, str],
        file: FileRecord,
        folder: Folder,
        watcher: Watcher,
        interrupt: Interrupt,
        patience: RetryPolicy,
    ) -> None:
        self._hub = hub
        self._repo, self._commit = source
        self._file = file
        self._folder = folder
        self._part = folder.part(file)
        self._watcher = watcher
        self._interrupt = interrupt
        self._patience = patience
        self._buffer = memoryview(bytearray(BUFFER_BYTES))
        self._hasher = hashlib.sha256()
        self._hashed = 0
        self._found = False  # some of the bytes are an earlier process's
        self._failures = 0

    def run(self) -> None:
        """Fetch what is missing and check all of it; then the ``.part`` is whole and safe on the disk.

        Raises:
            InterruptedTransferError: It was ended; the ``.part`` stays.
            ChecksumMismatchError: What came is not what the hub says; it is kept aside.
            FolderError: The disk refuses.
            EngineError: The hub does, or it cannot be reached.
        """
        while True:
            try:
                if self._try():
                    return
            except NoRoomError:
                self._watcher.wait_for_room()
            except _FaultError as fault:
                self._pause(fault)
            except OSError as error:
                if not is_full(error):
                    raise FolderError(
                        f"{self._part.parent} cannot be written: {error.strerror or error}",
                        hint="Check its disk and permissions, then resume the download",
                    ) from error
                self._watcher.wait_for_room()

    def _try(self) -> bool:
        """Fetch the rest; return whether the file is right. If not, it is to be fetched anew."""
        with self._part.open("ab", buffering=0) as out:
            self._take_stock(out)
            if self._hashed < self._file.size_bytes or not self._file.size_bytes:
                location = self._locate(out)
                if self._hashed < self._file.size_bytes:
                    self._fetch(location, out)
            right = self._file.sha256 in (None, self._hasher.hexdigest())
            if right:
                os.fsync(out.fileno())
                return True
            if self._found:
                # A power cut may have left nothing but zeros at the end of what had been written before.
                self._start_over(out, "What an earlier run had left was damaged")
                return False
        raise self._kept_aside()

    def _take_stock(self, out: IO[bytes]) -> None:
        """Bring hash and file to the same byte; what another process left is hashed."""
        length = os.fstat(out.fileno()).st_size
        if self._hashed > length or (self._file.size_bytes and length > self._file.size_bytes):
            self._start_over(out, "")
        elif 0 < self._hashed < length:
            out.truncate(self._hashed)  # the disk was full in the middle of a buffer
            self._watcher.reached(self._hashed)
        elif self._hashed < length:
            self._watcher.checking()
            self._found = True
            with self._part.open("rb", buffering=0) as written:
                while n_bytes := written.readinto(self._buffer):
                    self._interrupt.check()
                    self._hasher.update(self._buffer[:n_bytes])
                    self._hashed += n_bytes

    def _locate(self, out: IO[bytes]) -> FileLocation:
        """Return where the bytes are now; if they are others than before, start over."""
        self._interrupt.check()
        try:
            location = self._hub.locate(self._repo, self._commit, self._file.path)
        except _FINAL:
            raise
        except (HubUnreachableError, HubRateLimitedError) as error:
            raise _FaultError(error.title, asked_s=error.retry_after_s, final=error) from error
        except HubError as error:
            raise _FaultError(error.title, hopeless=True, final=error) from error
        self._interrupt.check()
        file = self._file
        sha256, size = location.sha256 or file.sha256, location.size_bytes or file.size_bytes
        if not size:
            raise _FaultError(f"The hub does not say how large {file.name} is", hopeless=True)
        if (sha256, size) != (file.sha256, file.size_bytes):
            known = file.size_bytes > 0 and file.sha256 is not None
            file.sha256, file.size_bytes = sha256, size
            self._start_over(out, f"{file.name} has changed on the hub" if known else "")
            self._watcher.changed()
            if known:
                self._failed()
        return location

    def _fetch(self, location: FileLocation, out: IO[bytes]) -> None:
        """Fetch from where the file ends to its end."""
        headers = dict(location.headers)
        if self._hashed and self._file.sha256 is None and location.etag:
            headers["If-Range"] = f'"{location.etag}"'
        self._watcher.fetching()
        try:
            with get(
                location.url, headers, self._hashed, stall_s=self._patience.stall_s, interrupt=self._interrupt
            ) as answer:
                self._check_answer(answer, out)
                self._receive(answer, out)
        except BrokenConnectionError as error:
            self._interrupt.check()
            raise _FaultError(error.words, hopeless=error.hopeless) from error

    def _receive(self, answer: Answer, out: IO[bytes]) -> None:
        missing = self._file.size_bytes - self._hashed
        while missing:
            n_bytes = answer.read_into(self._buffer[: min(missing, BUFFER_BYTES)])
            self._interrupt.check()  # what a cut connection still gave is not trusted
            if not n_bytes:
                raise _FaultError("The connection was cut")
            came = self._buffer[:n_bytes]
            write_all(out.fileno(), came)
            self._hasher.update(came)
            self._hashed += n_bytes
            missing -= n_bytes
            self._failures = 0
            self._watcher.reached(self._hashed)

    def _check_answer(self, answer: Answer, out: IO[bytes]) -> None:
        """Do nothing if the answer is the part that was asked for."""
        status = answer.status
        if status == 416:
            self._start_over(out, "")
            raise _FaultError("The file on the hub is shorter than it said", hopeless=True)
        if status == 429 or status == 408 or status >= 500:
            asked = answer.headers.get("retry-after", "")
            seconds = float(asked) if asked.isascii() and asked.isdigit() and len(asked) < 6 else None
            words = "The hub asks for fewer requests" if status == 429 else f"The hub has a problem (status {status})"
            final = HubRateLimitedError(words, hint="Try again later") if status == 429 else None
            raise _FaultError(words, asked_s=seconds, final=final)
        if status not in (200, 206):
            words = f"The hub refused the file's content (status {status})"
            raise _FaultError(words, hopeless=True, final=HubError(words, hint="Try again later"))
        if answer.total_bytes not in (None, self._file.size_bytes):
            expected, told = (format_bytes(size or 0) for size in (self._file.size_bytes, answer.total_bytes))
            words = f"{self._file.name} is said to have {expected}, and {told} are sent"
            raise _FaultError(words, hopeless=True, final=HubError(words, hint="Try again later"))
        if status == 200 and self._hashed:
            self._start_over(out, "The hub cannot send the rest alone")
        elif answer.begin != self._hashed:
            raise _FaultError("The hub sent another part of the file than was asked for", hopeless=True)

    def _start_over(self, out: IO[bytes], words: str) -> None:
        out.truncate(0)
        self._hasher, self._hashed, self._found = hashlib.sha256(), 0, False
        self._watcher.reached(0)
        if words:
            logger.warning("%s: %s; its download starts over", self._file.name, words)
            self._watcher.noted(f"{words}; its download starts over")

    def _pause(self, fault: _FaultError) -> None:
        """Wait before the next try.

        Raises:
            EngineError: There have been enough.
        """
        self._interrupt.check()
        self._failed(fault)
        seconds = self._patience.pause_s(self._failures, fault.asked_s)
        logger.info("%s: %s; trying again in %.1f s", self._file.name, fault.words, seconds)
        self._watcher.troubled(f"{fault.words}; trying again in {format_duration(max(1, round(seconds)))}")
        self._interrupt.wait(seconds)

    def _failed(self, fault: _FaultError | None = None) -> None:
        """Count a failure.

        Raises:
            EngineError: It was the last.
        """
        self._failures += 1
        hopeless = fault is None or fault.hopeless
        too_long = fault is not None and (fault.asked_s or 0) > self._patience.longest_asked_s
        if too_long or self._patience.gives_up(self._failures, hopeless=hopeless):
            changing = HubError(f"{self._file.name} keeps changing on the hub", hint="Try again later")
            raise fault.final if fault is not None else changing

    def _kept_aside(self) -> ChecksumMismatchError:
        aside = self._folder.corrupt(self._file)
        self._part.replace(aside)
        self._hasher, self._hashed = hashlib.sha256(), 0
        self._watcher.reached(0)
        return ChecksumMismatchError(
            f"{self._file.name} is not what the hub says it is (its sha256 differs)",
            hint=f"What came was kept as {aside}. Resume to fetch it anew; if that fails too, tell the publisher",
        )
