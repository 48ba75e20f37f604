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
        self._stops = [_StopString(text) for text in dict.fromkeys(stop) if text]
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
        if not self._stops:
            return new
        text = self._held + new
        if self._thinking:
            self._look_for_thinking(new)
        if self.suspended:
            self._held = ""
            for stop in self._stops:
                stop.begun = 0
            return text
        found = [(end, -len(stop.text), stop.text) for stop in self._stops if (end := stop.find_end(new)) is not None]
        if found:
            # The one that is complete first, regardless of token boundaries.
            end, _, self.stop_text = min(found)
            text = text[: len(self._held) + end - len(self.stop_text)]
            self._held = ""
            return text
        keep = max(stop.begun for stop in self._stops)
        self._held = text[len(text) - keep :]
        return text[: len(text) - keep]

    def _look_for_thinking(self, new: str) -> None:
        self._beginning = (self._beginning + new).lstrip()
        self.suspended |= self._beginning.startswith(self._thinking)
        if self.suspended or not any(mark.startswith(self._beginning) for mark in self._thinking):
            self._thinking = ()


class _StopString:
    """Looks for one stop string in a text that comes in pieces, in linear time (Knuth, Morris and Pratt)."""

    def __init__(self, text: str) -> None:
        self.text: Final = text
        self.begun = 0
        """Length of the end of the text so far that the stop string begins with."""
        self._borders = [0]  # for each beginning: its longest end, other than itself, that is a beginning too
        length = 0
        for character in text[1:]:
            length = self._continued(length, character)
            self._borders.append(length)

    def _continued(self, length: int, character: str) -> int:
        while length and self.text[length] != character:
            length = self._borders[length - 1]
        return length + (self.text[length] == character)

    def find_end(self, piece: str) -> int | None:
        """Advance past a piece of the text; return the index after the stop string in it, None if it is not there."""
        at = 0
        while at < len(piece):
            if not self.begun:
                at = piece.find(self.text[0], at)
                if at < 0:
                    return None
            self.begun = self._continued(self.begun, piece[at])
            at += 1
            if self.begun == len(self.text):
                return at
        return None
