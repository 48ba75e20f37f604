"""Turns token bytes into text: whole characters only, without stop strings."""

from __future__ import annotations

import codecs
from collections.abc import Sequence
from typing import Final

_utf8_decoder: Final = codecs.getincrementaldecoder("utf-8")


class TextStream:
    """Assembles one generation's text.

    A character split across tokens appears with its last token. Text that may begin a stop string is held back.

    Args:
        stop: Stop strings.
        thinking: Marks that begin thinking at the text's beginning. Stop strings are not looked for in it.
    """

    def __init__(self, stop: Sequence[str] = (), thinking: Sequence[str] = ()) -> None:
        self._decoder = _utf8_decoder(errors="replace")
        self._stop = tuple(text for text in stop if text)
        self._held = ""
        self._thinking = tuple(thinking)
        self._beginning = ""  # the text so far, while it may begin thinking
        self.suspended = False
        """Stop strings are not looked for. The stream suspends itself where thinking begins."""
        self.stop_text: str | None = None
        """The stop string that was found; no more text follows."""

    @property
    def stopped(self) -> bool:
        """Whether a stop string was found."""
        return self.stop_text is not None

    @property
    def holding(self) -> bool:
        """Whether text is held back."""
        return bool(self._held)

    def feed(self, piece: bytes) -> str:
        """Return the text that ``piece`` completes."""
        return self._release(self._decoder.decode(piece))

    def finish(self) -> str:
        """Return the rest after the last token; an incomplete character becomes U+FFFD."""
        text = self._release(self._decoder.decode(b"", True)) + self._held
        self._held = ""
        return text

    def _release(self, new: str) -> str:
        if self.stopped:
            return ""
        if not self._stop:
            return new
        text = self._held + new
        if self._thinking:
            self._look_for_thinking(new)
        if self.suspended:
            self._held = ""
            return text
        found = [(at + len(stop), at, stop) for stop in self._stop if (at := text.find(stop)) >= 0]
        if found:
            self._held = ""
            # The one that is complete first, regardless of token boundaries.
            _, at, self.stop_text = min(found)
            return text[:at]
        keep = max(_overlap(text, stop) for stop in self._stop)
        self._held = text[len(text) - keep :]
        return text[: len(text) - keep]

    def _look_for_thinking(self, new: str) -> None:
        self._beginning = (self._beginning + new).lstrip()
        self.suspended |= self._beginning.startswith(self._thinking)
        if self.suspended or not any(mark.startswith(self._beginning) for mark in self._thinking):
            self._thinking = ()


def _overlap(text: str, stop: str) -> int:
    """Return the length of the longest end of ``text`` that ``stop`` begins with."""
    for length in range(min(len(text), len(stop) - 1), 0, -1):
        if text.endswith(stop[:length]):
            return length
    return 0
