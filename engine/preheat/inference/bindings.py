"""llama-cpp-python's low-level bindings without the rest of its package.

Importing ``llama_cpp`` the plain way also imports its high-level classes, numpy, diskcache and a chat front end:
0.1 s and 22 MB more in every worker, measured. Only ``llama_cpp.llama_cpp`` (ctypes alone) is wanted here.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
from typing import Any


def _low_level() -> Any:
    if "llama_cpp" not in sys.modules:
        spec = importlib.util.find_spec("llama_cpp")
        if spec is None:
            raise ModuleNotFoundError("llama_cpp is not installed: run `make run` once", name="llama_cpp")
        # The package's own module object, never executed: its submodules are found through its path.
        sys.modules["llama_cpp"] = importlib.util.module_from_spec(spec)
    return importlib.import_module("llama_cpp.llama_cpp")


llama: Any = _low_level()
"""The module ``llama_cpp.llama_cpp``; untyped, since its ctypes signatures are."""


def json_schema_to_gbnf(schema: str) -> str:
    """Return the GBNF grammar for a JSON schema, given as JSON text.

    Raises:
        ValueError, KeyError, AssertionError, TypeError, AttributeError, RecursionError: The schema cannot be
            expressed; the converter promises no single type.
    """
    # Its pieces import nothing but the standard library, and it fetches no remote schemas unless told to.
    grammar: str = importlib.import_module("llama_cpp.llama_grammar").json_schema_to_gbnf(schema)
    return grammar
