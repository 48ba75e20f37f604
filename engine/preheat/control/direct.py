"""A client that runs commands on an engine's loop in this process. Works without a port."""

from __future__ import annotations

import asyncio
import logging
import queue
import threading
from collections.abc import AsyncIterator, Callable, Coroutine, Generator, Sequence
from concurrent.futures import CancelledError, Future
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from typing import TYPE_CHECKING, Any, Self, TypeVar

from preheat.control.client import ModelChoice, OnWait, floats
from preheat.control.host import ControlHost
from preheat.control.live_settings import LiveSettings
from preheat.errors import EngineStoppedError, UnsupportedOperationError
from preheat.messages import msg
from preheat.settings import SettingsStore, load_settings
from preheat.units import format_done

if TYPE_CHECKING:
    from preheat.control.command import Command
    from preheat.core import Engine, EngineSnapshot
    from preheat.inference import GenerateRequest, GenerationChunk
    from preheat.models import ModelFile
    from preheat.settings import Settings

T = TypeVar("T")

Around = Callable[["Engine"], AbstractAsyncContextManager[ControlHost]]

logger = logging.getLogger(__name__)


class DirectClient:
    """A ``ControlClient`` with its own engine, on a loop in a daemon thread. Any thread but the engine's.

    Args:
        loop_factory: Makes the loop; asyncio's own if not given.
        around: Starts and stops the engine with what belongs to it; only the engine if not given.
        on_end: Called on the engine's thread as it ends, with the reason; None after ``close``.
        name: Client name in the log.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        loop_factory: Callable[[], asyncio.AbstractEventLoop] | None = None,
        around: Around | None = None,
        on_end: Callable[[BaseException | None], None] | None = None,
        name: str = "",
    ) -> None:
        self._settings = settings
        self._loop_factory = loop_factory
        self._around = around or _engine_alone
        self._on_end = on_end
        self._name = name
        self._loop: Future[asyncio.AbstractEventLoop] = Future()
        self._host: Future[ControlHost] = Future()
        self._stop: asyncio.Event
        self._lock = threading.Lock()
        self._calls: set[Future[Any]] = set()
        self._ended = False
        self._reason: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="engine", daemon=True)
        self._thread.start()

    @property
    def alive(self) -> bool:
        """Whether it runs or is starting."""
        return not self._ended and self._thread.is_alive()

    def host(self) -> ControlHost:
        """Return what commands run on, once the engine has started.

        Raises:
            EngineStoppedError: It did not start, has ended, or was closed.
        """
        try:
            return self._host.result()
        except CancelledError:
            raise EngineStoppedError(msg("engine_ended")) from self._reason

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def models(self) -> list[ModelChoice]:
        """See ``ControlClient``."""
        snapshot = self.host().engine.snapshot
        return [ModelChoice(model.model_id, model.favourite, model.embeddings) for model in snapshot.models]

    def close(self, timeout_s: float = 5.0) -> bool:
        """End the engine, its workers and its thread; return whether they ended in time. Idempotent."""
        if not self._thread.is_alive():
            return True
        with suppress(CancelledError, RuntimeError):  # it is ending
            self._loop.result().call_soon_threadsafe(self._stop.set)
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def call(self, command: Command[T]) -> T:
        """See ``ControlClient``."""
        return self.run(command.run)

    def run(self, ask: Callable[[ControlHost], Coroutine[Any, Any, T]]) -> T:
        """Run a coroutine on the engine's loop and wait for it; Ctrl-C cancels it.

        Raises:
            EngineStoppedError: The engine has ended, or ends before the answer.
            EngineError: Raised by the coroutine.
        """
        future = self._submit(ask(self.host()))
        try:
            return future.result()
        except CancelledError:
            raise EngineStoppedError(msg("engine_ended")) from None
        finally:
            future.cancel()

    def generate(
        self, model: str, request: GenerateRequest, on_wait: OnWait | None = None
    ) -> Generator[GenerationChunk, None, None]:
        """See ``ControlClient``; ``on_wait`` is called on the engine's thread."""
        chunks: queue.SimpleQueue[GenerationChunk | None] = queue.SimpleQueue()
        future = self._submit(_pump(self.host().engine, model, request, chunks.put, on_wait, self._name))
        # Also if the loop ends before the pump starts.
        future.add_done_callback(lambda _: chunks.put(None))
        try:
            while (chunk := chunks.get()) is not None:
                yield chunk
            future.result()
        except CancelledError:
            raise EngineStoppedError(msg("engine_ended")) from None
        finally:
            future.cancel()

    def embed(self, model: str, inputs: Sequence[str]) -> list[list[float]]:
        """See ``ControlClient``."""

        async def vectors(host: ControlHost) -> tuple[bytes, ...]:
            file = await _find(host.engine, model, embeddings=True)
            async with host.engine.lease(file.model_id, client=self._name) as lease:
                return (await lease.embed(inputs)).vectors

        return [floats(vector) for vector in self.run(vectors)]

    def _submit(self, coroutine: Coroutine[Any, Any, T]) -> Future[T]:
        """Run a coroutine on the loop; a loop that ends cancels it, however it ends."""
        with self._lock:
            try:
                future = asyncio.run_coroutine_threadsafe(coroutine, self._loop.result())
            except (CancelledError, RuntimeError):  # the loop is closed
                coroutine.close()
                raise EngineStoppedError(msg("engine_ended")) from None
            self._calls.add(future)
            future.add_done_callback(self._calls.discard)
            return future

    def _run(self) -> None:
        reason: BaseException | None = None
        try:
            with asyncio.Runner(loop_factory=self._loop_factory) as runner:
                runner.run(self._main())
        except BaseException as error:
            # The thread's last boundary: whatever the reason, callers that wait for the engine must get it.
            reason = error
            logger.error("the engine has ended", exc_info=error)
        self._end(reason)

    def _end(self, reason: BaseException | None) -> None:
        self._ended, self._reason = True, reason
        with self._lock:
            left = tuple(self._calls)
        for future in left:
            future.cancel()
        self._loop.cancel()
        self._host.cancel()
        if self._on_end is not None:
            self._on_end(reason)

    async def _main(self) -> None:
        from preheat.core import Engine

        self._stop = asyncio.Event()
        self._loop.set_result(asyncio.get_running_loop())
        async with self._around(Engine(self._settings)) as host:
            self._host.set_result(host)
            await self._stop.wait()


@asynccontextmanager
async def _engine_alone(engine: Engine) -> AsyncIterator[ControlHost]:
    from preheat.core import model_places

    engine.library.resumes = False  # interrupted downloads continue in the application
    if model_places(engine.settings) != model_places(load_settings(environ={})):
        engine.look_elsewhere()
    async with engine:
        yield ControlHost(engine, LiveSettings(engine, SettingsStore()))


async def _pump(
    engine: Engine,
    model: str,
    request: GenerateRequest,
    put: Callable[[GenerationChunk], None],
    on_wait: OnWait | None,
    client: str,
) -> None:
    unsubscribe: Callable[[], None] | None = None
    try:
        file = await _find(engine, model, embeddings=False)
        if on_wait is not None:
            unsubscribe = engine.subscribe(_progress_to(file.model_id, on_wait))
        async with engine.lease(file.model_id, client=client) as lease:
            await lease.run(request, put)
    finally:
        if unsubscribe is not None:
            unsubscribe()


async def _find(engine: Engine, name: str, *, embeddings: bool) -> ModelFile:
    """Return the model of this name.

    Raises:
        ModelNotFoundError, AmbiguousModelError: No one model has this name.
        UnsupportedOperationError: It is of the other kind; raised before it is loaded.
    """
    file = await engine.find(name)
    if file.embeddings is not embeddings:
        code = "makes_embeddings" if file.embeddings else "writes_text"
        raise UnsupportedOperationError(msg(code, model=file.model_id), param="model")
    return file


def _progress_to(model_id: str, on_wait: OnWait) -> Callable[[EngineSnapshot], None]:
    def on_snapshot(snapshot: EngineSnapshot) -> None:
        model = snapshot.model(model_id)
        if model is not None and model.progress is not None:
            on_wait(f"loading {model_id} {format_done(model.progress)}")

    return on_snapshot
