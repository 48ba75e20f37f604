"""Models that clients made with copy and create: other names of a model, with a system prompt and options."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final

from preheat.errors import FolderError, InvalidRequestError, file_error, reason_of
from preheat.files import FileLock, read_json, write_atomic
from preheat.messages import msg

logger = logging.getLogger(__name__)

MOST_MODELS: Final = 1000
_MAX_BYTES: Final = 1 << 23  # all of them are in memory, several times while the file is written
_MAX_TIME: Final = 1e11
_UNREADABLE: Final = (OSError, ValueError, TypeError, AttributeError)
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/-]{0,199}", re.ASCII)


@dataclass(frozen=True, slots=True)
class NamedModel:
    """A name for a model."""

    model_id: str  # of the model behind it
    system: str = ""  # system prompt, unless a request has its own
    parameters: Mapping[str, Any] = field(default_factory=dict)  # options, where a request has none
    created_at: float = 0.0  # Unix time


class NamedModels:
    """All of them, in a file that other processes may change too.

    ``models`` and ``find`` belong to the engine's loop; the first use reads the file. ``add`` and ``remove`` block on
    the disk.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._models: Mapping[str, NamedModel] | None = None

    @property
    def models(self) -> Mapping[str, NamedModel]:
        """The models by name; none if the file cannot be read."""
        if self._models is None:
            try:
                self._models = _read(self._path)
            except _UNREADABLE as error:
                logger.warning("%s cannot be read: %s", self._path, reason_of(error))
                self._models = {}
        return self._models

    def find(self, name: str) -> NamedModel | None:
        """Return the model with this name, in any case, with or without ``:latest``."""
        return self.models.get(_key(name))

    def add(self, name: str, model: NamedModel) -> None:
        """Add a model, or replace it, and write the file.

        Raises:
            InvalidRequestError: The name is unusable, or there are too many.
            FolderError, DiskFullError: The file cannot be read or written; nothing changed.
        """

        def change(models: dict[str, NamedModel]) -> bool:
            if not _NAME.fullmatch(name) or (len(models) >= MOST_MODELS and _key(name) not in models):
                raise InvalidRequestError(msg("model_name_unusable", name=name[:200]), param="model")
            models[_key(name)] = model
            return True

        self._update(change)

    def remove(self, name: str) -> bool:
        """Remove a model, write the file, and return whether there was one; raises errors as ``add`` does."""
        return self._update(lambda models: models.pop(_key(name), None) is not None)

    def _update(self, change: Callable[[dict[str, NamedModel]], bool]) -> bool:
        """Change the file's own contents while no other thread or process does; return whether they changed."""
        try:
            with FileLock(self._path.with_suffix(".lock")):
                models = self._read_again()
                changed = change(models)
                if changed:
                    content = json.dumps({name: asdict(model) for name, model in models.items()}, indent=1)
                    if len(content) > _MAX_BYTES:
                        raise InvalidRequestError(msg("names_too_large", limit=_MAX_BYTES), param="system")
                    write_atomic(self._path, content, mode=0o600)
        except OSError as error:
            raise file_error("names_unwritable", error, self._path) from error
        self._models = models
        return changed

    def _read_again(self) -> dict[str, NamedModel]:
        try:
            return _read(self._path)
        except _UNREADABLE as error:  # writing would lose all
            message = msg("names_unreadable", reason=reason_of(error), path=str(self._path))
            raise FolderError(message) from error


def _key(name: str) -> str:
    return name.strip().lower().removesuffix(":latest")


def _read(path: Path) -> dict[str, NamedModel]:
    """Return the models in the file; raises one of ``_UNREADABLE``."""
    try:
        content = read_json(path, _MAX_BYTES)
    except FileNotFoundError:
        return {}
    return {name: _named_model(entry) for name, entry in content.items()}


def _named_model(entry: dict[str, Any]) -> NamedModel:
    model = NamedModel(**entry)
    texts, parameters, at = (model.model_id, model.system), model.parameters, model.created_at
    if not all(isinstance(text, str) for text in texts) or not isinstance(parameters, dict) or not 0 <= at < _MAX_TIME:
        raise ValueError("a value has the wrong type")
    return model
