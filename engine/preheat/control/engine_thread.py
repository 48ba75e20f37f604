"""An engine on a loop in a daemon thread of its own, asked without asyncio."""

from __future__ import annotations

import asyncio
import logging
import queue
import threading
from collections.abc import Callable, Coroutine, Generator, Sequence
from concurrent.futures import CancelledError, Future
from contextlib import AbstractAsyncContextManager, aclosing, suppress
from typing import TYPE_CHECKING, Any, TypeVar

from preheat.control.client import OnWait, floats
from preheat.errors import EngineStoppedError, UnsupportedOperationError

if TYPE_CHECKING:
    from preheat.core.engine import Engine
    from preheat.core.snapshot import EngineSnapshot
    from preheat.inference import GenerateRequest, GenerationChunk
    from preheat.models import ModelFile
    from preheat.settings import Settings

T = TypeVar("T")

LoopFactory = Callable[[], asyncio.AbstractEventLoop]

logger = logging.getLogger(__name__)


class EngineThread:
    """One run of an engine. Any thread, but for the engine's own.

    Args:
        settings: The engine's.
        loop_factory: Makes the loop; asyncio's own if not given.
        around: Starts the engine and stops it, with whatever goes with it; the engine alone if not given.
        on_end: Called on the engine's thread as it ends, with what ended it; None after ``close``.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        loop_factory: LoopFactory | None = None,
        around: Callable[[Engine], AbstractAsyncContextManager[object]] | None = None,
        on_end: Callable[[BaseException | None], None] | None = None,
    ) -> None:
        self._settings = settings
        self._loop_factory = loop_factory
        self._around = around
        self._on_end = on_end
        self._loop: Future[asyncio.AbstractEventLoop] = Future()
        self._engine: Future[Engine] = Future()
        self._stop: asyncio.Event
        self._lock = threading.Lock()
        self._calls: set[Future[Any]] = set()
        self._ended = False
        self._reason: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="engine", daemon=True)
        self._thread.start()

    @property
    def alive(self) -> bool:
        """Whether it runs, or is about to."""
        return not self._ended and self._thread.is_alive()

    def engine(self) -> Engine:
        """Return the engine, once it has started.

        Raises:
            EngineStoppedError: It did not start, has ended, or was closed.
        """
        try:
            return self._engine.result()
        except CancelledError:
            raise _stopped() from self._reason

    def close(self, timeout_s: float) -> bool:
        """End the engine, its workers and its thread; return whether they ended in time. May be called again."""
        if not self._thread.is_alive():
            return True
        with suppress(CancelledError, RuntimeError):  # it is ending
            self._loop.result().call_soon_threadsafe(self._stop.set)
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def call(self, ask: Callable[[Engine], Coroutine[Any, Any, T]]) -> T:
        """Run a coroutine on the engine's loop and wait for it; Ctrl-C cancels it.

        Raises:
            EngineStoppedError: The engine has ended, or ends before the answer.
            EngineError: As the coroutine says.
        """
        future = self._submit(ask(self.engine()))
        try:
            return future.result()
        except CancelledError:
            raise _stopped() from None
        finally:
            future.cancel()

    def generate(
        self, model: str, request: GenerateRequest, on_wait: OnWait | None = None, *, client: str = ""
    ) -> Generator[GenerationChunk, None, None]:
        """Yield an answer's chunks; closing the generator drops the request.

        Args:
            on_wait: Told in words what is waited for, on the engine's thread, as long as the model loads.
            client: Who asks, for the log.
        """
        chunks: queue.SimpleQueue[GenerationChunk | None] = queue.SimpleQueue()
        future = self._submit(_pump(self.engine(), model, request, chunks.put, on_wait, client))
        # Also where the loop ends before the pump begins.
        future.add_done_callback(lambda _: chunks.put(None))
        try:
            while (chunk := chunks.get()) is not None:
                yield chunk
            future.result()
        except CancelledError:
            raise _stopped() from None
        finally:
            future.cancel()

    def embed(self, model: str, inputs: Sequence[str], *, client: str = "") -> list[list[float]]:
        """Return the inputs' normalised vectors.

        Args:
            client: Who asks, for the log.
        """

        async def vectors(engine: Engine) -> tuple[bytes, ...]:
            file = await _find(engine, model, embeddings=True)
            async with engine.lease(file.model_id, client=client) as lease:
                return (await lease.embed(inputs)).vectors

        return [floats(vector) for vector in self.call(vectors)]

    def _submit(self, coroutine: Coroutine[Any, Any, T]) -> Future[T]:
        """Run a coroutine on the loop; a loop that ends cancels it, however it ends."""
        with self._lock:
            try:
                future = asyncio.run_coroutine_threadsafe(coroutine, self._loop.result())
            except (CancelledError, RuntimeError):  # the loop is closed
                coroutine.close()
                raise _stopped() from None
            self._calls.add(future)
            future.add_done_callback(self._calls.discard)
            return future

    def _run(self) -> None:
        reason: BaseException | None = None
        try:
            with asyncio.Runner(loop_factory=self._loop_factory) as runner:
                runner.run(self._main())
        except BaseException as error:
            # The thread's last boundary: whatever it was, those who wait for the engine must hear of it.
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
        self._engine.cancel()
        if self._on_end is not None:
            self._on_end(reason)

    async def _main(self) -> None:
        from preheat.core.engine import Engine

        self._stop = asyncio.Event()
        self._loop.set_result(asyncio.get_running_loop())
        engine = Engine(self._settings)
        async with self._around(engine) if self._around is not None else engine:
            self._engine.set_result(engine)
            await self._stop.wait()


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
        async with engine.lease(file.model_id, client=client) as lease, aclosing(lease.generate(request)) as answer:
            async for chunk in answer:
                put(chunk)
    finally:
        if unsubscribe is not None:
            unsubscribe()


async def _find(engine: Engine, name: str, *, embeddings: bool) -> ModelFile:
    """Return the model of this name.

    Raises:
        ModelNotFoundError, AmbiguousModelError: No one model has this name.
        UnsupportedOperationError: It is of the other kind; said before it is loaded for nothing.
    """
    file = await engine.find(name)
    if file.embeddings is not embeddings:
        has, lacks = ("embeddings", "text") if file.embeddings else ("text", "embeddings")
        raise UnsupportedOperationError(
            f"{file.model_id} makes {has}, not {lacks}", hint="Choose another model", param="model"
        )
    return file


def _progress_to(model_id: str, on_wait: OnWait) -> Callable[[EngineSnapshot], None]:
    def on_snapshot(snapshot: EngineSnapshot) -> None:
        model = snapshot.model(model_id)
        if model is not None and model.progress is not None:
            on_wait(f"loading {model_id} {round(model.progress * 100)} %")

    return on_snapshot


def _stopped() -> EngineStoppedError:
    return EngineStoppedError("Preheat's engine has ended", hint="Start it again")
