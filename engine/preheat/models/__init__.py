"""Which models are on disk? Reading GGUF headers, finding files, naming models.

Everything here blocks on the disk and is called in a thread, but for ``ModelIndex``, which sees to that.
"""

from __future__ import annotations

from preheat.models.classify import Kind
from preheat.models.details import Ability, ModelDetails
from preheat.models.discovery import Scanner, find_models
from preheat.models.gguf.header import GgufHeader
from preheat.models.gguf.reader import read_header
from preheat.models.gguf.shape import ModelShape
from preheat.models.model_file import ModelFile, Source
from preheat.models.names import resolve

__all__ = [
    "Ability",
    "GgufHeader",
    "Kind",
    "ModelDetails",
    "ModelFile",
    "ModelShape",
    "Scanner",
    "Source",
    "find_models",
    "read_header",
    "resolve",
]
