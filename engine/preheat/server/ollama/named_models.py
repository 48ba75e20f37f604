"""Models that clients made with copy and create: other names of a model, with a system prompt and options."""

from __future__ import annotations

import json
import logging
import re
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final

from preheat.errors import InvalidRequestError
from preheat.files import write_atomic
from preheat.messages import msg

logger = logging.getLogger(__name__)

MOST_MODELS: Final = 1000
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/-]{0,199}", re.ASCII)


@dataclass(frozen=True, slots=True)
class NamedModel:
    """A name for a model."""

    model_id: str  # of the model behind it
    system: str = ""  # system prompt, unless a request has its own
    parameters: Mapping[str, Any] = field(default_factory=dict)  # options, where a request has none
    created_at: float = 0.0  # Unix time


class NamedModels:
    """All of them, in a file. Engine's loop only, except ``save``, which blocks on the disk."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._models: dict[str, NamedModel] | None = None

    @property
    def models(self) -> dict[str, NamedModel]:
        """The models by name. The file is read at the first use."""
        if self._models is None:
            self._models = _read(self._path)
        return self._models

    def find(self, name: str) -> NamedModel | None:
        """Return the model with this name, in any case, with or without ``:latest``."""
        return self.models.get(_key(name))

    def add(self, name: str, model: NamedModel) -> None:
        """Add a model, or replace it; raises InvalidRequestError for an unusable name."""
        if not _NAME.fullmatch(name) or len(self.models) >= MOST_MODELS:
            raise InvalidRequestError(msg("model_name_unusable", name=name[:200]), param="model")
        self.models[_key(name)] = model

    def remove(self, name: str) -> bool:
        """Remove a model; return whether there was one."""
        return self.models.pop(_key(name), None) is not None

    def save(self) -> None:
        """Write the file; raises OSError."""
        content = {name: asdict(model) for name, model in self.models.items()}
        self._path.parent.mkdir(parents=True, exist_ok=True)
        write_atomic(self._path, json.dumps(content, indent=1))


def _key(name: str) -> str:
    return name.strip().lower().removesuffix(":latest")


def _read(path: Path) -> dict[str, NamedModel]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        return {name: NamedModel(**{"created_at": time.time(), **entry}) for name, entry in content.items()}
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, TypeError, AttributeError) as error:
        logger.warning("%s cannot be read: %s", path, error)
        return {}
