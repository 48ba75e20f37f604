"""Runs an engine and its port in this process, until a signal."""

from __future__ import annotations

import asyncio
import contextlib
import gc
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from preheat.core import EngineSnapshot
    from preheat.settings import Settings, SettingsStore

OnReady = Callable[[int, "EngineSnapshot", "Settings"], None]


def run(store: SettingsStore, on_snapshot: Callable[[EngineSnapshot], None], on_ready: OnReady) -> None:
    """Run an engine and its port until Ctrl-C or SIGTERM. Main thread; the callbacks are called on it too.

    Args:
        on_snapshot: Called with each snapshot.
        on_ready: Called once with the port, when engine and port have started.

    Raises:
        PortInUseError: Another process has the port.
        SettingsError: The host or port cannot be listened on.
    """
    from preheat.control import loop_factory

    # Garbage collection while 1,000 modules are imported takes a sixth of the start and finds nothing.
    gc.disable()
    try:
        with asyncio.Runner(loop_factory=loop_factory()) as runner, contextlib.suppress(KeyboardInterrupt):
            runner.run(_run(store, on_snapshot, on_ready))  # Ctrl-C before or after the port handles signals
    finally:
        gc.enable()


async def _run(store: SettingsStore, on_snapshot: Callable[[EngineSnapshot], None], on_ready: OnReady) -> None:
    from preheat.control import LiveSettings
    from preheat.core import Engine
    from preheat.server.serve import serve

    def ready(port: int) -> None:
        gc.freeze()  # imported objects stay: later collections skip them
        gc.enable()
        on_ready(port, engine.snapshot, engine.settings)

    engine = Engine(store.settings)
    live = LiveSettings(engine, store)
    # Not awaited: scanning thousands of models must not delay the port. It runs once `serve` has the port, and starts
    # the worker process before `serve` imports FastAPI, so that both run in parallel.
    starting = asyncio.create_task(engine.start())
    serving = asyncio.current_task()
    assert serving is not None
    starting.add_done_callback(lambda task: None if task.cancelled() or task.exception() is None else serving.cancel())
    end_report = engine.subscribe(on_snapshot)
    try:
        with live.following():
            await serve(
                engine,
                store.settings,
                on_ready=lambda port: starting.add_done_callback(lambda _: ready(port)),
                live=live,
            )
    finally:
        end_report()
        starting.cancel()
        try:
            with contextlib.suppress(asyncio.CancelledError):
                await starting  # if it failed, this says so
        finally:
            await engine.stop(0)  # requests in progress have had their time
