"""An engine of this process, for scripts: on a loop in a thread of its own, asked without asyncio."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Generator, Sequence
from typing import TYPE_CHECKING, Any, Final, Protocol, TypeVar

from preheat.client import ModelChoice, OnWait, floats
from preheat.errors import UnsupportedOperationError

if TYPE_CHECKING:
    import asyncio
    import queue
    import selectors
    from collections.abc import Coroutine
    from concurrent.futures import Future

    from preheat.engine import Engine
    from preheat.inference.requests import GenerateRequest, GenerationChunk
    from preheat.library import ModelFile
    from preheat.snapshot import EngineSnapshot

T = TypeVar("T")

_OWN_SETTINGS: Final = {
    "preload": "false",
    "spare_worker": "false",
    "shutdown_grace": "0",
    "history_days": "0",
    "downloads_at_once": "0",
}
_EXIT_TIMEOUT_S: Final = 5.0


class Backend(Protocol):
    """What answers: the running application or this process's own engine."""

    def models(self) -> list[ModelChoice]:
        """Return the models that there are."""

    def embed(self, model: str, inputs: Sequence[str]) -> list[list[float]]:
        """Return the inputs' vectors."""

    def generate(
        self, model: str, request: GenerateRequest, on_wait: OnWait | None = None
    ) -> Generator[GenerationChunk, None, None]:
        """Yield an answer's chunks; closing the generator drops the request."""


class OwnEngine:
    """An engine of this process, on a loop in a daemon thread. Close it. Any thread.

    Nothing is preloaded and no spare worker stands by: a script gets what it asks for, as soon as possible.

    Raises:
        SettingsError: The settings cannot be read.
    """

    def __init__(self) -> None:
        import selectors
        from concurrent.futures import Future

        from preheat.settings import load_settings

        self._settings = load_settings(_OWN_SETTINGS)
        self._started: Future[Engine] = Future()
        self._loop: asyncio.AbstractEventLoop
        self._stop: asyncio.Event
        self._selector: selectors.BaseSelector | None = None if os.name == "nt" else selectors.DefaultSelector()
        self._thread = threading.Thread(target=self._run, name="preheat-engine", daemon=True)
        self._thread.start()
        self._engine = self._started.result()

    def close(self) -> None:
        """End the engine, its workers and its thread. Does nothing the second time."""
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._stop.set)
            self._thread.join(_EXIT_TIMEOUT_S)

    def drop_after_fork(self) -> None:
        """Let go of the parent's workers, in a forked child: they are to end with the parent.

        The child's copies of their pipes become ``/dev/null``. Closed, their numbers would be given to other files,
        which the objects that still know them would close some day.
        """
        if self._selector is not None:
            null = os.open(os.devnull, os.O_RDWR)
            for key in list(self._selector.get_map().values()):
                os.dup2(null, key.fd, inheritable=False)
            os.close(null)

    def models(self) -> list[ModelChoice]:
        """Return the models on disk."""
        snapshot = self._engine.snapshot
        return [ModelChoice(model.model_id, model.favourite, model.embeddings) for model in snapshot.models]

    def embed(self, model: str, inputs: Sequence[str]) -> list[list[float]]:
        """Return the inputs' normalised vectors."""

        async def vectors() -> tuple[bytes, ...]:
            file = await self._find(model, embeddings=True)
            async with self._engine.lease(file.model_id) as lease:
                return (await lease.embed(inputs)).vectors

        return [floats(vector) for vector in self._call(vectors())]

    def generate(
        self, model: str, request: GenerateRequest, on_wait: OnWait | None = None
    ) -> Generator[GenerationChunk, None, None]:
        """Yield an answer's chunks; closing the generator drops the request.

        Args:
            on_wait: Told in words what is waited for, on the engine's thread, as long as the model loads.
        """
        import asyncio
        import queue

        chunks: queue.SimpleQueue[GenerationChunk | None] = queue.SimpleQueue()
        future = asyncio.run_coroutine_threadsafe(self._pump(model, request, chunks, on_wait), self._loop)
        try:
            while (chunk := chunks.get()) is not None:
                yield chunk
            future.result()
        finally:
            future.cancel()

    async def _pump(
        self,
        model: str,
        request: GenerateRequest,
        chunks: queue.SimpleQueue[GenerationChunk | None],
        on_wait: OnWait | None,
    ) -> None:
        from contextlib import aclosing

        unsubscribe: Callable[[], None] | None = None
        try:
            file = await self._find(model, embeddings=False)
            if on_wait is not None:
                unsubscribe = self._engine.subscribe(_progress_to(file.model_id, on_wait))
            async with self._engine.lease(file.model_id) as lease, aclosing(lease.generate(request)) as answer:
                async for chunk in answer:
                    chunks.put(chunk)
        finally:
            if unsubscribe is not None:
                unsubscribe()
            chunks.put(None)

    async def _find(self, name: str, *, embeddings: bool) -> ModelFile:
        """Return the model of this name.

        Raises:
            ModelNotFoundError, AmbiguousModelError: No one model has this name.
            UnsupportedOperationError: It is of the other kind; said before it is loaded for nothing.
        """
        file = await self._engine.find(name)
        if file.embeddings is not embeddings:
            has, lacks = ("embeddings", "text") if file.embeddings else ("text", "embeddings")
            raise UnsupportedOperationError(
                f"{file.model_id} makes {has}, not {lacks}", hint="Choose another model", param="model"
            )
        return file

    def _call(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine on the engine's loop and wait for it; Ctrl-C cancels it."""
        import asyncio

        future = asyncio.run_coroutine_threadsafe(coroutine, self._loop)
        try:
            return future.result()
        finally:
            future.cancel()

    def _run(self) -> None:
        import asyncio

        selector = self._selector
        factory = None if selector is None else lambda: asyncio.SelectorEventLoop(selector)
        with asyncio.Runner(loop_factory=factory) as runner:
            runner.run(self._main())

    async def _main(self) -> None:
        import asyncio

        from preheat.engine import Engine

        self._loop = asyncio.get_running_loop()
        self._stop = asyncio.Event()
        async with Engine(self._settings) as engine:
            self._started.set_result(engine)
            await self._stop.wait()


def _progress_to(model_id: str, on_wait: OnWait) -> Callable[[EngineSnapshot], None]:
    def on_snapshot(snapshot: EngineSnapshot) -> None:
        model = snapshot.model(model_id)
        if model is not None and model.progress is not None:
            on_wait(f"loading {model_id} {round(model.progress * 100)} %")

    return on_snapshot
