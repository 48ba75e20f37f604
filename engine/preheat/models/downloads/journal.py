"""What is on the disk of a download, so that another process can go on where one was killed.

``<models folder>/.downloads/<id>/`` holds ``download.json``, a ``.part`` for each file and a lock. Where a file's bytes
end, its download goes on: the length of the ``.part`` is the truth, and the journal says only what it should become.
"""

from __future__ import annotations

import hashlib
import json
import logging
import threading
from collections.abc import Container, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

from preheat.files import FileLock, write_atomic
from preheat.models.hub.hub import is_repo
from preheat.models.hub.variants import is_safe_path

logger = logging.getLogger(__name__)

HIDDEN: Final = ".downloads"
_FILE_NAME: Final = "download.json"
_VERSION: Final = 1
_ID_LENGTH: Final = 12


class Wish(StrEnum):
    """What is to become of a download, as far as it must outlive the process."""

    FETCH = "fetch"
    PAUSE = "pause"
    FAILED = "failed"
    DONE = "done"


@dataclass(slots=True)
class FileRecord:
    """One file of a download.

    Attributes:
        path: Inside the repository.
        size_bytes: As the hub says; 0 if it did not yet.
        sha256: As the hub says; None if it has none.
        checked: The ``.part`` is whole and was found right.
        placed_ns: When the finished file was last changed, in nanoseconds; 0 before it is in its place.
    """

    path: str
    size_bytes: int
    sha256: str | None
    checked: bool = False
    placed_ns: int = 0

    @property
    def name(self) -> str:
        """The last part of the path."""
        return self.path.rpartition("/")[2]


@dataclass(slots=True)
class Journal:
    """One download, as it is written down.

    Attributes:
        name: What was asked for, as one may type it again.
        repo: ``owner/name``.
        commit: All files are of this one.
        asked: Quantization, file and revision that were asked for: who asks the same again, joins.
        files: The model's parts in order, and its mmproj.
        wish: What is to become of it.
        added_at: Unix time; the earliest goes first.
        error: Why it failed; empty if it did not.
        hint: What to do about that.
    """

    name: str
    repo: str
    commit: str
    asked: tuple[str, str, str]
    files: list[FileRecord]
    wish: Wish = Wish.FETCH
    added_at: float = 0.0
    error: str = ""
    hint: str = ""
    download_id: str = field(default="")

    def __post_init__(self) -> None:
        self.download_id = download_id(self.repo, [file.path for file in self.files])

    @property
    def total_bytes(self) -> int:
        """All files together."""
        return sum(file.size_bytes for file in self.files)

    def target(self, models_dir: Path, file: FileRecord) -> Path:
        """Return a file's place: all files beside the first one, so that an mmproj is beside its model."""
        inner = self.files[0].path.split("/")[:-1]
        return models_dir.joinpath(*self.repo.split("/"), *inner, file.name)


def download_id(repo: str, paths: Sequence[str]) -> str:
    """Return the same id for the same files, so that what is left of a lost journal's parts is used again."""
    return hashlib.sha256("\n".join((repo, *paths)).encode()).hexdigest()[:_ID_LENGTH]


class Folder:
    """A download's hidden folder. Blocks on the disk; any thread.

    Args:
        models_dir: Preheat's own folder of models.
        download_id: Names it.
    """

    def __init__(self, models_dir: Path, download_id: str) -> None:
        self.path = models_dir / HIDDEN / download_id
        self._saving = threading.Lock()

    @property
    def lock(self) -> Path:
        """The file that tells other processes that somebody is at work."""
        return self.path / "lock"

    def part(self, file: FileRecord) -> Path:
        """Return where a file grows."""
        return self.path / f"{file.name}.part"

    def corrupt(self, file: FileRecord) -> Path:
        """Return where a file is kept that is not what it should be."""
        return self.path / f"{file.name}.corrupt"

    def save(self, journal: Journal) -> None:
        """Write the journal; a reader sees the old one or the new one.

        Raises:
            OSError: The disk refuses.
        """
        with self._saving:
            content = json.dumps(asdict(journal) | {"version": _VERSION}, indent=1)
            write_atomic(self.path / _FILE_NAME, content)

    def load(self) -> Journal | None:
        """Return the journal; None if there is none that makes sense."""
        try:
            content = json.loads((self.path / _FILE_NAME).read_text(encoding="utf-8"))
            journal = _journal(content)
        except FileNotFoundError:
            return None
        except (OSError, ValueError, LookupError, TypeError) as error:
            logger.warning("the download in %s cannot be read (%s); pull it again to go on", self.path, error)
            return None
        return journal if journal.download_id == self.path.name else None

    def remove(self) -> None:
        """Remove everything in it, and it.

        Raises:
            OSError: The disk refuses.
        """
        if self.path.is_dir():
            for path in self.path.iterdir():
                path.unlink()
            self.path.rmdir()


def left_behind(models_dir: Path, known: Container[str]) -> Iterator[tuple[Folder, Journal]]:
    """Yield the downloads in the folder, but for those that are known, and those that another process works on."""
    hidden = models_dir / HIDDEN
    try:
        names = sorted(path.name for path in hidden.iterdir() if path.is_dir()) if hidden.is_dir() else []
    except OSError as error:
        logger.warning("%s cannot be read: %s", hidden, error)
        return
    for folder in (Folder(models_dir, name) for name in names if name not in known):
        journal = None if _is_locked(folder) else folder.load()
        if journal is not None:
            yield folder, journal


def _is_locked(folder: Folder) -> bool:
    """Whether another process works on it now."""
    try:
        lock = FileLock(folder.lock)
        locked = not lock.acquire()
        lock.release()
    except OSError:
        return False
    return locked


def _journal(content: dict[str, Any]) -> Journal:
    """Return what was written down.

    Raises:
        ValueError, LookupError, TypeError: It makes no sense. Its names become paths, so they are checked.
    """
    if content["version"] != _VERSION:
        raise ValueError(f"version {content['version']}")
    files = [FileRecord(**record) for record in content["files"]]
    if not files or not all(is_safe_path(file.path) for file in files) or not is_repo(content["repo"]):
        raise ValueError("a path leads elsewhere")
    quantization, file, revision = content["asked"]
    return Journal(
        name=content["name"],
        repo=content["repo"],
        commit=content["commit"],
        asked=(quantization, file, revision),
        files=files,
        wish=Wish(content["wish"]),
        added_at=float(content["added_at"]),
        error=content["error"],
        hint=content["hint"],
    )
