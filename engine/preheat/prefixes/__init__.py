"""Prompts kept outside the models: their folders, limits, and moves from memory to disk."""

from __future__ import annotations

from preheat.prefixes.folders import disk_folder, folder_name, memory_file_system
from preheat.prefixes.keeper import PrefixKeeper
from preheat.prefixes.store import PrefixFigures, PrefixStore, StoredModel
