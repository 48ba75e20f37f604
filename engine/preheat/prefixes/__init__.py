"""Prompts kept outside the models: their folders, limits, and moves from memory to disk."""

from __future__ import annotations

from typing import TYPE_CHECKING

from preheat._lazy import lazy_exports

if TYPE_CHECKING:
    from preheat.prefixes.figures import PrefixFigures
    from preheat.prefixes.folders import disk_folder, folder_name, memory_file_system
    from preheat.prefixes.keeper import PrefixKeeper
    from preheat.prefixes.store import PrefixStore, StoredModel
else:
    __getattr__ = lazy_exports(
        __name__,
        {
            "preheat.prefixes.figures": "PrefixFigures",
            "preheat.prefixes.folders": "disk_folder folder_name memory_file_system",
            "preheat.prefixes.keeper": "PrefixKeeper",
            "preheat.prefixes.store": "PrefixStore StoredModel",
        },
    )
