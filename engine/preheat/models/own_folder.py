"""Which files of Preheat's models folder are its own, to be moved and deleted.

``.preheat-models`` is written with Preheat's first file in a folder. Its first line says whether the folder is
Preheat's as a whole, since it was new or empty then: every model in it is Preheat's. In a folder that held other things
already, only the files in the following lines are. Each line names a file that Preheat put there, with its size and
modification time: a file that replaced it is not Preheat's. All blocks on the disk; any thread.
"""

from __future__ import annotations

import json
import logging
import os
import stat
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path, PurePath
from typing import Any, Final

from preheat import paths
from preheat.errors import UnusablePathError, file_error, reason_of
from preheat.messages import msg
from preheat.models.file_names import printable
from preheat.models.tree import Tree

logger = logging.getLogger(__name__)

MARK: Final = ".preheat-models"

_PATH: Final = PurePath(MARK)
_KIND: Final = "models folder"
_VERSION: Final = 1
_MAX_BYTES: Final = 1 << 24
_MAX_LINE: Final = 1 << 14

State = tuple[int, int]
"""Size in bytes and modification time in nanoseconds, of a link its own."""


@dataclass(frozen=True, slots=True)
class OwnFolder:
    """What a models folder's mark says."""

    root: Path  # without links
    marked: bool  # it bears Preheat's mark
    whole: bool  # every model in it is Preheat's
    files: Mapping[str, State] = field(default_factory=dict)  # by path in the folder, with ``/``

    @classmethod
    def read(cls, folder: Path) -> OwnFolder:
        """Read the mark of a folder, which need not exist."""
        root = Path(os.path.realpath(folder))
        header, *lines = _lines(root) or [None]
        marked = isinstance(header, dict) and header.get("preheat") == _KIND and header.get("version") == _VERSION
        whole = bool(marked and header.get("whole") is True)
        files = {line[0]: (line[1], line[2]) for line in lines if _is_record(line)} if marked else {}
        # The usual folder is Preheat's by its place, unless it is a link to another one.
        return cls(root, marked, whole or root == Path(os.path.realpath(paths.data_dir())) / "models", files)

    def path_inside(self, path: Path) -> PurePath | None:
        """Return a file's path in the folder, without links to folders; None for one elsewhere."""
        try:
            real = Path(os.path.realpath(path.parent)) / path.name
            return PurePath(real.relative_to(self.root))
        except ValueError:
            return None

    def owns(self, path: Path) -> bool:
        """Return whether a file is Preheat's own, so that Preheat may move and delete it."""
        inside = self.path_inside(path)
        if inside is None or not inside.parts:
            return False
        if self.whole:
            return True
        recorded = self.files.get(inside.as_posix())
        try:
            return recorded is not None and recorded == _state(path.lstat())
        except OSError:
            return False


def is_empty(folder: Path) -> bool:
    """Return whether a folder is missing or empty; may raise OSError."""
    try:
        with os.scandir(folder) as entries:
            return next(entries, None) is None
    except FileNotFoundError:
        return True


def prepare(folder: Path) -> Path:
    """Create Preheat's models folder and its mark, before the first file is put there; return it without links.

    Raises:
        UnusablePathError: It is a folder of the system.
        FolderError: It cannot be created or written.
    """
    root = Path(os.path.realpath(folder))
    if paths.is_system_folder(root):
        raise UnusablePathError(msg("models_folder_of_system", folder=printable(str(folder))))
    try:
        known = OwnFolder.read(root)
        if not known.marked:
            whole = known.whole or is_empty(root)
            header = json.dumps({"preheat": _KIND, "version": _VERSION, "whole": whole})
            with Tree(root, create=True) as tree:
                _append(tree, header, new=True)
    except FileExistsError:  # another process was faster, or there is something else with the mark's name
        if not OwnFolder.read(root).marked:
            logger.warning("%s is not Preheat's mark", printable(str(root / MARK)))
    except OSError as error:
        raise file_error("models_folder_unwritable", error, folder) from error
    return root


def record(tree: Tree, files: Iterable[PurePath]) -> None:
    """Note that Preheat put these files into a marked folder.

    A failure is logged: at worst the files count as the user's.
    """
    try:
        states = [(file.as_posix(), tree.status(file)) for file in files]
        lines = [json.dumps([name, *_state(status)]) for name, status in states if status is not None]
        if lines:
            _append(tree, "\n".join(lines))
    except OSError as error:
        logger.warning("%s cannot be written: %s", printable(str(tree.root / MARK)), reason_of(error))


def _append(tree: Tree, text: str, *, new: bool = False) -> None:
    """Append to the mark. The line break comes first, so that a half-written line spoils no other."""
    flags = os.O_CREAT | os.O_EXCL if new else os.O_APPEND
    flags |= os.O_WRONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
    with tree.at(_PATH) as (name, folder):
        handle = os.open(name, flags, 0o644, dir_fd=folder)
    try:
        if stat.S_ISREG(os.fstat(handle).st_mode):
            os.write(handle, (text if new else f"\n{text}").encode())
            os.fsync(handle)
    finally:
        os.close(handle)


def _lines(root: Path) -> list[Any]:
    """Return the decoded lines of a folder's mark, without malformed ones; none if there is no mark."""
    lines: list[Any] = []
    with suppress(OSError), Tree(root, passing=True) as tree, tree.reading(_PATH) as handle:
        if os.fstat(handle).st_size > _MAX_BYTES:
            return []
        content = os.read(handle, _MAX_BYTES)
        for line in content.split(b"\n"):
            with suppress(ValueError, RecursionError):
                lines.append(json.loads(line[:_MAX_LINE]))
    return lines


def _is_record(line: Any) -> bool:
    return (
        isinstance(line, list)
        and len(line) == 3
        and isinstance(line[0], str)
        and all(type(number) is int for number in line[1:])
    )


def _state(status: os.stat_result) -> State:
    return status.st_size, status.st_mtime_ns
