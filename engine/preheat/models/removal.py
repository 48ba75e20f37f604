"""Deletes a model of Preheat's own folder: never another program's file, nor one that another model needs."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from preheat.errors import FolderError, NotOwnFileError
from preheat.files import remove_empty_folders, sync_folder
from preheat.models.model_file import ModelFile


def files_to_remove(model: ModelFile, others: Iterable[ModelFile], models_dir: Path) -> tuple[Path, ...]:
    """Return the files that go with a model: all its parts, and its mmproj unless another model needs it.

    Blocks on the disk.

    Raises:
        NotOwnFileError: The model lies outside of Preheat's own folder.
    """
    needed = {path for other in others if other.model_id != model.model_id for path in _files(other)}
    if not all(is_own(path, models_dir) for path in model.files):
        raise NotOwnFileError(
            f"{model.model_id} is not Preheat's to delete: it is {model.path}",
            hint="Delete it with the program that it belongs to, or by hand",
        )
    return tuple(path for path in _files(model) if path not in needed and is_own(path, models_dir))


def remove_files(files: Iterable[Path], models_dir: Path) -> int:
    """Delete files, and the folders that they leave empty; return how many bytes that frees. Blocks on the disk.

    Raises:
        FolderError: One of them cannot be deleted; those before it are.
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
            raise FolderError(
                f"{path} cannot be deleted: {error.strerror or error}",
                hint="If a program uses it, end that; or check the folder's permissions",
            ) from error
        freed += status.st_size if status.st_nlink == 1 else 0
        remove_empty_folders(path.parent, models_dir)
    return freed


def is_own(path: Path, models_dir: Path) -> bool:
    """Whether a file lies in Preheat's own folder, and not in another that a link in it leads to. Blocks."""
    return path.parent.resolve().is_relative_to(models_dir.resolve())


def _files(model: ModelFile) -> tuple[Path, ...]:
    return model.files if model.mmproj is None else (*model.files, model.mmproj)
