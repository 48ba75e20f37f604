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
        load: The load by other programs; measured by default.
    """

    def __init__(self, context: Any, most: int, *, follows: bool, load: OtherLoad | None = None) -> None:
        self._context = context
        self._count = most
        self._controller = ThreadController(most if follows else 1)
        self._load = load or OtherLoad()
        self._follows = follows and most > 1
        self._steady = False  # the step in progress does not count

    def prepare(self, tokens: int, *, seeded: bool = False) -> None:
        """Set the number of threads for a step with this many tokens.

        With flash attention, the number changes the last bits of a step of one token (``use_split_kv_path`` in ggml's
        ops.cpp). One with a seed gets a number that changes only with the load.
        """
        if not self._follows:
            return
        if (cores := self._load.cores()) is not None:
            self._controller.note_load(cores)
        self._steady = seeded and tokens == 1
        count = self._controller.steady if self._steady else self._controller.count(tokens)
        if count != self._count:
            self._count = count
            # Both: llama.cpp takes the second for any step of more than one token.
            llama.llama_set_n_threads(self._context, count, count)

    def took(self, tokens: int, seconds: float) -> None:
        """Take in the duration of the step that was prepared."""
        if self._follows and not self._steady:
            self._controller.took(tokens, seconds)
