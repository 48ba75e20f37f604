"""Deletes models from Preheat's own folder: never another program's file, nor one that another model needs."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from preheat.errors import FolderError, NotOwnFileError, reason_of
from preheat.files import remove_empty_folders, sync_folder
from preheat.messages import msg
from preheat.models.model_file import ModelFile


def files_to_remove(model: ModelFile, others: Iterable[ModelFile], models_dir: Path) -> tuple[Path, ...]:
    """Return the files to delete with a model: all its parts, and its mmproj unless another model needs it.

    Raises ``NotOwnFileError`` for a model outside Preheat's own folder. Blocks on the disk.
    """
    needed = {path for other in others if other.model_id != model.model_id for path in other.all_files}
    if not all(is_own(path, models_dir) for path in model.files):
        raise NotOwnFileError(msg("not_own_file", model=model.model_id, path=str(model.path)))
    return tuple(path for path in model.all_files if path not in needed and is_own(path, models_dir))


def remove_files(files: Iterable[Path], models_dir: Path) -> int:
    """Delete files and the folders that they leave empty; return the number of bytes freed. Blocks on the disk.

    Raises ``FolderError`` at the first that cannot be deleted.
    """
    freed = 0
    for path in files:
        try:
            status = path.lstat()
            path.unlink()
            sync_folder(path.parent)
        except FileNotFoundError:
            continue
        except OSError as error:
            raise FolderError(msg("file_not_removable", path=str(path), reason=reason_of(error))) from error
        freed += status.st_size if status.st_nlink == 1 else 0
        remove_empty_folders(path.parent, models_dir)
    return freed


def is_own(path: Path, models_dir: Path) -> bool:
    """Return whether a file is in Preheat's own folder, and not in another one behind a link. Blocks."""
    return path.parent.resolve().is_relative_to(models_dir.resolve())
