"""Sets the number of threads of a llama.cpp context before each step. Decode thread only."""

from __future__ import annotations

from typing import Any

from preheat.inference.worker.bindings import llama
from preheat.inference.worker.threads.count import ThreadCount
from preheat.inference.worker.threads.load import LoadMeter


class StepThreads:
    """The threads of one context.

    Args:
        context: llama.cpp's context.
        most: Largest number of threads.
        follows: Whether the number follows the load of the machine; otherwise it is always ``most``.
        meter: Measures the load.
    """

    def __init__(self, context: Any, most: int, *, follows: bool, meter: LoadMeter | None = None) -> None:
        self._context = context
        self._most = self._current = most
        self._count = ThreadCount(most)
        self._meter = (meter or LoadMeter()) if follows and most > 1 else None

    def begin(self, at_most: int | None = None) -> None:
        """Set the number of threads for the step that begins.

        Only the load changes it. With flash attention, it changes the last bits of a step of one token
        (``use_split_kv_path`` in ggml's ops.cpp).

        Args:
            at_most: A lower limit for this step: another context computes at the same time.
        """
        if self._meter is not None and (load := self._meter.begin()) is not None:
            self._count.note(load)
        count = min(self._count.value, at_most or self._most)
        if count != self._current:
            self._current = count
            # Both: llama.cpp takes the second for any step of more than one token.
            llama.llama_set_n_threads(self._context, count, count)

    def end(self) -> None:
        """Note that the step has ended."""
        if self._meter is not None:
            self._meter.end(self._current)
