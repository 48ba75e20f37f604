"""Downloads on the disk, so that another process can continue where one was killed.

``<models folder>/.downloads/<id>/`` holds ``download.json``, a ``.part`` per file and a lock. The length of a ``.part``
is the truth about its progress; the journal only says what it should become.
"""

from __future__ import annotations

import hashlib
import json
import logging
import threading
from collections.abc import Container, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final

from preheat.files import FileLock, write_atomic
from preheat.messages import Message, message_from_json, message_json, msg
from preheat.models.downloads.states import DownloadState
from preheat.models.hub import is_repo
from preheat.models.hub.variants import is_safe_path

logger = logging.getLogger(__name__)

HIDDEN: Final = ".downloads"
_FILE_NAME: Final = "download.json"
_VERSION: Final = 2
_ID_LENGTH: Final = 12
_VERSION_1_STATES: Final = {
    "fetch": DownloadState.QUEUED,
    "pause": DownloadState.PAUSED,
    "failed": DownloadState.FAILED,
    "done": DownloadState.DONE,
}

LASTING_STATES: Final = frozenset(_VERSION_1_STATES.values())
"""States that outlive the process; of the others, ``queued`` is left."""


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
        """Last part of the path."""
        return self.path.rpartition("/")[2]


@dataclass(slots=True)
class Journal:
    """One download, as stored."""

    name: str  # the request, in the form that a pull understands
    repo: str  # ``owner/name``
    commit: str  # all files belong to it
    asked: tuple[str, str, str]  # requested quantization, file and revision; an equal request joins
    files: list[FileRecord]  # parts of the model in order, and its mmproj
    state: DownloadState = DownloadState.QUEUED  # one of ``LASTING_STATES``
    added_at: float = 0.0  # Unix time; the earliest download goes first
    error: Message | None = None  # why it failed; None if it did not
    download_id: str = field(init=False, default="")

    def __post_init__(self) -> None:
        self.download_id = download_id(self.repo, [file.path for file in self.files])

    @property
    def total_bytes(self) -> int:
        """Size of all files together."""
        return sum(file.size_bytes for file in self.files)

    def target(self, models_dir: Path, file: FileRecord) -> Path:
        """Return a file's final path: in the folder of the first one, so that an mmproj is next to its model."""
        inner = self.files[0].path.split("/")[:-1]
        return models_dir.joinpath(*self.repo.split("/"), *inner, file.name)


def download_id(repo: str, paths: Sequence[str]) -> str:
    """Return an id that is equal for equal files, so that parts without a journal are used again."""
    return hashlib.sha256("\n".join((repo, *paths)).encode()).hexdigest()[:_ID_LENGTH]


class Folder:
    """A download's hidden folder in ``models_dir``. Blocks on the disk, which may raise OSError; any thread."""

    def __init__(self, models_dir: Path, download_id: str) -> None:
        self.path = models_dir / HIDDEN / download_id
        self.lock = self.path / "lock"
        self._saving = threading.Lock()

    def part(self, file: FileRecord) -> Path:
        """Return the path of an unfinished file."""
        return self.path / f"{file.name}.part"

    def corrupt(self, file: FileRecord) -> Path:
        """Return where a file with a wrong checksum is kept."""
        return self.path / f"{file.name}.corrupt"

    def save(self, journal: Journal) -> None:
        """Write the journal atomically."""
        error = journal.error and message_json(journal.error)
        content = asdict(journal) | {"error": error, "version": _VERSION}
        with self._saving:
            write_atomic(self.path / _FILE_NAME, json.dumps(content, indent=1))

    def load(self) -> Journal | None:
        """Return the journal; None if there is no valid one."""
        try:
            journal = _journal(json.loads((self.path / _FILE_NAME).read_text(encoding="utf-8")))
        except FileNotFoundError:
            return None
        except (OSError, ValueError, LookupError, TypeError, AttributeError) as error:
            logger.warning("the download in %s cannot be read (%s); pull it again to continue", self.path, error)
            return None
        return journal if journal.download_id == self.path.name else None

    def remove(self) -> None:
        """Remove the folder with everything in it."""
        if self.path.is_dir():
            for path in self.path.iterdir():
                path.unlink()
            self.path.rmdir()


def stored_downloads(models_dir: Path, known: Container[str]) -> Iterator[tuple[Folder, Journal]]:
    """Yield the downloads in the folder, without the known ones and those that another process works on."""
    hidden = models_dir / HIDDEN
    try:
        names = sorted(path.name for path in hidden.iterdir() if path.is_dir()) if hidden.is_dir() else []
    except OSError as error:
        logger.warning("%s cannot be read: %s", hidden, error)
        return
    for folder in (Folder(models_dir, name) for name in names if name not in known):
        if not _is_locked(folder) and (journal := folder.load()) is not None:
            yield folder, journal


def _is_locked(folder: Folder) -> bool:
    lock = FileLock(folder.lock)
    try:
        return not lock.acquire()
    except OSError:
        return False
    finally:
        lock.release()


def _journal(content: dict[str, Any]) -> Journal:
    """Return the stored journal; raises various errors for an invalid one. Its names become paths, so check them."""
    if content["version"] == 1:
        error = msg("text", text=content["error"], hint=content["hint"]) if content["error"] else None
        state = _VERSION_1_STATES[content["wish"]]
    elif content["version"] == _VERSION:
        error = message_from_json(content["error"]) if content["error"] else None
        state = DownloadState(content["state"])
    else:
        raise ValueError(f"version {content['version']}")
    files = [FileRecord(**record) for record in content["files"]]
    if not files or not all(is_safe_path(file.path) for file in files) or not is_repo(content["repo"]):
        raise ValueError("unsafe path")
    if state not in LASTING_STATES:
        raise ValueError(f"state {state}")
    quantization, file, revision = content["asked"]
    return Journal(
        name=content["name"],
        repo=content["repo"],
        commit=content["commit"],
        asked=(quantization, file, revision),
        files=files,
        state=state,
        added_at=float(content["added_at"]),
        error=error,
    )
