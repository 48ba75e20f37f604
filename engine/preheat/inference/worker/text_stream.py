"""Token bytes to text that may be shown: whole characters only, and nothing of a stop string."""

from __future__ import annotations

import codecs
from collections.abc import Sequence
from typing import Final

_utf8_decoder: Final = codecs.getincrementaldecoder("utf-8")


class TextStream:
    """Assembles one generation's text.

    A character whose bytes come in two tokens appears with the second; text that may be the beginning of a stop string
    is held back until it is clear.
    """

    def __init__(self, stop: Sequence[str] = ()) -> None:
        self._decoder = _utf8_decoder(errors="replace")
        self._stop = tuple(text for text in stop if text)
        self._held = ""
        self.stopped = False
        """A stop string was met; nothing more comes."""

    @property
    def holding(self) -> bool:
        """Whether text is held back that may turn out to be a stop string's beginning."""
        return bool(self._held)

    def feed(self, piece: bytes) -> str:
        """Return the text that may be shown once ``piece`` has come."""
        return self._release(self._decoder.decode(piece))

    def finish(self) -> str:
        """Return what is left when no more tokens come; an unfinished character becomes U+FFFD."""
        text = self._release(self._decoder.decode(b"", True)) + self._held
        self._held = ""
        return text

    def _release(self, new: str) -> str:
        if self.stopped:
            return ""
        if not self._stop:
            return new
        text = self._held + new
        found = [(at + len(stop), at) for stop in self._stop if (at := text.find(stop)) >= 0]
        if found:
            self.stopped = True
            self._held = ""
            # The one that is complete first, however the text was cut into tokens.
            return text[: min(found)[1]]
        keep = max(_overlap(text, stop) for stop in self._stop)
        self._held = text[len(text) - keep :]
        return text[: len(text) - keep]


def _overlap(text: str, stop: str) -> int:
    """Return the length of the longest end of ``text`` with which ``stop`` begins."""
    for length in range(min(len(text), len(stop) - 1), 0, -1):
        if text.endswith(stop[:length]):
            return length
    return 0
