"""Cuts long texts for the tokenizer. Pure.

llama.cpp's tokenizers take quadratic time for some texts (control tokens in a row, line breaks in a SentencePiece
vocabulary), and the regular expressions of some need stack for each character that they match: 30,000 letters in a row
end the process. Pieces bound all of this, and give tokenizing places where it can stop.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Final, TypeAlias

OnPiece: TypeAlias = Callable[[int], None]
"""Called from time to time with the number of tokens so far; raises to stop."""

PIECE_CHARACTERS: Final = 1 << 14

_TAIL_CHARACTERS: Final = 1 << 10
"""The end of a piece, in which the best place to cut is looked for."""

_ENDS: Final = (
    re.compile(r"[^\W\d_](?= [^\W\d_])"),  # all tokenizers begin a token with the space between two words
    re.compile(r"[>\]](?=[<\[])|\n(?=\S)|\S(?=\s)"),
    re.compile(r"[^\w\s](?=[^\W\d_])"),
)
"""Where to cut, the best places first."""


def no_limit(_tokens: int) -> None:
    """Let tokenizing go on."""


def pieces(text: str) -> Iterator[str]:
    """Yield a text in pieces of at most ``PIECE_CHARACTERS``, cut between words where possible."""
    at = 0
    while len(text) - at > PIECE_CHARACTERS:
        tail = text[at + PIECE_CHARACTERS - _TAIL_CHARACTERS : at + PIECE_CHARACTERS]
        end = next((end for pattern in _ENDS if (end := _last_end(pattern, tail))), _TAIL_CHARACTERS)
        end += at + PIECE_CHARACTERS - _TAIL_CHARACTERS
        yield text[at:end]
        at = end
    yield text[at:]


def _last_end(pattern: re.Pattern[str], text: str) -> int:
    """Return the end of the pattern's last match; 0 if there is none."""
    end = 0
    for match in pattern.finditer(text):
        end = match.end()
    return end
