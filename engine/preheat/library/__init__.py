"""Which models are on disk? Reading GGUF headers, finding files, naming models.

Everything here blocks on the disk and is called in a thread, but for ``Shelf``, which sees to that.
"""

from __future__ import annotations

from preheat.library.classify import Kind
from preheat.library.details import Ability, ModelDetails
from preheat.library.discovery import Scanner, find_models
from preheat.library.gguf import read_header
from preheat.library.gguf_header import GgufHeader
from preheat.library.model_file import ModelFile, Source
from preheat.library.model_shape import ModelShape
from preheat.library.names import resolve

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
