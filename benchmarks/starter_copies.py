"""Several models out of one: copies of the starter model that differ in context length, and so in what they hold."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

_CONTEXT_KEY: Final = b"llama.context_length" + (4).to_bytes(4, "little")  # and its type, a 32-bit number


def write_copies(folder: Path, contexts: Mapping[str, int], starter: Path) -> None:
    """Write a copy for each name, trained for so many tokens as its header says."""
    content = starter.read_bytes()
    at = content.index(_CONTEXT_KEY) + len(_CONTEXT_KEY)
    for name, context in contexts.items():
        (folder / f"{name}.gguf").write_bytes(content[:at] + context.to_bytes(4, "little") + content[at + 4 :])
