"""An answer of a model as it is being written, on the GUI thread."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Generator
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from preheat.errors import EngineError

if TYPE_CHECKING:
    from preheat.inference import FinishReason, GenerationChunk

    OnWait = Callable[[str], None]
    Chunks = Callable[[OnWait], Generator[GenerationChunk, None, None]]


@dataclass(frozen=True, slots=True)
class GenerationFigures:
    """How an answer went.

    Attributes:
        ttft_s: Seconds from the request to the first text, a load included; None without any.
        tokens_per_s: Decode speed after the first token; None with fewer than two.
        completion_tokens: Tokens of the answer; after a stop, those that had arrived.
        seconds: From the request to the end.
        finish_reason: Why the model ended; None if it was stopped.
    """

    ttft_s: float | None
    tokens_per_s: float | None
    completion_tokens: int
    seconds: float
    finish_reason: FinishReason | None = None


class Generation(QObject):
    """One answer. Its signals come on the GUI thread; after ``ended`` or ``failed`` there are no more."""

    waiting = Signal(str)
    """What is waited for, in words, while the model loads."""

    text = Signal(str)
    """What was written since the last time."""

    ended = Signal(object)
    """GenerationFigures: the answer is complete, or was stopped."""

    failed = Signal(object)
    """EngineError."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._reader: AnswerReader | None = None
        self._over = False

    @property
    def over(self) -> bool:
        """Whether it has ended, failed or been stopped."""
        return self._over

    def stop(self) -> None:
        """Drop the answer; ``ended`` comes at once, with the figures so far."""
        if self._reader is not None and not self._over:
            self._reader.stop()
            self.finish(self._reader.figures())

    def follow(self, reader: AnswerReader) -> None:
        """Be the one that ``reader`` reports to."""
        self._reader = reader

    def say_waiting(self, words: str) -> None:
        """Pass on what is waited for."""
        if not self._over:
            self.waiting.emit(words)

    def say_text(self) -> None:
        """Pass on the text that has arrived."""
        if self._reader is not None and not self._over and (text := self._reader.take_text()):
            self.text.emit(text)

    def finish(self, outcome: GenerationFigures | EngineError) -> None:
        """End with the figures or an error; only the first end counts."""
        if self._over:
            return
        self.say_text()
        self._over = True
        self.setParent(None)  # from now on it lives as long as whoever asked for it holds it
        if isinstance(outcome, EngineError):
            self.failed.emit(outcome)
        else:
            self.ended.emit(outcome)


class AnswerReader:
    """Reads an answer on a thread of its own, and posts to the GUI thread what happens.

    Args:
        chunks: Yields the answer's chunks; called with whom to tell what is waited for.
        post: Runs a call on the GUI thread.
        on_wait, on_text, on_end: What to post.
    """

    def __init__(
        self,
        chunks: Chunks,
        post: Callable[[Callable[[], None]], None],
        on_wait: Callable[[str], None],
        on_text: Callable[[], None],
        on_end: Callable[[GenerationFigures | EngineError], None],
    ) -> None:
        self._chunks = chunks
        self._post = post
        self._on_wait, self._on_text, self._on_end = on_wait, on_text, on_end
        self._lock = threading.Lock()
        self._text: list[str] = []
        self._stopped = threading.Event()
        self._begun_at = time.monotonic()
        self._first_at: float | None = None
        self._last_at: float | None = None
        self._tokens = 0
        self._finish_reason: FinishReason | None = None

    def read(self) -> None:
        """Read to the end. On a thread that may be blocked for minutes."""
        outcome: GenerationFigures | EngineError
        try:
            with closing(self._chunks(lambda words: self._post(lambda: self._on_wait(words)))) as answer:
                for chunk in answer:
                    if self._stopped.is_set():
                        break
                    self._take(chunk)
            outcome = self.figures()
        except EngineError as error:
            outcome = error
        self._post(lambda: self._on_end(outcome))

    def stop(self) -> None:
        """Read no further. An answer whose model is still loading is dropped once it is hot. Any thread."""
        self._stopped.set()

    def take_text(self) -> str:
        """Return the text that has not been taken yet. Any thread."""
        with self._lock:
            text = "".join(self._text)
            self._text.clear()
        return text

    def figures(self) -> GenerationFigures:
        """Return how the answer has gone so far. Any thread."""
        with self._lock:
            first, last, tokens = self._first_at, self._last_at, self._tokens
            speed = None
            if first is not None and last is not None and tokens > 1 and last > first:
                speed = (tokens - 1) / (last - first)
            return GenerationFigures(
                ttft_s=None if first is None else first - self._begun_at,
                tokens_per_s=speed,
                completion_tokens=tokens,
                seconds=time.monotonic() - self._begun_at,
                finish_reason=self._finish_reason,
            )

    def _take(self, chunk: GenerationChunk) -> None:
        with self._lock:
            # A reader that is told once and has not come yet finds everything when it comes.
            told = bool(self._text)
            if chunk.text:
                now = time.monotonic()
                self._first_at = self._first_at if self._first_at is not None else now
                self._last_at = now
                self._tokens += 1
                self._text.append(chunk.text)
            if chunk.usage is not None:
                self._tokens = chunk.usage.completion_tokens
            self._finish_reason = chunk.finish_reason or self._finish_reason
        if chunk.text and not told:
            self._post(self._on_text)
