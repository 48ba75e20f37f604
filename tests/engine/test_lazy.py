"""Names that packages import on first use."""

from __future__ import annotations

import ast
import importlib
from pathlib import Path

import pytest

import preheat

FRONTS = [path for path in Path(preheat.__file__).parent.rglob("__init__.py") if "lazy_exports(" in path.read_text()]


@pytest.mark.parametrize("front", FRONTS, ids=lambda front: front.parent.name)
def test_every_name_is_there(front: Path) -> None:
    package = ".".join(("preheat", *front.parent.relative_to(Path(preheat.__file__).parent).parts))
    module = importlib.import_module(package)
    blocks = [node for node in ast.parse(front.read_text()).body if isinstance(node, ast.If)]
    names = [alias.name for block in blocks for node in block.body for alias in getattr(node, "names", ())]
    assert names
    assert all(getattr(module, name) is not None for name in names)


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="nothing"):
        _ = importlib.import_module("preheat.core").nothing
