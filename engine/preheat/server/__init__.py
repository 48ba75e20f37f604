"""The HTTP port: an adapter over ``Engine``.

Importing this package is cheap; FastAPI and uvicorn are imported by ``serve`` when it runs.
"""

from __future__ import annotations

from preheat.server.serve import serve

__all__ = ["serve"]
