"""llama-cpp-python's low-level bindings without the rest of its package.

Importing ``llama_cpp`` also imports its high-level classes, numpy, diskcache and a chat front end: 0.1 s and 22 MB more
per worker. Only ``llama_cpp.llama_cpp`` (plain ctypes) is needed.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
from typing import Any


def _import_alone(name: str) -> Any:
    """Return a submodule of ``llama_cpp`` without executing the package itself.

    During the import, an empty module object stands for the package. It is removed afterwards, so that a later
    ``import llama_cpp`` gets the real one.
    """
    if "llama_cpp" in sys.modules:
        return importlib.import_module(name)
    spec = importlib.util.find_spec("llama_cpp")
    if spec is None:
        raise ModuleNotFoundError("llama_cpp is not installed: run `make run` once", name="llama_cpp")
    sys.modules["llama_cpp"] = importlib.util.module_from_spec(spec)
    try:
        return importlib.import_module(name)
    finally:
        del sys.modules["llama_cpp"]


def load_multimodal() -> Any:
    """Return the module ``llama_cpp.mtmd_cpp``. It takes 30 ms, so only models with an image encoder load it."""
    return _import_alone("llama_cpp.mtmd_cpp")


llama: Any = _import_alone("llama_cpp.llama_cpp")
"""The module ``llama_cpp.llama_cpp``; its ctypes signatures have no types."""
