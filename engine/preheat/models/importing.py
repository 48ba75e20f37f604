"""Imports a model file into Preheat's own folder."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from enum import StrEnum
from pathlib import Path
from typing import Final

from preheat.errors import FolderError, ModelExistsError, ModelFileError, reason_of
from preheat.files import OnBytes, copy_hashed, sha256_of, sync_folder
from preheat.messages import msg
from preheat.models.file_names import SPLIT_PART
from preheat.models.gguf.reader import read_header
from preheat.models.space import check_space, existing_folder

HIDDEN: Final = ".importing"


class How(StrEnum):
    """How a file is imported.

    ``auto`` makes a hard link or a copy-on-write clone, which takes no space, where the disk can; else a copy.
    ``link`` makes a symbolic link to the file.
    """

    AUTO = "auto"
    COPY = "copy"
    MOVE = "move"
    LINK = "link"


def import_file(path: Path, models_dir: Path, how: How = How.AUTO, on_bytes: OnBytes = lambda _: None) -> Path:
    """Import a GGUF file, with all parts of its split set, into the models folder; return its new path. Blocks.

    Args:
        path: The file; of a split set, any part.
        on_bytes: Called with the number of bytes copied; an exception from it ends the import, and nothing is left.

    Raises:
        ModelFileError: It is not a complete, well-formed GGUF file, or a part is missing.
        ModelExistsError, DiskFullError, FolderError: It cannot be imported.
    """
    try:
        files = _split_set(path)
        for file in files:
            read_header(file)
        _import(files, models_dir, how, on_bytes)
        return models_dir / files[0].name
    except OSError as error:
        raise _failed(error, path) from error


def set_bytes(path: Path) -> int:
    """Return the size of the file and all parts of its split set; raises as ``import_file`` does."""
    try:
        return sum(file.stat().st_size for file in _split_set(path))
    except OSError as error:
        raise _failed(error, path) from error


def _failed(error: OSError, path: Path) -> FolderError:
    return FolderError(msg("file_failed", path=str(error.filename or path), reason=reason_of(error)))


def _split_set(path: Path) -> list[Path]:
    """Return the file, or every part of its split set."""
    path = path.expanduser().absolute()
    if not path.is_file():
        raise FileNotFoundError(2, "there is no such file", str(path))
    if path.suffix.lower() != ".gguf":
        raise ModelFileError(msg("import_wrong_ending", file=path.name))
    part = SPLIT_PART.fullmatch(path.stem)
    if part is None:
        return [path]
    prefix, count = part["prefix"], part["count"]
    files = [path.with_name(f"{prefix}-{number:05}-of-{count}{path.suffix}") for number in range(1, 1 + int(count))]
    missing = [file.name for file in files if not file.is_file()]
    if missing:
        raise ModelFileError(
            msg("import_parts_missing", file=path.name, count=len(files), missing=len(missing), names=missing[:3])
        )
    return files


def _import(files: Sequence[Path], models_dir: Path, how: How, on_bytes: OnBytes) -> None:
    targets = [models_dir / file.name for file in files]
    missing = [(file, target) for file, target in zip(files, targets, strict=True) if not _is_there(file, target)]
    other_disk = missing and missing[0][0].stat().st_dev != existing_folder(models_dir).stat().st_dev
    if how in (How.COPY, How.AUTO) and other_disk:
        check_space(models_dir, sum(file.stat().st_size for file, _ in missing), "disk_full", name=files[0].name)
    hidden = models_dir / HIDDEN
    hidden.mkdir(parents=True, exist_ok=True)
    ready: list[tuple[Path, Path]] = []
    try:
        for file, target in missing:
            temporary = hidden / f"{os.getpid()}-{target.name}"
            temporary.unlink(missing_ok=True)
            ready.append((temporary, target))
            _bring(file, temporary, how, on_bytes)
        # All at once: a set with a missing part would be reported as damaged.
        for temporary, target in reversed(ready):
            temporary.replace(target)
        sync_folder(models_dir)
        if how is How.MOVE:
            for file in files:
                if file not in targets:
                    file.unlink(missing_ok=True)
    finally:
        for temporary, _ in ready:
            temporary.unlink(missing_ok=True)
        with suppress(OSError):  # another import uses it
            hidden.rmdir()


def _is_there(file: Path, target: Path) -> bool:
    """Return whether the folder has the file already; raises ``ModelExistsError`` if it has another of that name."""
    if not target.exists():
        return False
    same_size = file.stat().st_size == target.stat().st_size
    if not file.samefile(target) and not (same_size and sha256_of(file) == sha256_of(target)):
        raise ModelExistsError(msg("import_name_taken", file=target.name, folder=str(target.parent)))
    return True


def _bring(file: Path, temporary: Path, how: How, on_bytes: OnBytes) -> None:
    if how is How.LINK:
        temporary.symlink_to(file)
    elif not (
        (how is not How.MOVE and _clone(file, temporary)) or (how is not How.COPY and _hard_link(file, temporary))
    ):  # the old name of a moved file goes when everything is in place
        copy_hashed(file, temporary, on_bytes)
        return
    on_bytes(file.stat().st_size)


def _hard_link(file: Path, target: Path) -> bool:
    with suppress(OSError):  # another disk, or a file system without hard links
        os.link(file.resolve(), target)
        return True
    return False


def _clone(file: Path, target: Path) -> bool:
    """Make a copy-on-write clone, if the file system can (btrfs, XFS)."""
    if not sys.platform.startswith("linux"):
        return False
    import fcntl

    ficlone = 0x40049409
    try:
        with file.open("rb") as source, target.open("wb") as clone:
            fcntl.ioctl(clone.fileno(), ficlone, source.fileno())
    except OSError:
        target.unlink(missing_ok=True)
        return False
    return True
