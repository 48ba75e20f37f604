"""A link to an engine of this process, in a thread of its own, with its port."""

from __future__ import annotations

import logging
import socket
import sys
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Generator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, Final, TypeVar

from preheat.control.client import USER_AGENT
from preheat.control.engine_thread import EngineThread, LoopFactory
from preheat.core.live_settings import PORT_SETTINGS
from preheat.core.snapshot import EngineSnapshot
from preheat.errors import EngineError, EngineStoppedError
from preheat.link.empty import empty_snapshot
from preheat.link.latest import Latest
from preheat.link.library_own import OwnLibrary
from preheat.link.link import PortStatus, SettingsChange
from preheat.link.port import Port
from preheat.settings import Settings, load_settings

if TYPE_CHECKING:
    from preheat.core.engine import Engine
    from preheat.core.live_settings import LiveSettings
    from preheat.inference import GenerateRequest, GenerationChunk, JsonObject
    from preheat.residency.decisions import DecisionRecord
    from preheat.usage import UsageHistory
    from preheat.usage.log import UsageLog

T = TypeVar("T")

logger = logging.getLogger(__name__)

_WRITTEN_WITHIN_S: Final = 0.5
"""A full disk may keep the log from being written at all."""

_SWITCH_S: Final = 0.001
"""How long a busy thread keeps the interpreter from the one that draws. With Python's 5 ms a timer was late by 31 to
149 ms (p99 of four starts) while the port's modules were imported on 2 busy cores, with this by 14 to 68 ms."""

_EXIT_S: Final = 10.0
"""Beyond ``shutdown_grace``: workers are asked to end, then made to."""


class OwnEngineLink:
    """An ``EngineLink`` to an engine that this starts; it returns before the engine has.

    It never raises for what is wrong at the start, such as settings that cannot be read: ``port`` says so, and
    ``restart`` tries again.

    Args:
        reload: Reads the settings, once for each start and whenever they may have changed. Any thread.
        settings: Those of the first start, where somebody has read them already.
        sock: A listening socket for them, where somebody has opened one already.
        at_login: The login has started Preheat: see ``Engine.start``.
    """

    attached = False

    def __init__(
        self,
        reload: Callable[[], Settings] = load_settings,
        *,
        settings: Settings | None = None,
        sock: socket.socket | None = None,
        at_login: bool = False,
    ) -> None:
        self._reload = reload
        self._library = OwnLibrary(self._call)
        self._at_login = at_login
        self._settings = Settings()
        self._snapshot = Latest(empty_snapshot(self._settings))
        self._port_status = Latest(PortStatus())
        self._port: Port | None = None
        self._starting = threading.Lock()
        self._thread: EngineThread | None = None
        sys.setswitchinterval(min(sys.getswitchinterval(), _SWITCH_S))
        try:
            self._start(settings, sock)
        except EngineError as error:
            self._port_status.set(PortStatus(engine_error=_sentence(error)))

    @property
    def library(self) -> OwnLibrary:
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
        self._call(lambda engine: engine.load(model_id))

    def unload(self, model_id: str) -> None:
        """See ``EngineLink``."""
        self._call(lambda engine: engine.unload(model_id))

    def set_favourites(self, model_ids: Sequence[str]) -> None:
        """See ``EngineLink``."""
        self._change(lambda live: live.set_favourites(model_ids))

    def set_favourite(self, model_id: str, on: bool) -> None:
        """See ``EngineLink``."""
        self._change(lambda live: live.set_favourite(model_id, on))

    def pause(self, seconds: float | None) -> None:
        """See ``EngineLink``."""
        self._call(lambda engine: _now(lambda: engine.pause(seconds)))

    def resume(self) -> None:
        """See ``EngineLink``."""
        self._call(lambda engine: _now(engine.resume))

    def settings(self) -> Settings:
        """See ``EngineLink``; those of the last start where there is no engine."""
        thread = self._thread
        if thread is None or not thread.alive:
            return self._settings
        return thread.engine().settings

    def change_settings(self, texts: Mapping[str, str]) -> SettingsChange:
        """See ``EngineLink``."""
        change = self._change(lambda live: live.change(texts))
        asked = not set(texts).isdisjoint(PORT_SETTINGS)
        if asked and set(change.changed).isdisjoint(PORT_SETTINGS) and self.port.url is None:
            self.restart()  # nothing is new, but what had the port may have gone
        return change

    def change_model_settings(self, model_id: str, values: Mapping[str, str | None]) -> SettingsChange:
        """See ``EngineLink``."""
        return self._change(lambda live: live.change_model(model_id, values))

    def reload_settings(self) -> SettingsChange:
        """See ``EngineLink``."""
        return self._change(lambda live: live.reload_file())

    def why(self, model_id: str) -> str:
        """See ``EngineLink``."""

        async def why(engine: Engine) -> str:
            return str(engine.why((await engine.find(model_id)).model_id))

        return self._call(why)

    def stats(self, since: str | None = None) -> JsonObject:
        """See ``EngineLink``."""
        from preheat.control.snapshot_json import memory_json
        from preheat.timespan import parse_since
        from preheat.usage.as_json import read_stats_json

        figures = read_stats_json(self._usage_log(), parse_since(since))
        snapshot = self._call(lambda engine: _now(engine.refresh))
        return {**figures, "memory": memory_json(snapshot.memory), "warning": snapshot.warning}

    def history(self) -> UsageHistory:
        """See ``EngineLink``."""
        return self._usage_log().history()

    def decisions(self, limit: int = 200) -> list[DecisionRecord]:
        """See ``EngineLink``."""
        return list(self._usage_log().decisions(limit))

    def generate(
        self, model_id: str, request: GenerateRequest, on_wait: Callable[[str], None] | None = None
    ) -> Generator[GenerationChunk, None, None]:
        """See ``EngineLink``; ``on_wait`` is called on the engine's thread."""
        return self._running().generate(model_id, request, on_wait, client=USER_AGENT)

    def embed(self, model_id: str, inputs: Sequence[str]) -> list[list[float]]:
        """See ``EngineLink``."""
        return self._running().embed(model_id, inputs, client=USER_AGENT)

    def restart(self) -> None:
        """See ``EngineLink``."""
        with self._starting:
            thread = self._thread
            if thread is None or not thread.alive:
                self._start(None, None)
                return
        if self.port.url is None or self.port.error is not None:
            port = self._open_port()
            self._call(lambda engine: port.open(engine.settings))

    def close(self) -> None:
        """See ``EngineLink``."""
        thread = self._thread
        if thread is not None and not thread.close(self._settings.shutdown_grace + _EXIT_S):
            logger.error("the engine did not end in time")

    def _start(self, settings: Settings | None, sock: socket.socket | None) -> None:
        """Start the engine's thread.

        Raises:
            SettingsError: The settings cannot be read.
        """
        self._settings = settings = settings if settings is not None else self._reload()
        self._snapshot.set(empty_snapshot(settings))
        self._port_status.set(PortStatus())

        @asynccontextmanager
        async def around(engine: Engine) -> AsyncIterator[None]:
            async with self._with_port(engine, sock):
                yield

        self._thread = EngineThread(settings, loop_factory=_loop_factory(), around=around, on_end=self._on_end)

    @asynccontextmanager
    async def _with_port(self, engine: Engine, sock: socket.socket | None) -> AsyncIterator[None]:
        """Run the engine and its port. Engine's loop."""
        import asyncio

        self._port = port = Port(engine, self._reload, self._on_status, sock)
        unsubscribe = engine.subscribe(self._snapshot.set)
        # At once: looking through thousands of models must not keep the port from answering.
        opening = asyncio.create_task(port.open(engine.settings))
        try:
            at_login, self._at_login = self._at_login, False  # not when it is started again
            await engine.start(at_login=at_login)
            yield
        finally:
            self._settings = engine.settings
            await asyncio.gather(opening, return_exceptions=True)
            # Together: both let answers in flight finish, and share one grace.
            await asyncio.gather(port.close(), engine.stop())
            unsubscribe()

    def _on_status(self, status: PortStatus) -> None:
        self._port_status.set(status)

    def _on_end(self, reason: BaseException | None) -> None:
        if reason is not None:
            self._port_status.set(PortStatus(engine_error=_sentence(reason)))

    def _running(self) -> EngineThread:
        thread = self._thread
        if thread is None or not thread.alive:
            raise EngineStoppedError("Preheat's engine has ended", hint="Start it again")
        return thread

    def _call(self, ask: Callable[[Engine], Coroutine[Any, Any, T]]) -> T:
        return self._running().call(ask)

    def _open_port(self) -> Port:
        self._running().engine()
        assert self._port is not None  # it was made before the engine started
        return self._port

    def _change(self, wish: Callable[[LiveSettings], Awaitable[SettingsChange]]) -> SettingsChange:
        live = self._open_port().live

        async def change(engine: Engine) -> SettingsChange:
            return await wish(live)

        return self._call(change)

    def _usage_log(self) -> UsageLog:
        from preheat.usage.as_json import kept

        log = kept(self._running().engine().usage_log)
        # Windows ask as soon as something was counted, which is written a little later: the answer must have it.
        log.flush(_WRITTEN_WITHIN_S)
        return log


async def _now(work: Callable[[], T]) -> T:
    return work()


def _loop_factory() -> LoopFactory | None:
    if sys.platform == "win32":
        return None
    import uvloop  # a streamed token costs a tenth less processor time than on asyncio's own loop

    return uvloop.new_event_loop


def _sentence(reason: BaseException) -> str:
    """Return why the engine has ended, as a sentence for the user."""
    if isinstance(reason, EngineError):
        return f"{reason.title}. {reason.hint}".rstrip(". ") + "."
    words = str(reason) or type(reason).__name__
    return f"Preheat's engine has ended unexpectedly: {words}."
