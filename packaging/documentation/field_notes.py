"""What the fields of a dataclass mean: the comments next to or above them, and the docstring's ``Attributes``."""

from __future__ import annotations

import ast
import dataclasses
import inspect
import io
import re
import sys
import textwrap
import tokenize
from collections.abc import Collection, Mapping
from functools import cache
from typing import Any, Final

_ATTRIBUTE: Final = re.compile(r"^ {4}(\w+): (.+(?:\n {8,}.+)*)", re.MULTILINE)


def notes_of(name: str, keys: Collection[str]) -> Mapping[str, str]:
    """Return the meaning of the fields of the engine's dataclass with this name, by their JSON names."""
    kinds = _dataclasses().get(name, ())
    # There may be others of this name, which the API does not use.
    kind = max(kinds, key=lambda kind: len(_fields(kind).keys() & {*keys}), default=None)
    if kind is None or not _fields(kind).keys() & {*keys}:
        return {}
    notes: dict[str, str] = {}
    for each in reversed(kind.__mro__):
        notes |= _notes(each) if dataclasses.is_dataclass(each) else {}
    return {key: notes.get(_fields(kind).get(key, key), "") for key in keys}


def _fields(kind: Any) -> dict[str, str]:
    """Return the names of a dataclass's fields by their JSON names."""
    return {_key(each): each.name for each in dataclasses.fields(kind)}


def _key(field: dataclasses.Field[Any]) -> str:
    return str(field.metadata.get("json", field.name))


@cache
def _dataclasses() -> Mapping[str, list[type]]:
    found: dict[str, list[type]] = {}
    for module in [module for name, module in sys.modules.items() if name.startswith("preheat.")]:
        for kind in vars(module).values():
            if isinstance(kind, type) and dataclasses.is_dataclass(kind) and kind.__module__ == module.__name__:
                found.setdefault(kind.__name__, []).append(kind)
    return found


@cache
def _notes(kind: type) -> Mapping[str, str]:
    source = textwrap.dedent(inspect.getsource(kind))
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    comments = {token.start[0]: token.string for token in tokens if token.type == tokenize.COMMENT}
    alone = {line for line in comments if source.splitlines()[line - 1].lstrip().startswith("#")}
    doc = inspect.getdoc(kind) or ""
    found = dict(_ATTRIBUTE.findall(doc.partition("Attributes:\n")[2]))
    (body,) = ast.parse(source).body
    assert isinstance(body, ast.ClassDef)
    for field in body.body:
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name):
            first = field.lineno
            while first - 1 in alone:
                first -= 1
            last = field.end_lineno or field.lineno
            words = [comments[line].lstrip("# ") for line in range(first, last + 1) if line in comments]
            if words:
                found[field.target.id] = " ".join(words)
        elif isinstance(field, ast.FunctionDef) and any(
            ast.unparse(each) == "property" for each in field.decorator_list
        ):
            found[field.name] = (ast.get_docstring(field) or "").partition("\n")[0]
    return {name: _sentence(text) for name, text in found.items()}


def _sentence(text: str) -> str:
    text = " ".join(text.split()).removesuffix(".")
    return text[:1].upper() + text[1:]
