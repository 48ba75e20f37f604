"""Deletes models from Preheat's own folder: never another program's file, nor the user's, nor one in use elsewhere."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterable
from pathlib import Path, PurePath

from preheat.errors import NotOwnFileError, file_error
from preheat.messages import msg
from preheat.models.file_names import printable
from preheat.models.model_file import ModelFile
from preheat.models.own_folder import OwnFolder
from preheat.models.tree import Tree


def files_to_remove(model: ModelFile, others: Iterable[ModelFile], models_dir: Path) -> tuple[Path, ...]:
    """Return the files to delete with a model: all its parts, and its mmproj unless another model needs it.

    Raises ``NotOwnFileError`` for a model that is not Preheat's own. Blocks on the disk.
    """
    if model.included:
        raise NotOwnFileError(msg("included_model", model=model.model_id))
    own = OwnFolder.read(models_dir)
    needed = {path for other in others if other.model_id != model.model_id for path in other.all_files}
    if not all(map(own.owns, model.files)):
        raise NotOwnFileError(msg("not_own_file", model=model.model_id, path=printable(str(model.path))))
    return tuple(path for path in model.all_files if path not in needed and own.owns(path))


def remove_files(files: Iterable[Path], models_dir: Path) -> int:
    """Delete files and the folders that they leave empty; return the number of bytes freed. Blocks on the disk.

    Raises ``FolderError`` at the first that cannot be deleted.
    """
    freed = 0
    root = Path(os.path.realpath(models_dir))
    for path in files:
        try:
            # ``Tree`` follows no link: nothing is deleted by way of a folder that has become one.
            inside = PurePath(Path(os.path.realpath(path.parent)) / path.name).relative_to(root)
            with Tree(root) as tree:
                status = tree.status(inside)
                if status is None:
                    continue
                tree.unlink(inside)
                tree.remove_empty_folders(inside.parent)
        except (OSError, ValueError) as error:
            failure = error if isinstance(error, OSError) else OSError(errno.EINVAL, str(error))
            raise file_error("file_not_removable", failure, path) from error
        freed += status.st_size if status.st_nlink == 1 else 0
    return freed
