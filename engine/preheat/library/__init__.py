"""Which models are on disk? Reading GGUF headers, finding files, naming models.

Everything here blocks on the disk and is called in a thread, but for ``Shelf``, which sees to that.
"""

from __future__ import annotations

from preheat.library.discovery import Scanner, find_models
from preheat.library.gguf import read_header
from preheat.library.gguf_header import GgufHeader
from preheat.library.model_file import ModelFile
from preheat.library.model_shape import ModelShape
from preheat.library.names import resolve
from preheat.library.shelf import Shelf

__all__ = ["GgufHeader", "ModelFile", "ModelShape", "Scanner", "Shelf", "find_models", "read_header", "resolve"]
