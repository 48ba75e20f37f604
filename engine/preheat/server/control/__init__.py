"""The control API over HTTP: a route for each command, and the stream of the status."""

from __future__ import annotations

from preheat.server.control.routes import PREFIX as PREFIX
from preheat.server.control.routes import ControlRoutes as ControlRoutes
from preheat.server.control.routes import ResultCache as ResultCache
from preheat.server.control.status_events import StatusEvents as StatusEvents
