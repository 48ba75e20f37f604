"""Runs the port on the engine's loop until a signal or a cancellation.

FastAPI and uvicorn take 0.3 s to import, in a thread and after the port is bound: meanwhile the engine starts its
workers, and clients wait instead of failing.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
import signal
import socket
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from types import FrameType
from typing import TYPE_CHECKING, Final

from preheat.server.listening import listen, listen_for_ollama
from preheat.server.runtime_file import check_runtime_folder, runtime_file

if TYPE_CHECKING:
    from preheat.control import LiveSettings
    from preheat.core import Engine
    from preheat.server.http_server import HttpServer
    from preheat.settings import Settings

logger = logging.getLogger(__name__)

_SIGNALS: Final = [signal.SIGINT, signal.SIGTERM]
if sys.platform == "win32":
    _SIGNALS.append(signal.SIGBREAK)


async def serve(
    engine: Engine,
    settings: Settings,
    *,
    sock: socket.socket | None = None,
    ollama_sock: socket.socket | None = None,
    on_ready: Callable[[int], None] | None = None,
    live: LiveSettings | None = None,
) -> None:
    """Serve the port until a signal or a cancellation, and finish the requests in progress.

    The first Ctrl-C or SIGTERM waits at most ``settings.shutdown_grace`` for requests in progress, and the second ends
    at once. Neither raises. The engine, which runs on the current loop, is neither started nor stopped here.

    Args:
        sock: A socket from ``listen``, for callers that need to know early whether the port is free.
        ollama_sock: A second socket, from ``listen_for_ollama``.
        on_ready: Called once with the port, when it accepts requests.
        live: Changes the engine's settings; made from defaults, file and environment if not given.

    Raises:
        PortInUseError: Another process has the port.
        SettingsError: The host or port cannot be listened on.
        FolderError, DiskFullError: The runtime folder cannot be used.
    """
    check_runtime_folder()
    if sock is None:
        sock, ollama_sock = listen(settings.host, settings.port), listen_for_ollama(settings)
    socks = [each for each in (sock, ollama_sock) if each is not None]
    port: int = sock.getsockname()[1]
    try:
        own_key = own_key_of_this_process()
        server = await asyncio.to_thread(_build, engine, settings, port, live, own_key)
        # The file comes last: without the handlers, a signal would end the process and leave the file behind.
        with _signals_to(server), runtime_file(settings.host, port, own_key):
            await _run(server, socks, on_ready)
    finally:
        for each in socks:
            each.close()


@cache
def own_key_of_this_process() -> str:
    """Return the secret in the runtime file. A reopened port keeps it, and so its clients."""
    return secrets.token_urlsafe(32)


def _build(engine: Engine, settings: Settings, port: int, live: LiveSettings | None, own_key: str) -> HttpServer:
    from preheat.server.app import create_app
    from preheat.server.http_server import HttpServer
    from preheat.server.in_flight import InFlight
    from preheat.server.warm_up import warm_up

    in_flight = InFlight()
    app = create_app(engine, port=port, settings=settings, in_flight=in_flight, live=live, own_key=own_key)
    warm_up(app)
    return HttpServer(app, in_flight, grace_s=settings.shutdown_grace)


async def _run(server: HttpServer, socks: Sequence[socket.socket], on_ready: Callable[[int], None] | None) -> None:
    ports: list[int] = [sock.getsockname()[1] for sock in socks]
    background: list[asyncio.Task[None]] = []

    def ready() -> None:
        from preheat.server.app import build_validators

        logger.info("listening on port %s", " and ".join(map(str, ports)))
        background.append(asyncio.create_task(asyncio.to_thread(build_validators)))
        if on_ready is not None:
            on_ready(ports[0])

    task = asyncio.create_task(server.run_until_stopped(socks, ready))
    try:
        # Shielded: a cancelled server would drop requests in progress.
        await asyncio.shield(task)
    except asyncio.CancelledError:
        server.stop()
        await task
        raise


@contextmanager
def _signals_to(server: HttpServer) -> Iterator[None]:
    """Let Ctrl-C and SIGTERM stop the server while the block runs."""
    if threading.current_thread() is not threading.main_thread():
        yield  # on the tray's engine thread, the tray handles signals
        return
    loop = asyncio.get_running_loop()

    def on_signal(number: int, frame: FrameType | None) -> None:
        loop.call_soon_threadsafe(server.stop)  # a handler runs between any two instructions

    before = {number: signal.signal(number, on_signal) for number in _SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
