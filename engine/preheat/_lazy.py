"""Packages that import their public names on first use, since readers of a few values need no engine."""

from __future__ import annotations

import importlib
import re
import sys
from collections.abc import Callable
from typing import Any, Final

_IMPORT: Final = re.compile(r"^    from (\S+) import (?:\(([^)]*)\)|(.+))$", re.MULTILINE)


def lazy_exports(package: str) -> Callable[[str], Any]:
    """Return the ``__getattr__`` of a package: it imports the names that the source has under ``TYPE_CHECKING``.

    A name that is also a module of the package must be imported at once: the module would hide it.
    """
    module = sys.modules[package]
    source = module.__loader__.get_source(package)  # type: ignore[union-attr]  # every loader of a source file has it
    home_of = {
        name.strip(): home
        for home, several, few in _IMPORT.findall(source.partition("\nif TYPE_CHECKING:\n")[2])
        for name in (several or few).split(",")
    }

    def get(name: str) -> Any:
        if name not in home_of:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        value = getattr(importlib.import_module(home_of[name]), name)
        setattr(module, name, value)
        return value

    return get
