"""A model's answer while it is written."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Generator
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from preheat.errors import EngineError
from preheat_gui.bridge.threads import weak_callback

if TYPE_CHECKING:
    from preheat.control import FinishReason, GenerationChunk, Usage

    OnWait = Callable[[str], None]
    Chunks = Callable[[OnWait], Generator[GenerationChunk, None, None]]


@dataclass(frozen=True, slots=True)
class GenerationFigures:
    """Measurements of an answer."""

    ttft_s: float | None  # Seconds from the request to the first text, including a load; None without text
    tokens_per_s: float | None  # Decode speed after the first token; None with fewer than two
    completion_tokens: int  # Tokens of the answer so far
    seconds: float  # Time from the request to the end
    finish_reason: FinishReason | None = None  # Why the model ended; None if it was stopped
    prompt_tokens: int = 0  # Tokens of the prompt; 0 if the answer did not reach its end
    reused_tokens: int = 0  # Those that did not have to be computed
    pace: tuple[tuple[float, int], ...] = ()  # Seconds since the request, and characters written until then


class Generation(QObject):
    """One answer. Emits its signals on the GUI thread, the last being ``ended`` or ``failed``."""

    waiting = Signal(str)  # The model loads; the state in words
    thinking = Signal(str)  # New text of the thinking before the answer
    text = Signal(str)  # New text
    ended = Signal(object)  # GenerationFigures: the answer is complete or was stopped
    failed = Signal(object)  # EngineError

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.over = False  # It has ended, failed or been stopped
        self._reader: AnswerReader | None = None

    def stop(self) -> None:
        """Drop the rest; ``ended`` follows at once with the figures so far."""
        if self._reader is not None and not self.over:
            self._reader.stop()
            self.finish(self._reader.figures())

    def follow(self, reader: AnswerReader) -> None:
        self._reader = reader

    def emit_waiting(self, words: str) -> None:
        """Pass on the state of the load."""
        if not self.over:
            self.waiting.emit(words)

    def emit_text(self) -> None:
        """Pass on the text read since the last call."""
        if self._reader is None or self.over:
            return
        thinking, text = self._reader.take_text()
        if thinking:
            self.thinking.emit(thinking)
        if text:
            self.text.emit(text)

    def finish(self, outcome: GenerationFigures | EngineError) -> None:
        """End with figures or an error; only the first end counts."""
        if self.over:
            return
        self.emit_text()
        self.over = True
        self.setParent(None)  # from now on its receiver alone keeps it alive
        if isinstance(outcome, EngineError):
            self.failed.emit(outcome)
        else:
            self.ended.emit(outcome)


class AnswerReader:
    """Reads an answer on its own thread, and posts the events to the GUI thread."""

    def __init__(self, chunks: Chunks, post: Callable[[Callable[[], None]], None], generation: Generation) -> None:
        self._chunks = chunks
        self._post = post
        self._on_wait = weak_callback(generation.emit_waiting)
        self._on_text = weak_callback(generation.emit_text)
        self._on_end = weak_callback(generation.finish)
        self._lock = threading.Lock()
        self._text: list[str] = []
        self._thinking: list[str] = []
        self._characters = 0
        self._pace: list[tuple[float, int]] = []
        self._usage: Usage | None = None
        self._stopped = threading.Event()
        self._started_at = time.monotonic()
        self._first_at: float | None = None
        self._last_at: float | None = None
        self._tokens = 0
        self._finish_reason: FinishReason | None = None

    def read(self) -> None:
        """Read to the end, which may take minutes."""
        outcome: GenerationFigures | EngineError
        try:
            with closing(self._chunks(lambda words: self._post(partial(self._on_wait, words)))) as answer:
                for chunk in answer:
                    if self._stopped.is_set():
                        break
                    self._take(chunk)
            outcome = self.figures()
        except EngineError as error:
            outcome = error
        self._post(partial(self._on_end, outcome))

    def stop(self) -> None:
        """Stop reading; while the model loads, once it is ready. Any thread."""
        self._stopped.set()

    def take_text(self) -> tuple[str, str]:
        """Return the thinking and the text since the last call. Any thread."""
        with self._lock:
            thinking, text = "".join(self._thinking), "".join(self._text)
            self._thinking.clear()
            self._text.clear()
        return thinking, text

    def figures(self) -> GenerationFigures:
        """Return the measurements so far. Any thread."""
        with self._lock:
            first, last, tokens = self._first_at, self._last_at, self._tokens
            speed = None
            if first is not None and last is not None and tokens > 1 and last > first:
                speed = (tokens - 1) / (last - first)
            return GenerationFigures(
                ttft_s=None if first is None else first - self._started_at,
                tokens_per_s=speed,
                completion_tokens=tokens,
                seconds=time.monotonic() - self._started_at,
                finish_reason=self._finish_reason,
                prompt_tokens=self._usage.prompt_tokens if self._usage is not None else 0,
                reused_tokens=self._usage.cached_tokens if self._usage is not None else 0,
                pace=tuple(self._pace),
            )

    def _take(self, chunk: GenerationChunk) -> None:
        is_text = bool(chunk.text or chunk.reasoning)
        with self._lock:
            posted = bool(self._text or self._thinking)  # the GUI thread will take all text at once
            if is_text:
                self._last_at = time.monotonic()
                self._first_at = self._first_at or self._last_at
                self._tokens += 1
                if chunk.reasoning:
                    self._thinking.append(chunk.reasoning)
                if chunk.text:
                    self._text.append(chunk.text)
                    self._characters += len(chunk.text)
                    self._pace.append((self._last_at - self._started_at, self._characters))
            if chunk.usage is not None:
                self._usage = chunk.usage
                self._tokens = chunk.usage.completion_tokens
            self._finish_reason = chunk.finish_reason or self._finish_reason
        if is_text and not posted:
            self._post(self._on_text)
