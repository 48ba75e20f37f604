"""The port: OpenAI's API, the control API and metrics over HTTP, on the engine's loop."""

from __future__ import annotations

from typing import TYPE_CHECKING

from preheat._lazy import lazy_exports
from preheat.server.serve import serve

if TYPE_CHECKING:
    from preheat.server.listening import OLLAMA_PORT, Listener, listen, listeners
    from preheat.server.port import Port
    from preheat.server.runtime_file import runtime_folder_problem
    from preheat.server.standalone import run
else:
    __getattr__ = lazy_exports(
        __name__,
        {
            "preheat.server.listening": "OLLAMA_PORT Listener listen listeners",
            "preheat.server.port": "Port",
            "preheat.server.runtime_file": "runtime_folder_problem",
            "preheat.server.standalone": "run",
        },
    )
