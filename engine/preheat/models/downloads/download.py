"""One download, stored so that another process can continue where one was killed.

``<models folder>/.downloads/<id>/`` holds ``download.json``, a ``.part`` per file and a lock. The length of a ``.part``
is the truth about its progress; the journal only says what it should become.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import re
import threading
import time
from collections import deque
from collections.abc import Callable, Container, Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from math import isfinite
from pathlib import Path, PurePath
from typing import Any, Final

from preheat.files import FileLock, read_json, write_atomic
from preheat.messages import Message, message_from_json, message_json, msg, render
from preheat.models.downloads.connection import Interrupt
from preheat.models.downloads.states import DownloadSnapshot, DownloadState
from preheat.models.file_names import DOWNLOADS, LOCK
from preheat.models.hub import Hub, PullTarget, choose, is_repo
from preheat.models.hub.variants import is_safe_path
from preheat.models.tree import Tree

logger = logging.getLogger(__name__)

_FILE_NAME: Final = "download.json"
_MAX_BYTES: Final = 1 << 22
_VERSION: Final = 2
_ID_LENGTH: Final = 12
_SHA256: Final = re.compile(r"[0-9a-f]{64}")
_VERSION_1_STATES: Final = {
    "fetch": DownloadState.QUEUED,
    "pause": DownloadState.PAUSED,
    "failed": DownloadState.FAILED,
    "done": DownloadState.DONE,
}
# States that outlive the process; of the others, ``queued`` is left.
LASTING_STATES: Final = frozenset(_VERSION_1_STATES.values())
_OVER: Final = frozenset({DownloadState.DONE, DownloadState.FAILED})

_WINDOW_S: Final = 5.0
_STEP_S: Final = 0.25
_STALE_S: Final = 3.0


class Speed:
    """Transfer speed, smoothed over the last seconds. One thread writes, any may read."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._total = 0
        self.restart()

    def restart(self) -> None:
        """Forget the past, after a pause."""
        self._marks = deque([(self._clock(), self._total)])

    def add(self, n_bytes: int) -> bool:
        """Count received bytes; return True at most every quarter of a second, when figures are worth publishing."""
        self._total += n_bytes
        now = self._clock()
        if now - self._marks[-1][0] < _STEP_S:
            return False
        self._marks.append((now, self._total))
        while len(self._marks) > 2 and now - self._marks[1][0] > _WINDOW_S:
            self._marks.popleft()
        return True

    @property
    def bytes_per_s(self) -> float | None:
        """The speed; None while it is unknown or nothing arrives."""
        marks = self._marks
        (begin, before), (end, after) = marks[0], marks[-1]
        if end <= begin or self._clock() - end > _STALE_S:
            return None
        return (after - before) / (end - begin)


@dataclass(slots=True)
class FileRecord:
    """One file of a download."""

    path: str  # inside the repository
    size_bytes: int  # as the hub says; 0 if it did not yet
    sha256: str | None  # as the hub says; None if it has none
    checked: bool = False  # the ``.part`` is complete and its checksum is right
    placed_ns: int = 0  # modification time of the finished file, in nanoseconds; 0 until it is in place

    @property
    def name(self) -> str:
        return self.path.rpartition("/")[2]


@dataclass(slots=True, eq=False)
class Download:
    """One download. Guarded by the queue's lock, except ``reached``, which its thread writes.

    Methods that use the disk may raise OSError.
    """

    models_dir: Path
    name: str  # the request, in the form that a pull understands
    repo: str  # ``owner/name``
    commit: str  # all files belong to it
    asked: tuple[str, str, str]  # requested quantization, file and revision; an equal request joins
    files: list[FileRecord]  # parts of the model in order, and its mmproj
    added_at: float  # Unix time; the earliest download goes first
    state: DownloadState = DownloadState.QUEUED
    message: Message | None = None  # why it failed, waits or retries; None for nothing to report
    lasting: bool = False  # the message stays when bytes arrive
    cancelled: bool = False  # it is removed as soon as its thread has ended
    reached: dict[str, int] = field(default_factory=dict)  # bytes of each file that are on the disk
    interrupt: Interrupt = field(default_factory=Interrupt)
    thread: threading.Thread | None = None  # set while it is worked on; after a pause, until the thread has noticed
    speed: Speed = field(default_factory=Speed)
    download_id: str = field(init=False)  # equal for equal files, so that parts without a journal are used again
    folder: Path = field(init=False)
    _saving: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        identity = "\n".join((self.repo, *(file.path for file in self.files)))
        self.download_id = hashlib.sha256(identity.encode()).hexdigest()[:_ID_LENGTH]
        self.folder = self.models_dir / DOWNLOADS / self.download_id

    @property
    def total_bytes(self) -> int:
        return sum(file.size_bytes for file in self.files)

    @property
    def missing_bytes(self) -> int:
        return max(self.total_bytes - sum(self.reached.values()), 0)

    @property
    def unfinished(self) -> bool:
        """Whether it will receive more bytes."""
        return not self.cancelled and self.state not in _OVER

    @property
    def at_work(self) -> bool:
        """Whether it receives bytes without another command."""
        return self.unfinished and self.state is not DownloadState.PAUSED

    @property
    def checksums(self) -> list[tuple[str, int, str | None]]:
        return [(file.path, file.size_bytes, file.sha256) for file in self.files]

    def is_for(self, target: PullTarget) -> bool:
        """Return whether it was requested in the same way."""
        return not self.cancelled and (self.repo.lower(), self.asked) == (target.repo.lower(), _asked_of(target))

    def target(self, file: FileRecord) -> Path:
        """Return a file's final path: in the folder of the first one, so that an mmproj is next to its model."""
        inner = self.files[0].path.split("/")[:-1]
        return self.models_dir.joinpath(*self.repo.split("/"), *inner, file.name)

    def part(self, file: FileRecord) -> Path:
        return self.folder / f"{file.name}.part"

    def corrupt(self, file: FileRecord) -> Path:
        """Return where a file with a wrong checksum is kept."""
        return self.folder / f"{file.name}.corrupt"

    def lock(self) -> FileLock:
        """Return the lock of the process that works on it."""
        return FileLock(self.folder / LOCK)

    def measure(self) -> None:
        """Read from the disk how many bytes are there."""
        for file in self.files:
            with suppress(OSError):
                self.reached[file.path] = self.part(file).stat().st_size

    def save(self) -> None:
        error = self.message if self.state is DownloadState.FAILED else None
        content = {
            "version": _VERSION,
            "name": self.name,
            "repo": self.repo,
            "commit": self.commit,
            "asked": self.asked,
            "files": [asdict(file) for file in self.files],
            "state": self.state if self.state in LASTING_STATES else DownloadState.QUEUED,
            "added_at": self.added_at,
            "error": error and message_json(error),
        }
        with self._saving:
            write_atomic(self.folder / _FILE_NAME, json.dumps(content, indent=1))

    @property
    def stored_files(self) -> list[Path]:
        """The files of the download in its folder, some of which may not exist; the lock is not among them."""
        return [self.folder / _FILE_NAME, *map(self.part, self.files), *map(self.corrupt, self.files)]

    def remove(self) -> None:
        """Remove its files and the folder; anything else in there stays, and so does the folder then."""
        root = Path(os.path.realpath(self.models_dir))
        inside = PurePath(DOWNLOADS, self.download_id)
        with suppress(FileNotFoundError), Tree(root) as tree:
            for path in (*self.stored_files, self.folder / LOCK):
                with suppress(FileNotFoundError):
                    tree.unlink(inside / path.name)
            tree.remove_empty_folders(inside)

    def snapshot(self) -> DownloadSnapshot:
        speed = self.speed.bytes_per_s if self.state is DownloadState.RUNNING else None
        failed = self.state is DownloadState.FAILED
        total_bytes = self.total_bytes
        done_bytes = total_bytes if self.state is DownloadState.DONE else min(sum(self.reached.values()), total_bytes)
        return DownloadSnapshot(
            download_id=self.download_id,
            name=self.name,
            repo=self.repo,
            file_name=self.files[0].name,
            state=self.state,
            done_bytes=done_bytes,
            total_bytes=total_bytes,
            bytes_per_s=speed,
            left_s=self.missing_bytes / speed if speed else None,
            error=self.message if failed else None,
            notice=None if failed else self.message,
        )


def _asked_of(target: PullTarget) -> tuple[str, str, str]:
    return target.quantization or "", target.file or "", target.revision


def plan(hub: Hub, target: PullTarget, models_dir: Path, room_bytes: int, context_length: int) -> Download:
    """Ask the hub, and return the download of a model: all its parts, and its mmproj.

    A recommended quantization fits ``room_bytes`` with this context length. Raises ``HubError``.
    """
    found = hub.files(target.repo, target.revision)
    variant = choose(
        found, quantization=target.quantization, file=target.file, room_bytes=room_bytes, context_length=context_length
    )
    if found.gated:
        hub.locate(found.repo, found.commit, variant.files[0].path)  # reports missing access at once
    name = target.name if target.quantization or target.file else f"{found.repo}:{variant.quantization}"
    files = [FileRecord(file.path, file.size_bytes, file.sha256) for file in variant.all_files]
    return Download(
        models_dir, name.removesuffix(":"), found.repo, found.commit, _asked_of(target), files, added_at=time.time()
    )


def stored_downloads(models_dir: Path, known: Container[str]) -> Iterator[Download]:
    """Yield the downloads in the folder, without the known ones and those that another process works on."""
    hidden = models_dir / DOWNLOADS
    try:
        folders = sorted(path for path in hidden.iterdir() if path.is_dir()) if hidden.is_dir() else []
    except OSError as error:
        logger.warning("%s cannot be read: %s", hidden, error)
        return
    for folder in folders:
        if folder.name not in known and (download := _load(models_dir, folder)) is not None:
            yield download


def files_of_downloads(models_dir: Path) -> list[Path]:
    """Return the files in the folders of stored downloads, without those that another process works on."""
    return [path for download in stored_downloads(models_dir, ()) for path in download.stored_files]


def _load(models_dir: Path, folder: Path) -> Download | None:
    """Return a stored download; None if its journal is invalid, or another process works on it."""
    lock = FileLock(folder / LOCK)
    with suppress(OSError):
        if not lock.acquire():
            return None
        lock.release()
    try:
        download = _decoded(models_dir, read_json(folder / _FILE_NAME, _MAX_BYTES))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, LookupError, TypeError, AttributeError) as error:
        logger.warning("the download in %s cannot be read (%s); pull it again to continue", folder, error)
        return None
    return download if download.folder == folder else None


def _decoded(models_dir: Path, content: dict[str, Any]) -> Download:
    """Return the stored download; raises various errors for an invalid one. Its names become paths, so check them."""
    if content["version"] == 1:
        error = msg("text", text=content["error"], hint=content["hint"]) if content["error"] else None
        state = _VERSION_1_STATES[content["wish"]]
    elif content["version"] == _VERSION:
        error = message_from_json(content["error"]) if content["error"] else None
        state = DownloadState(content["state"])
    else:
        raise ValueError(f"version {content['version']}")
    files = [_file_record(record) for record in content["files"]]
    if not files or not is_repo(content["repo"]):
        raise ValueError("no repository or no files")
    if state not in LASTING_STATES:
        raise ValueError(f"state {state}")
    if error is not None:
        render(error)  # its parameters may not be those of its code
    quantization, file, revision = map(_text, content["asked"])
    added_at = float(content["added_at"])
    if not isfinite(added_at):
        raise ValueError("no time")
    return Download(
        models_dir,
        name=_text(content["name"]),
        repo=content["repo"],
        commit=_text(content["commit"]),
        asked=(quantization, file, revision),
        files=files,
        added_at=added_at,
        state=state,
        message=error,
    )


def _file_record(content: dict[str, Any]) -> FileRecord:
    record = FileRecord(**content)
    if not is_safe_path(_text(record.path)):
        raise ValueError("unsafe path")
    if not all(type(number) is int and 0 <= number < 1 << 63 for number in (record.size_bytes, record.placed_ns)):
        raise ValueError("wrong number")
    if type(record.checked) is not bool or (record.sha256 is not None and not _SHA256.fullmatch(record.sha256)):
        raise ValueError("wrong checksum")
    return record


def _text(value: object) -> str:
    if not isinstance(value, str) or not value.isprintable():
        raise ValueError("no text")
    return value
