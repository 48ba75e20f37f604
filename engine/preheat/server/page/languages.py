"""The language of a page. Pure."""

from __future__ import annotations

from collections.abc import Sequence


def choose_language(accepted: str, known: Sequence[str]) -> str:
    """Return the known language that the header Accept-Language prefers; the first one by default."""
    ranked: list[tuple[float, int, str]] = []
    for place, part in enumerate(accepted.lower().split(",")):
        name, *options = (piece.strip() for piece in part.split(";"))
        language = name.split("-")[0]
        if language in known and (quality := _quality(options)) > 0:
            ranked.append((-quality, place, language))
    return min(ranked)[2] if ranked else known[0]


def _quality(options: Sequence[str]) -> float:
    for option in options:
        name, _, value = option.partition("=")
        if name.strip() == "q":
            try:
                return float(value)
            except ValueError:
                return 0.0
    return 1.0
