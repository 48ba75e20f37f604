"""Preheat keeps local AI models ready before they are asked for.

    from preheat import Engine          # the engine itself, on asyncio
    from preheat import embed, chat     # one call from a script; uses the running application when there is one

Nothing is imported before it is used: a script that only calls ``embed`` pays for little more than that.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any, Final

from preheat._version import __version__

if TYPE_CHECKING:
    from preheat.core.engine import Engine
    from preheat.core.lease import Lease
    from preheat.errors import EngineError
    from preheat.inference import GenerateRequest, Sampling
    from preheat.settings import Settings, load_settings
    from preheat.shortcuts import chat, complete, embed

_HOMES: Final = {
    "Engine": "preheat.core.engine",
    "Lease": "preheat.core.lease",
    "EngineError": "preheat.errors",
    "GenerateRequest": "preheat.inference",
    "Sampling": "preheat.inference",
    "Settings": "preheat.settings",
    "load_settings": "preheat.settings",
    "chat": "preheat.shortcuts",
    "complete": "preheat.shortcuts",
    "embed": "preheat.shortcuts",
}

__all__ = [
    "Engine",
    "EngineError",
    "GenerateRequest",
    "Lease",
    "Sampling",
    "Settings",
    "__version__",
    "chat",
    "complete",
    "embed",
    "load_settings",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(_HOMES[name]), name)
