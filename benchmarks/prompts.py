"""Unique prompts.

Both servers reuse the KV cache of earlier prompts with the same prefix. All prompts have the same length and differ
from the first words on, so that no benchmark measures this reuse.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any, Final

_ADJECTIVES: Final = ("bright", "broken", "clever", "frozen", "gentle", "golden", "hidden", "modern", "purple", "quiet")
_NOUNS: Final = ("bridge", "candle", "castle", "doctor", "forest", "garden", "harbor", "mirror", "river", "window")

LONG_WORDS: Final = 400


def unique_words(seed: int) -> Iterator[str]:
    """Yield an endless sequence of alternating adjectives and nouns, different for each seed."""
    rng = random.Random(seed)
    while True:
        yield rng.choice(_ADJECTIVES)
        yield rng.choice(_NOUNS)


def unique_text(seed: int, words: int) -> str:
    """Return a text of this many words; different seeds begin differently in practice."""
    source = unique_words(seed)
    return " ".join(next(source) for _ in range(words))


class Prompts:
    """Makes chats and texts, all different."""

    def __init__(self, seed: int = 1) -> None:
        self._next = seed * 1_000_000

    def chat(self, words: int = 6) -> list[dict[str, Any]]:
        """Return a chat with ``words`` distinct words and a fixed instruction.

        The distinct words are in a system message at the start; a template's default one would be the same for all.
        """
        self._next += 1
        subject = unique_text(self._next, words)
        return [
            {"role": "system", "content": f"{subject}."},
            {"role": "user", "content": "Write a very long story about these things, with many details."},
        ]

    def chats(self, count: int, words: int = 6) -> list[list[dict[str, Any]]]:
        return [self.chat(words) for _ in range(count)]

    def texts(self, count: int, words: int = 8) -> list[str]:
        """Return short texts to embed."""
        self._next += count
        return [unique_text(self._next - i, words) for i in range(count)]
