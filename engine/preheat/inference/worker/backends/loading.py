"""Loads llama.cpp's backends into this process.

Builds without loadable backends have them linked in; then nothing is loaded.
"""

from __future__ import annotations

import ctypes
import logging
import sys
from functools import cache
from pathlib import Path
from typing import Any, Final

from preheat.inference.processor import choose
from preheat.inference.worker.bindings import llama

logger = logging.getLogger(__name__)

_CPU: Final = 0  # enum ggml_backend_dev_type


def load_processor_backend() -> None:
    """Load the library for this processor, unless one is loaded or linked in.

    Raises:
        ModelLoadError: None is whole and runs here.
        InsufficientMemoryError: There is no memory to try them.
    """
    refused: dict[str, str] = {}
    while not processor_device():
        choice = choose(refused)
        try:
            ctypes.CDLL(str(choice.path))
        except OSError as error:
            refused[choice.variant] = str(error)
            continue
        if load_backend(choice.path):
            logger.info("llama.cpp's library for this processor: %s", choice.variant)
        else:
            refused[choice.variant] = ""


def load_backend(path: Path) -> bool:
    """Load a backend's library; return whether it runs here."""
    load = ggml_function("ggml_backend_load", ctypes.c_void_p, ctypes.c_char_p)
    # On Windows the C++ library takes a narrow string for one in the system's code page.
    encoded = str(path).encode("mbcs" if sys.platform == "win32" else sys.getfilesystemencoding(), "surrogateescape")
    return bool(load(encoded))


def processor_device() -> int | None:
    """Return the handle of the processor's device; None if no library has it."""
    find = ggml_function("ggml_backend_dev_by_type", ctypes.c_void_p, ctypes.c_int)
    device: int | None = find(_CPU)
    return device


def ggml_function(name: str, result: Any, *arguments: Any) -> Any:
    """Return a function of the ggml that libllama uses.

    ``llama_cpp._ggml`` may have loaded a second copy of it, with a registry of its own.
    """
    for library in _ggml_libraries():
        if hasattr(library, name):
            function = library[name]  # not shared with other users of the library
            function.restype, function.argtypes = result, arguments
            return function
    raise AttributeError(f"llama.cpp has no function {name}")


@cache
def _ggml_libraries() -> tuple[Any, ...]:
    """Libllama's handle also gives the functions of the libraries that it uses, except on Windows."""
    if sys.platform != "win32":
        return (llama._lib,)
    folder = Path(llama._lib._name).parent
    return tuple(ctypes.CDLL(str(folder / f"{name}.dll")) for name in ("ggml", "ggml-base"))
