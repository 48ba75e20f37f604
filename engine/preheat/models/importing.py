"""Takes a model file from elsewhere into Preheat's own folder."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from enum import StrEnum
from pathlib import Path
from typing import Final

from preheat.errors import FolderError, ModelExistsError, ModelFileError
from preheat.files import OnBytes, copy_hashed, sha256_of, sync_folder
from preheat.models.file_names import SPLIT_PART
from preheat.models.gguf.reader import read_header
from preheat.models.space import check_room

HIDDEN: Final = ".importing"


class How(StrEnum):
    """What becomes of the file that is imported.

    ``auto`` makes a second name or a copy-on-write twin, which takes no room, where the disk can; else a copy.
    ``link`` leaves the file where it is and points to it.
    """

    AUTO = "auto"
    COPY = "copy"
    MOVE = "move"
    LINK = "link"


def import_file(path: Path, models_dir: Path, how: How = How.AUTO, on_bytes: OnBytes = lambda _: None) -> Path:
    """Take a GGUF file, with all parts of its split set, into the models folder; return its new path. Blocks.

    Args:
        path: The file; of a split set, any part.
        on_bytes: Told how many bytes were copied, as they are; what it raises ends the import, and nothing is left.

    Raises:
        ModelFileError: It is no whole, well-formed GGUF file, or a part is missing.
        ModelExistsError: The folder has another file of that name.
        DiskFullError: There is no room for a copy.
        FolderError: A file cannot be read, or the folder not be written.
    """
    try:
        files = _set_of(path)
        for file in files:
            read_header(file)
        return _take(files, models_dir, how, on_bytes)[0]
    except OSError as error:
        at = error.filename or path
        raise FolderError(
            f"{at}: {error.strerror or error}", hint="Check that it is there, and the permissions"
        ) from error


def set_bytes(path: Path) -> int:
    """Return the size of the file and all parts of its split set, for a progress bar.

    Raises:
        ModelFileError: A part is missing.
        FolderError: A file cannot be read.
    """
    try:
        return sum(file.stat().st_size for file in _set_of(path))
    except OSError as error:
        raise FolderError(f"{path}: {error.strerror or error}", hint="Check that it is there") from error


def _set_of(path: Path) -> list[Path]:
    """Return the file, or every part of the set that it belongs to."""
    path = path.expanduser().absolute()
    if not path.is_file():
        raise FileNotFoundError(2, "there is no such file", str(path))
    if path.suffix.lower() != ".gguf":
        raise ModelFileError(f"{path.name} does not end in .gguf", hint="Preheat runs models in the GGUF format")
    part = SPLIT_PART.fullmatch(path.stem)
    if part is None:
        return [path]
    prefix, count = part["prefix"], part["count"]
    names = [f"{prefix}-{number:05}-of-{count}{path.suffix}" for number in range(1, 1 + int(count))]
    files = [path.with_name(name) for name in names]
    missing = [file.name for file in files if not file.is_file()]
    if missing:
        raise ModelFileError(
            f"{path.name} is one of {len(files)} parts, and {len(missing)} are missing",
            hint=f"Put them beside it: {', '.join(missing[:3])}",
        )
    return files


def _take(files: Sequence[Path], models_dir: Path, how: How, on_bytes: OnBytes) -> list[Path]:
    targets = [models_dir / file.name for file in files]
    left_to_bring = [(file, target) for file, target in zip(files, targets, strict=True) if not _is_there(file, target)]
    if how in (How.COPY, How.AUTO) and left_to_bring and not _shares_disk(left_to_bring[0][0], models_dir):
        check_room(models_dir, sum(file.stat().st_size for file, _ in left_to_bring), files[0].name)
    hidden = models_dir / HIDDEN
    hidden.mkdir(parents=True, exist_ok=True)
    try:
        ready: list[tuple[Path, Path, Path]] = []
        for file, target in left_to_bring:
            temporary = hidden / f"{os.getpid()}-{target.name}"
            temporary.unlink(missing_ok=True)
            ready.append((file, temporary, target))
            _bring(file, temporary, how, on_bytes)
        # All at once: a set of which a part is missing would be reported as damaged.
        for _, temporary, target in reversed(ready):
            temporary.replace(target)
        sync_folder(models_dir)
        if how is How.MOVE:
            for file in files:
                if not any(file.samefile(target) and file == target for target in targets):
                    file.unlink(missing_ok=True)
    finally:
        for _, temporary, _ in ready:
            temporary.unlink(missing_ok=True)
        with suppress(OSError):  # another import is going on
            hidden.rmdir()
    return targets


def _is_there(file: Path, target: Path) -> bool:
    """Whether the folder has the file already.

    Raises:
        ModelExistsError: It has another of that name.
    """
    if not target.exists():
        return False
    same = file.samefile(target) or (
        file.stat().st_size == target.stat().st_size and sha256_of(file) == sha256_of(target)
    )
    if not same:
        raise ModelExistsError(
            f"There is another {target.name} in {target.parent} already",
            hint="Rename the file, or remove the other first: preheat rm MODEL",
        )
    return True


def _bring(file: Path, temporary: Path, how: How, on_bytes: OnBytes) -> None:
    size = file.stat().st_size
    if how is How.LINK:
        temporary.symlink_to(file)
    elif not (
        (how is not How.MOVE and _cloned(file, temporary)) or (how is not How.COPY and _linked(file, temporary))
    ):  # of a file that is moved, the old name goes when everything is in place
        copy_hashed(file, temporary, on_bytes)
        return
    on_bytes(size)


def _linked(file: Path, target: Path) -> bool:
    """Give the file a second name, if it is on the same disk and that knows such."""
    with suppress(OSError):
        os.link(file.resolve(), target)
        return True
    return False


def _cloned(file: Path, target: Path) -> bool:
    """Make a twin that shares its blocks until one is changed, if the file system can (btrfs, XFS)."""
    if not sys.platform.startswith("linux"):
        return False
    import fcntl

    ficlone = 0x40049409
    try:
        with file.open("rb") as source, target.open("wb") as twin:
            fcntl.ioctl(twin.fileno(), ficlone, source.fileno())
    except OSError:
        target.unlink(missing_ok=True)
        return False
    return True


def _shares_disk(file: Path, models_dir: Path) -> bool:
    existing = next(path for path in (models_dir, *models_dir.parents) if path.exists())
    return file.stat().st_dev == existing.stat().st_dev
