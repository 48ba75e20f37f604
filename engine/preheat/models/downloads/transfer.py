"""Fetches one file into its ``.part`` over an unreliable network, until its checksum is right."""

from __future__ import annotations

import hashlib
import logging
import os
import random
from dataclasses import dataclass
from typing import IO, Final, Protocol

from preheat.errors import (
    ChecksumMismatchError,
    EngineError,
    GatedRepoError,
    HubError,
    HubFileNotFoundError,
    HubOfflineError,
    HubRateLimitedError,
    HubUnreachableError,
    RepoNotFoundError,
    file_error,
    is_full,
)
from preheat.files import BUFFER_BYTES, write_all
from preheat.messages import Message, msg
from preheat.models.downloads.connection import Answer, BrokenConnectionError, get
from preheat.models.downloads.download import Download, FileRecord
from preheat.models.hub import FileLocation, Hub, seconds_of

logger = logging.getLogger(__name__)

_FINAL: Final = (HubOfflineError, RepoNotFoundError, HubFileNotFoundError, GatedRepoError)


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """Exponential backoff with jitter, so that the clients of a recovering hub do not return all at once."""

    stall_s: float = 20.0  # longest silence of a connection
    space_poll_s: float = 5.0  # interval of checks whether a full disk has space again
    first_s: float = 1.0  # first pause
    longest_s: float = 60.0  # longest pause, unless the hub asks for more
    attempts: int = 500  # consecutive attempts without a new byte before giving up; about eight hours, a night
    unlikely_attempts: int = 3  # the same for failures that a retry hardly mends
    longest_asked_s: float = 3600.0  # longest pause that the hub may ask for; more is a failure

    def pause_s(self, attempt: int, asked_s: float | None = None) -> float:
        """Return the pause after the ``attempt``-th consecutive failure, counted from 1."""
        pause = min(self.first_s * 2.0 ** (attempt - 1), self.longest_s) * random.uniform(0.75, 1.25)
        return max(pause, min(asked_s or 0.0, self.longest_asked_s))

    def gives_up(self, attempt: int, *, retryable: bool, asked_s: float | None = None) -> bool:
        """Return whether the ``attempt``-th consecutive failure is the last."""
        most = self.attempts if retryable else self.unlikely_attempts
        return attempt >= most or (asked_s or 0) > self.longest_asked_s


class NoSpaceError(Exception):
    """The disk is full, or nearly so."""


class TransferListener(Protocol):
    """Follows a transfer, on its thread. ``reached`` may raise ``NoSpaceError``."""

    def checking(self) -> None: ...
    def fetching(self) -> None: ...
    def reached(self, n_bytes: int) -> None: ...
    def notice(self, message: Message, *, lasting: bool) -> None: ...
    def record_changed(self) -> None: ...
    def wait_for_space(self) -> None: ...


@dataclass(eq=False)
class _AttemptError(Exception):
    """An attempt failed."""

    message: Message
    retryable: bool = True
    asked_s: float | None = None  # the pause that the hub asks for
    final: EngineError | None = None  # raised after the last attempt


class Transfer:
    """One file on its way from the hub to the disk; ``file`` is updated if the hub reports another size or checksum."""

    def __init__(
        self, hub: Hub, download: Download, file: FileRecord, listener: TransferListener, policy: RetryPolicy
    ) -> None:
        self._hub = hub
        self._download = download
        self._file = file
        self._part = download.part(file)
        self._listener = listener
        self._interrupt = download.interrupt
        self._policy = policy
        self._buffer = memoryview(bytearray(BUFFER_BYTES))
        self._hasher = hashlib.sha256()
        self._hashed = 0
        self._inherited = False  # some of the bytes come from an earlier process
        self._failures = 0

    def run(self) -> None:
        """Fetch missing bytes and check everything; afterwards the ``.part`` is complete and durable.

        Raises:
            InterruptedTransferError: The transfer was interrupted; the ``.part`` stays.
            EngineError: The hub refuses or cannot be reached, the disk refuses, or the content is wrong and kept aside.
        """
        while True:
            try:
                if self._attempt():
                    return
            except NoSpaceError:
                self._listener.wait_for_space()
            except _AttemptError as error:
                self._pause(error)
            except OSError as error:
                if not is_full(error):
                    raise file_error("download_unwritable", error, self._part.parent) from error
                self._listener.wait_for_space()

    def _attempt(self) -> bool:
        """Fetch the rest; return whether the file is right. If not, it must be fetched again."""
        with self._part.open("ab", buffering=0) as out:
            self._resume(out)
            if self._hashed < self._file.size_bytes or not self._file.size_bytes:
                location = self._locate(out)
                if self._hashed < self._file.size_bytes:
                    self._fetch(location, out)
            if self._file.sha256 in (None, self._hasher.hexdigest()):
                os.fsync(out.fileno())
                return True
            if self._inherited:
                # A power cut may have left zeros at the end of what was written.
                self._start_over(out, msg("download_part_damaged"))
                return False
        raise self._keep_aside()

    def _resume(self, out: IO[bytes]) -> None:
        """Bring hash and file to the same byte; bytes of another process are hashed."""
        length = os.fstat(out.fileno()).st_size
        if self._hashed > length or (self._file.size_bytes and length > self._file.size_bytes):
            self._start_over(out)
        elif 0 < self._hashed < length:
            out.truncate(self._hashed)  # the disk was full in the middle of a buffer
            self._listener.reached(self._hashed)
        elif self._hashed < length:
            self._listener.checking()
            self._inherited = True
            with self._part.open("rb", buffering=0) as written:
                while n_bytes := written.readinto(self._buffer):
                    self._interrupt.check()
                    self._hasher.update(self._buffer[:n_bytes])
                    self._hashed += n_bytes

    def _locate(self, out: IO[bytes]) -> FileLocation:
        """Return where the bytes are now; start over if their size or checksum has changed."""
        self._interrupt.check()
        try:
            location = self._hub.locate(self._download.repo, self._download.commit, self._file.path)
        except _FINAL:
            raise
        except HubError as error:
            retryable = isinstance(error, (HubUnreachableError, HubRateLimitedError))
            raise _AttemptError(
                error.message, retryable=retryable, asked_s=error.retry_after_s if retryable else None, final=error
            ) from error
        self._interrupt.check()
        file = self._file
        sha256, size = location.sha256 or file.sha256, location.size_bytes or file.size_bytes
        if not size:
            raise _AttemptError(msg("hub_size_unknown", file=file.name), retryable=False)
        if (sha256, size) != (file.sha256, file.size_bytes):
            known = file.size_bytes > 0 and file.sha256 is not None
            file.sha256, file.size_bytes = sha256, size
            self._start_over(out, msg("download_file_changed", file=file.name) if known else None)
            self._listener.record_changed()
            if known:
                changing = HubError(msg("download_file_keeps_changing", file=file.name))
                self._count_failure(_AttemptError(changing.message, retryable=False, final=changing))
        return location

    def _fetch(self, location: FileLocation, out: IO[bytes]) -> None:
        headers = dict(location.headers)
        if self._hashed and self._file.sha256 is None and location.etag:
            headers["If-Range"] = f'"{location.etag}"'
        self._listener.fetching()
        try:
            with get(
                location.url, headers, self._hashed, stall_s=self._policy.stall_s, interrupt=self._interrupt
            ) as answer:
                self._check_answer(answer, out)
                self._receive(answer, out)
        except BrokenConnectionError as error:
            self._interrupt.check()
            raise _AttemptError(error.message, retryable=error.retryable) from error

    def _receive(self, answer: Answer, out: IO[bytes]) -> None:
        while missing := self._file.size_bytes - self._hashed:
            n_bytes = answer.read_into(self._buffer[: min(missing, BUFFER_BYTES)])
            self._interrupt.check()  # what a cut connection still delivers is not trusted
            if not n_bytes:
                raise _AttemptError(msg("connection_cut"))
            received = self._buffer[:n_bytes]
            write_all(out.fileno(), received)
            self._hasher.update(received)
            self._hashed += n_bytes
            self._failures = 0
            self._listener.reached(self._hashed)

    def _check_answer(self, answer: Answer, out: IO[bytes]) -> None:
        """Return if the answer is the part of the file that was requested."""
        status = answer.status
        if status == 416:
            self._start_over(out)
            raise _AttemptError(msg("hub_file_too_short"), retryable=False)
        if status in (408, 429) or status >= 500:
            limited = HubRateLimitedError(msg("hub_rate_limited")) if status == 429 else None
            message = limited.message if limited else msg("hub_server_error", host=answer.host, status=status)
            raise _AttemptError(message, asked_s=seconds_of(answer.headers.get("retry-after", "")), final=limited)
        if status not in (200, 206):
            refused = msg("hub_content_refused", status=status)
            raise _AttemptError(refused, retryable=False, final=HubError(refused))
        if answer.total_bytes not in (None, self._file.size_bytes):
            wrong = msg(
                "hub_wrong_size", file=self._file.name, expected=self._file.size_bytes, actual=answer.total_bytes or 0
            )
            raise _AttemptError(wrong, retryable=False, final=HubError(wrong))
        if status == 200 and self._hashed:
            self._start_over(out, msg("download_cannot_continue"))
        elif answer.begin != self._hashed:
            raise _AttemptError(msg("hub_wrong_range"), retryable=False)

    def _start_over(self, out: IO[bytes], notice: Message | None = None) -> None:
        out.truncate(0)
        self._hasher, self._hashed, self._inherited = hashlib.sha256(), 0, False
        self._listener.reached(0)
        if notice is not None:
            logger.warning("%s: %s", self._file.name, notice)
            self._listener.notice(notice, lasting=True)

    def _pause(self, error: _AttemptError) -> None:
        """Wait before the next attempt, or raise the final error after the last."""
        self._interrupt.check()
        self._count_failure(error)
        seconds = self._policy.pause_s(self._failures, error.asked_s)
        logger.info("%s: %s; next attempt in %.1f s", self._file.name, error.message, seconds)
        self._listener.notice(
            msg("download_retries", problem=error.message, pause_s=max(1, round(seconds))), lasting=False
        )
        self._interrupt.wait(seconds)

    def _count_failure(self, error: _AttemptError) -> None:
        self._failures += 1
        if self._policy.gives_up(self._failures, retryable=error.retryable, asked_s=error.asked_s):
            raise error.final or HubUnreachableError(error.message)

    def _keep_aside(self) -> ChecksumMismatchError:
        aside = self._download.corrupt(self._file)
        self._part.replace(aside)
        self._hasher, self._hashed = hashlib.sha256(), 0
        self._listener.reached(0)
        return ChecksumMismatchError(msg("checksum_mismatch", file=self._file.name, kept_as=str(aside)))
