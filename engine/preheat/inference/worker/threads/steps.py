"""Sets the number of threads of a llama.cpp context before each step. Decode thread only."""

from __future__ import annotations

from typing import Any

from preheat.inference.worker.bindings import llama
from preheat.inference.worker.threads.controller import ThreadController
from preheat.inference.worker.threads.load import OtherLoad


class StepThreads:
    """The threads of one context.

    Args:
        context: llama.cpp's context.
        most: Largest number of threads.
        follows: Whether the number follows the machine; otherwise it is always ``most``.
    """

    def __init__(self, context: Any, most: int, *, follows: bool) -> None:
        self._context = context
        self._count = most
        self._controller = ThreadController(most if follows else 1)
        self._load = OtherLoad()
        self._follows = follows and most > 1

    def prepare(self, tokens: int) -> None:
        """Set the number of threads for a step with this many tokens."""
        if not self._follows:
            return
        if (cores := self._load.cores()) is not None:
            self._controller.note_load(cores)
        count = self._controller.count(tokens)
        if count != self._count:
            self._count = count
            # Both: llama.cpp takes the second for any step of more than one token.
            llama.llama_set_n_threads(self._context, count, count)

    def took(self, tokens: int, seconds: float) -> None:
        """Take in the duration of the step that was prepared."""
        if self._follows:
            self._controller.took(tokens, seconds)
