"""Copies of the starter model with different context lengths, and so different sizes in memory."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

_CONTEXT_KEY: Final = b"llama.context_length" + (4).to_bytes(4, "little")  # with its type, a 32-bit integer


def write_copies(folder: Path, contexts: Mapping[str, int], starter: Path) -> None:
    """Write a copy for each name, with this trained context length in its header."""
    content = starter.read_bytes()
    at = content.index(_CONTEXT_KEY) + len(_CONTEXT_KEY)
    for name, context in contexts.items():
        (folder / f"{name}.gguf").write_bytes(content[:at] + context.to_bytes(4, "little") + content[at + 4 :])
