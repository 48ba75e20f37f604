"""Models by source, and the files that cannot be used."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Final

from preheat.doctor.context import settings_in_force, short
from preheat.doctor.report import Finding, good, to_do
from preheat.errors import EngineError
from preheat.messages import Message, render
from preheat.units import format_bytes

if TYPE_CHECKING:
    from preheat.models import Listing
    from preheat.settings import Settings

_HANGS_S: Final = 1.5
_MOST_SHOWN: Final = 20


def check_models() -> Iterator[Finding]:
    """Look for models as Preheat does, and list those it cannot use with the reasons."""
    settings = settings_in_force()
    own = settings.own_models_dir
    listing, problems = look()
    if listing.models:
        total = sum(model.file_bytes for model in listing.models)
        details = [f"{source}: {words}" for source, words in _by_source(listing).items()]
        yield good("doctor_models", count=len(listing.models), size=total, details=details)
    else:
        yield to_do("doctor_no_models", folder=short(own))
    if listing.skipped:
        details = [f"{each.name} ({each.source}): {each.reason}" for each in listing.skipped]
        yield good("doctor_models_skipped", count=len(details), details=_first(details))
    if problems:
        details = [_sentence(path_problem) for path_problem in map(render, problems.values())]
        yield to_do("doctor_models_problems", count=len(details), details=_first(details))
    yield from _missing_favourites(settings, listing)


def look() -> tuple[Listing, Mapping[Path, Message]]:
    """Return the models of this machine, and what cannot be read, by path. Writes nothing."""
    from preheat.models import ModelIndex, cache_file

    settings = settings_in_force()
    own = settings.own_models_dir
    index = ModelIndex(cache_file(), hangs_after_s=_HANGS_S)
    return index.inspect([own, *settings.models_dirs], settings.sources, own)


def _sentence(words: tuple[str, str]) -> str:
    return ". ".join(filter(None, words))


def _by_source(listing: Listing) -> dict[str, str]:
    counts = Counter(model.source for model in listing.models)
    sizes = Counter[str]()
    for model in listing.models:
        sizes[model.source] += model.file_bytes
    return {source.value: f"{count} ({format_bytes(sizes[source])})" for source, count in counts.items()}


def _first(details: list[str]) -> list[str]:
    left = len(details) - _MOST_SHOWN
    return details if left <= 0 else [*details[:_MOST_SHOWN], f"and {left} more"]


def _missing_favourites(settings: Settings, listing: Listing) -> Iterator[Finding]:
    from preheat.models import resolve

    missing = []
    for name in settings.favourites or ():
        try:
            resolve(name, listing.models)
        except EngineError:
            missing.append(name)
    if missing:
        yield to_do("doctor_favourites_missing", names=missing)
