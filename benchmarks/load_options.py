"""The options of workers that measures load themselves, without an engine."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from preheat.inference import LoadOptions

CONTEXT_LENGTH: Final = 8192
"""Context of all servers and workers that are compared, in tokens."""


def load_options(path: Path | str, *, threads: int, **changes: Any) -> LoadOptions:
    """Return the options to load a text model on the processor: mapped weights, four requests, no warm-up.

    Args:
        path: The model's file.
        threads: Number of compute threads.
        changes: Fields of ``LoadOptions`` with other values.
    """
    options = LoadOptions(
        path=str(path),
        files=(str(path),),
        embeddings=False,
        context_length=CONTEXT_LENGTH,
        parallel=4,
        kv_cache_type="f16",
        flash_attention="auto",
        repack=False,
        threads=threads,
        gpu_layers=0,
        embedding_cache=0,
        probe=False,
        warm_prefix=False,
    )
    return replace(options, **changes)
