"""An engine of this process, for scripts: on a loop in a thread of its own, asked without asyncio."""

from __future__ import annotations

import os
from collections.abc import Generator, Sequence
from typing import TYPE_CHECKING, Final, Protocol

from preheat.control.client import ModelChoice, OnWait

if TYPE_CHECKING:
    import selectors

    from preheat.inference import GenerateRequest, GenerationChunk

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
        # Here: a script that finds the application running needs none of this.
        import asyncio
        import selectors

        from preheat.control.direct import DirectClient
        from preheat.settings import load_settings

        selector = None if os.name == "nt" else selectors.DefaultSelector()
        self._selector: selectors.BaseSelector | None = selector
        self._thread = DirectClient(
            load_settings(_OWN_SETTINGS),
            loop_factory=None if selector is None else lambda: asyncio.SelectorEventLoop(selector),
        )
        self._thread.host()

    def close(self) -> None:
        """End the engine, its workers and its thread. Does nothing the second time."""
        self._thread.close(_EXIT_TIMEOUT_S)

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
        snapshot = self._thread.host().engine.snapshot
        return [ModelChoice(model.model_id, model.favourite, model.embeddings) for model in snapshot.models]

    def embed(self, model: str, inputs: Sequence[str]) -> list[list[float]]:
        """Return the inputs' normalised vectors."""
        return self._thread.embed(model, inputs)

    def generate(
        self, model: str, request: GenerateRequest, on_wait: OnWait | None = None
    ) -> Generator[GenerationChunk, None, None]:
        """Yield an answer's chunks; closing the generator drops the request.

        Args:
            on_wait: Told in words what is waited for, on the engine's thread, as long as the model loads.
        """
        return self._thread.generate(model, request, on_wait)
