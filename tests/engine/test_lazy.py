"""Packages that import their names on first use."""

from __future__ import annotations

import ast
import importlib
from pathlib import Path
from types import ModuleType

import pytest

PACKAGES = ["", ".control", ".core", ".models", ".models.downloads", ".residency", ".usage"]


def declared(package: str) -> dict[str, str]:
    """Return what the package imports for type checkers: module by name."""
    module = importlib.import_module(package)
    tree = ast.parse(Path(module.__file__ or "").read_text(encoding="utf-8"))
    blocks = [node for node in tree.body if isinstance(node, ast.If)]
    imports = [node for block in blocks for node in block.body if isinstance(node, ast.ImportFrom)]
    return {alias.name: node.module or "" for node in imports for alias in node.names}


@pytest.mark.parametrize("package", [f"preheat{name}" for name in PACKAGES])
def test_a_package_exports_what_it_declares(package: str) -> None:
    module = importlib.import_module(package)
    for name, home in declared(package).items():
        value = getattr(module, name)
        assert value is getattr(importlib.import_module(home), name)
        assert not isinstance(value, ModuleType), f"{package}.{name} is hidden by a module of this name"


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="nonsense"):
        importlib.import_module("preheat.core").nonsense  # noqa: B018
