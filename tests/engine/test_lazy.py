"""Packages that import their names on first use."""

from __future__ import annotations

import ast
import importlib
from pathlib import Path
from types import ModuleType

import pytest

import preheat

ENGINE = Path(preheat.__file__).parent
PACKAGES = sorted(
    ".".join(path.parent.relative_to(ENGINE.parent).parts)
    for path in ENGINE.rglob("__init__.py")
    if "lazy_exports(" in path.read_text(encoding="utf-8")
)


def declared(package: str) -> dict[str, str]:
    """Return what the package imports for type checkers: module by name."""
    module = importlib.import_module(package)
    tree = ast.parse(Path(module.__file__ or "").read_text(encoding="utf-8"))
    blocks = [node for node in tree.body if isinstance(node, ast.If)]
    imports = [node for block in blocks for node in block.body if isinstance(node, ast.ImportFrom)]
    return {alias.name: node.module or "" for node in imports for alias in node.names}


def listed(package: str) -> dict[str, str]:
    """Return the table that the package imports from: module by name."""
    tree = ast.parse(Path(importlib.import_module(package).__file__ or "").read_text(encoding="utf-8"))
    call = next(
        node for node in ast.walk(tree) if isinstance(node, ast.Call) and ast.unparse(node.func) == "lazy_exports"
    )
    table: dict[str, str] = ast.literal_eval(call.args[1])
    return {name: home for home, names in table.items() for name in names.split()}


@pytest.mark.parametrize("package", PACKAGES)
def test_a_package_exports_what_it_declares(package: str) -> None:
    module = importlib.import_module(package)
    assert declared(package) == listed(package)
    for name, home in declared(package).items():
        value = getattr(module, name)
        assert value is getattr(importlib.import_module(home), name)
        assert not isinstance(value, ModuleType), f"{package}.{name} is hidden by a module of this name"


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="nonsense"):
        importlib.import_module("preheat.core").nonsense  # noqa: B018
