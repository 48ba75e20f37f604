"""Preheat keeps local AI models ready before they are requested.

    from preheat import Engine          # the engine itself, on asyncio
    from preheat import embed, chat     # one call from a script; uses the running application when there is one

Nothing is imported before it is used: a script that only calls ``embed`` pays for little more than that.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from preheat._lazy import lazy_exports
from preheat._version import __version__

if TYPE_CHECKING:
    from preheat.core import Engine, Lease
    from preheat.errors import EngineError
    from preheat.inference import GenerateRequest, Sampling
    from preheat.settings import Settings, load_settings
    from preheat.shortcuts import chat, complete, embed
else:
    __getattr__ = lazy_exports(
        __name__,
        {
            "preheat.core": "Engine Lease",
            "preheat.errors": "EngineError",
            "preheat.inference": "GenerateRequest Sampling",
            "preheat.settings": "Settings load_settings",
            "preheat.shortcuts": "chat complete embed",
        },
    )
