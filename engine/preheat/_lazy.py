"""Packages that import their public names on first use, since readers of a few values need no engine."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Mapping
from typing import Any


def lazy_exports(package: str, names: Mapping[str, str]) -> Callable[[str], Any]:
    """Return the ``__getattr__`` of a package (PEP 562).

    Args:
        names: By full module name, the names that it defines, separated by spaces. They stand a second time in the
            package's ``if TYPE_CHECKING:`` block, for type checkers; a test compares the two.
    """
    home_of = {name: home for home, several in names.items() for name in several.split()}

    def get(name: str) -> Any:
        if name not in home_of:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        value = getattr(importlib.import_module(home_of[name]), name)
        setattr(sys.modules[package], name, value)
        return value

    return get
