"""Packages whose public names are imported on first use, because readers of a few values need no engine."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Mapping
from typing import Any


def lazy_exports(package: str, homes: Mapping[str, str]) -> Callable[[str], Any]:
    """Return the ``__getattr__`` of a package.

    Type checkers need the same imports under ``TYPE_CHECKING``, and ``implicit_reexport`` in pyproject.toml.

    A name that is also a module of the package must be imported at once: the module would hide it.

    Args:
        homes: By module, the names it defines, separated by spaces.
    """
    home_of = {name: module for module, names in homes.items() for name in names.split()}

    def get(name: str) -> Any:
        if name not in home_of:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        value = getattr(importlib.import_module(home_of[name]), name)
        setattr(sys.modules[package], name, value)
        return value

    return get
