"""All error codes, with the sentences that the code gives them."""

from __future__ import annotations

import ast
import importlib
import pkgutil
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Final

import preheat
from preheat.errors import EngineError
from preheat.messages import TABLE

_SOURCES: Final = Path(preheat.__file__).parent
_FIELD: Final = re.compile(r"{(\w+)[^}]*}")


def error_reference() -> str:
    """Return all error codes by HTTP status, in Markdown."""
    by_code: dict[str, list[type[EngineError]]] = {}
    for kind in sorted(_subclasses(EngineError), key=lambda kind: (kind.status, kind.code, len(kind.__mro__))):
        by_code.setdefault(kind.code, []).append(kind)
    return "\n\n".join("\n".join(_lines(*kinds)) for kinds in by_code.values())


def _lines(kind: type[EngineError], *more: type[EngineError]) -> Iterator[str]:
    """Yield what is known about a code: that of the first class, with the sentences of others that inherit it."""
    yield f"### `{kind.code}`\n"
    yield f"Status {kind.status}. {' '.join((kind.__doc__ or '').split()).replace('``', '`')}"
    codes = {code for each in (kind, *more) for code in _message_codes().get(each.__name__, ()) if code in TABLE}
    if codes:
        yield "\n| what it says | what to do |\n| --- | --- |"
        yield from sorted({*map(_sentence, codes)})


def _sentence(code: str) -> str:
    text, hint = (_FIELD.sub(r"*\1*", words).replace("|", "&#124;") for words in TABLE[code])
    return f"| {text} | {hint} |"


def _subclasses(kind: type[EngineError]) -> Iterator[type[EngineError]]:
    for module in pkgutil.walk_packages([str(_SOURCES)], "preheat."):
        if "worker" not in module.name and not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    yield from _below(kind)


def _below(kind: type[EngineError]) -> Iterator[type[EngineError]]:
    for each in kind.__subclasses__():
        if each.__module__.startswith("preheat."):
            yield each
        yield from _below(each)


@cache
def _message_codes() -> dict[str, set[str]]:
    """Return the codes of the messages that each class of errors is made with, by its name."""
    found: dict[str, set[str]] = {}
    for path in _SOURCES.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            for kind, code in _pairs(node):
                found.setdefault(kind, set()).update(_texts(code))
    return found


def _pairs(node: ast.AST) -> Iterator[tuple[str, ast.expr]]:
    """Yield class and code of ``SomeError(msg("code"))``, ``file_error("code")`` and ``(SomeError, "code")``."""
    match node:
        case ast.Call(func=ast.Name(id="file_error"), args=[code, *_]):
            yield "FolderError", code
        case ast.Call(func=ast.Name(id=kind), args=[ast.Call(args=[code, *_]), *_]) if kind.endswith("Error"):
            yield kind, code
        case ast.Tuple(elts=[ast.Name(id=kind), code]) if kind.endswith("Error"):
            yield kind, code


def _texts(code: ast.expr) -> Iterator[str]:
    """Yield the texts of an expression: a constant, or a choice of two."""
    if isinstance(code, ast.Constant) and isinstance(code.value, str):
        yield code.value
    elif isinstance(code, ast.IfExp):
        yield from _texts(code.body)
        yield from _texts(code.orelse)
