"""llama-cpp-python's low-level bindings without the rest of its package.

Importing ``llama_cpp`` also imports its high-level classes, numpy, diskcache and a chat front end: 0.1 s and 22 MB more
per worker. Only ``llama_cpp.llama_cpp`` (plain ctypes) is needed.
"""

from __future__ import annotations

import importlib
import importlib.util
import json
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


llama: Any = _import_alone("llama_cpp.llama_cpp")
"""The module ``llama_cpp.llama_cpp``; its ctypes signatures have no types."""


def json_schema_to_gbnf(schema: str) -> str:
    """Return the GBNF grammar for a JSON schema, given as JSON text. Raises various errors for unusable schemas."""
    # Imports only the standard library, and fetches no remote schemas by default.
    converter = _import_alone("llama_cpp.llama_grammar")
    # The original writes out each repetition: {"maxLength": 50000} overflows the stack of llama.cpp's parser.
    converter._build_repetition = _repetition
    # The original passes JSON's escapes through to GBNF, where they mean something else: "😀" and "a\\b" change.
    converter.SchemaConverter._format_literal = lambda _self, text: _literal(text)
    grammar: str = converter.json_schema_to_gbnf(schema)
    return grammar


def _literal(json_text: str) -> str:
    """Return GBNF for exactly this JSON text, with as few escapes as possible."""
    plain = json.dumps(json.loads(json_text), ensure_ascii=False)
    escaped = plain.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _repetition(
    item: str, least: int, most: int | None, separator_rule: str | None = None, item_rule_is_literal: bool = False
) -> str:
    """Return GBNF for ``least`` to ``most`` items as ``{least,most}``, like llama.cpp's own converter."""
    if most == 0:
        return ""
    if most is not None and most < least:
        raise ValueError(f"at least {least} and at most {most}")  # llama.cpp would count to 2**64
    if separator_rule:
        rest = _repetition(f"({separator_rule} {item})", max(least - 1, 0), None if most is None else most - 1)
        return f"{item} {rest}" if least else f"({item} {rest})?"
    short = {(0, 1): "?", (1, None): "+", (0, None): "*"}.get((least, most))
    return item + (short or f"{{{least},{'' if most is None else most}}}")
