"""Prompts that no server has seen before.

Both servers keep the KV cache of earlier prompts and skip what a new one shares with them. A benchmark that repeats its
prompts would measure that, so every prompt differs from its first words on, while all have the same length.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any, Final

_ADJECTIVES: Final = ("bright", "broken", "clever", "frozen", "gentle", "golden", "hidden", "modern", "purple", "quiet")
_NOUNS: Final = ("bridge", "candle", "castle", "doctor", "forest", "garden", "harbor", "mirror", "river", "window")

LONG_WORDS: Final = 400


def unique_words(seed: int) -> Iterator[str]:
    """Yield adjectives and nouns in turn for ever, a different sequence for each seed."""
    rng = random.Random(seed)
    while True:
        yield rng.choice(_ADJECTIVES)
        yield rng.choice(_NOUNS)


def unique_text(seed: int, words: int) -> str:
    """Return so many words; no two seeds begin alike in practice."""
    source = unique_words(seed)
    return " ".join(next(source) for _ in range(words))


class Prompts:
    """Hands out chats and texts, all different. What one round hands to a server it also hands to the other."""

    def __init__(self, seed: int = 1) -> None:
        self._next = seed * 1_000_000

    def chat(self, words: int = 6) -> list[dict[str, Any]]:
        """Return a chat of about ``words`` distinct words around a fixed demand.

        The distinct words come first, in a system message: a template's own one would be the same for all.
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
