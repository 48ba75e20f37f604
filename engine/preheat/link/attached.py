"""A link to the engine of a Preheat that runs already, over its port."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Generator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from preheat.control.client import RunningPreheat, find_running, quoted
from preheat.control.snapshot_json import snapshot_from_json
from preheat.core.snapshot import EngineSnapshot
from preheat.errors import EngineError, NotRunningError
from preheat.link.empty import empty_snapshot
from preheat.link.latest import Latest
from preheat.link.library_attached import AttachedLibrary
from preheat.link.link import PortStatus, SettingsChange
from preheat.link.settings_json import change_from_json, settings_from_json
from preheat.settings import Settings

if TYPE_CHECKING:
    from preheat.inference import GenerateRequest, GenerationChunk, JsonObject
    from preheat.residency.decisions import DecisionRecord
    from preheat.usage import UsageHistory

logger = logging.getLogger(__name__)

_FIRST_PAUSE_S: Final = 0.5
_LONGEST_PAUSE_S: Final = 5.0
_RESTART_S: Final = 5.0
_END_S: Final = 2.0
_MAX_DECISIONS: Final = 10_000  # as the port has it


class AttachedLink:
    """An ``EngineLink`` to another process's engine.

    A thread follows its events. When it goes, ``port`` says so, and it is looked for until it is back.

    Args:
        running: As ``find_running`` found it; from now on it is the link's.
    """

    attached = True

    def __init__(self, running: RunningPreheat) -> None:
        self._running: RunningPreheat | None = running
        self._library = AttachedLibrary(self._engine)
        self._snapshot = Latest(empty_snapshot(Settings()))
        self._port_status = Latest(PortStatus(running.url))
        self._settings = Settings()
        self._closed = False
        self._wake = threading.Event()
        self._looked = threading.Condition()
        self._looks = 0
        self._thread = threading.Thread(target=self._follow, name="events", daemon=True)
        self._thread.start()

    @property
    def library(self) -> AttachedLibrary:
        """See ``EngineLink``."""
        return self._library

    @property
    def snapshot(self) -> EngineSnapshot:
        """The latest snapshot; one without models before the first."""
        return self._snapshot.value

    @property
    def port(self) -> PortStatus:
        """The latest status of port and engine."""
        return self._port_status.value

    def subscribe(self, callback: Callable[[EngineSnapshot], None]) -> Callable[[], None]:
        """See ``EngineLink``."""
        return self._snapshot.subscribe(callback)

    def on_port(self, callback: Callable[[PortStatus], None]) -> Callable[[], None]:
        """See ``EngineLink``."""
        return self._port_status.subscribe(callback)

    def load(self, model_id: str) -> None:
        """See ``EngineLink``."""
        self._engine().load(model_id)

    def unload(self, model_id: str) -> None:
        """See ``EngineLink``."""
        self._engine().unload(model_id)

    def set_favourites(self, model_ids: Sequence[str]) -> None:
        """See ``EngineLink``."""
        self._engine().control("PUT", "favourites", {"favourites": list(model_ids)})

    def set_favourite(self, model_id: str, on: bool) -> None:
        """See ``EngineLink``."""
        self._engine().control("POST", f"models/{quoted(model_id)}/{'' if on else 'un'}favourite")

    def pause(self, seconds: float | None) -> None:
        """See ``EngineLink``."""
        # In full: the port reads no exponents.
        self._engine().control("POST", "pause", seconds=None if seconds is None else f"{seconds:.3f}")

    def resume(self) -> None:
        """See ``EngineLink``."""
        self._engine().control("POST", "resume")

    def settings(self) -> Settings:
        """See ``EngineLink``; the last known ones where it has gone."""
        try:
            self._settings = settings_from_json(self._engine().control("GET", "settings"))
        except EngineError as error:
            logger.info("the running Preheat's settings cannot be read: %s", error)
        return self._settings

    def change_settings(self, texts: Mapping[str, str]) -> SettingsChange:
        """See ``EngineLink``."""
        return change_from_json(self._engine().control("PATCH", "settings", dict(texts)))

    def change_model_settings(self, model_id: str, values: Mapping[str, str | None]) -> SettingsChange:
        """See ``EngineLink``."""
        path = f"models/{quoted(model_id)}/settings"
        return change_from_json(self._engine().control("PATCH", path, dict(values)))

    def reload_settings(self) -> SettingsChange:
        """See ``EngineLink``."""
        return change_from_json(self._engine().control("POST", "settings/reload"))

    def why(self, model_id: str) -> str:
        """See ``EngineLink``."""
        return str(self._engine().control("GET", f"models/{quoted(model_id)}/why")["why"])

    def stats(self, since: str | None = None) -> JsonObject:
        """See ``EngineLink``."""
        return self._engine().control("GET", "stats", since=since)

    def history(self) -> UsageHistory:
        """See ``EngineLink``."""
        from preheat.link.history_json import history_from_json

        return history_from_json(self._engine().control("GET", "history"))

    def decisions(self, limit: int = 200) -> list[DecisionRecord]:
        """See ``EngineLink``."""
        from preheat.usage.as_json import decision_from_json

        answer = self._engine().control("GET", "log", limit=min(limit, _MAX_DECISIONS))
        return [decision_from_json(decision) for decision in answer["decisions"]]

    def generate(
        self, model_id: str, request: GenerateRequest, on_wait: Callable[[str], None] | None = None
    ) -> Generator[GenerationChunk, None, None]:
        """See ``EngineLink``; ``on_wait`` is called here."""
        return self._engine().generate(model_id, request, on_wait)

    def embed(self, model_id: str, inputs: Sequence[str]) -> list[list[float]]:
        """See ``EngineLink``."""
        return self._engine().embed(model_id, inputs)

    def restart(self) -> None:
        """Look for the application again, now."""
        with self._looked:
            looks = self._looks
            self._wake.set()
            self._looked.wait_for(lambda: self._running is not None or self._looks > looks, _RESTART_S)
        self._engine()

    def close(self) -> None:
        """Hang up; the other process's engine goes on."""
        self._closed = True
        self._wake.set()
        running = self._running
        if running is not None:
            running.interrupt()
        self._thread.join(_END_S)

    def _engine(self) -> RunningPreheat:
        running = self._running
        if running is None:
            raise NotRunningError("The Preheat that was shown has ended", hint="Start it again: preheat serve")
        return running

    def _follow(self) -> None:
        """Follow the application, and find it again whenever it goes. The link's thread."""
        pause_s = _FIRST_PAUSE_S
        while not self._closed:
            try:
                with self._found() as running:
                    for status in running.events():
                        pause_s = _FIRST_PAUSE_S
                        self._take(running, status)
            except EngineError as error:
                self._lose(error)
            if not self._closed:
                self._wake.wait(pause_s)
                self._wake.clear()
            pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)

    def _found(self) -> RunningPreheat:
        """Return the running application: at first the one that was given.

        Raises:
            NotRunningError: None runs.
        """
        return self._running or find_running()

    def _take(self, running: RunningPreheat, status: dict[str, Any]) -> None:
        snapshot = snapshot_from_json(status)
        if self._running is not running or self.port.engine_error is not None:
            logger.info("attached to the Preheat on port %d", running.port)
            with self._looked:
                self._running = running
                self._looked.notify_all()
            self._port_status.set(PortStatus(running.url))
        self._snapshot.set(snapshot)
        if self._closed:
            running.interrupt()

    def _lose(self, error: EngineError) -> None:
        with self._looked:
            was_there, self._running = self._running is not None, None
            self._looks += 1
            self._looked.notify_all()
        if self._closed:
            return
        if was_there:
            logger.info("the Preheat that was shown has gone: %s", error)
        self._port_status.set(PortStatus(engine_error=_sentence(error)))


def _sentence(error: EngineError) -> str:
    if isinstance(error, NotRunningError) or error.code == "engine_stopped":
        return "The Preheat that was shown has ended; it is shown again as soon as it runs."
    return f"{error.title}. {error.hint}".rstrip(". ") + "."
