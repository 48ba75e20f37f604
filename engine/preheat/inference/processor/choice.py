"""Chooses the library of llama.cpp for this processor: the best one that has been proven to run.

llama.cpp rates each library by the processor's features alone. Whether the system allows them is seen by computing with
the library in a process of its own (``preheat.inference.worker.backends.probe``). The outcome is kept in the cache
folder until the processor or the files change.
"""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from preheat.errors import ModelLoadError
from preheat.files import read_json, write_atomic
from preheat.inference.processor.libraries import SINGLE, cpu_libraries, fingerprint, is_damaged, recorded_sums
from preheat.installation import processor_identity
from preheat.messages import msg
from preheat.paths import cache_dir

if TYPE_CHECKING:
    from preheat.inference.processor.probing import Attempt

logger = logging.getLogger(__name__)

EXCLUDED: Final = frozenset({"sapphirerapids"})
"""Built by llama.cpp but never used: AMX is rated by what the processor has, not by what the system allows."""

NONE_REFUSED: Final[Mapping[str, str]] = MappingProxyType({})

_MEMORY_VERSION: Final = 1
_MOST_REMEMBERED: Final = 8


class Outcome(StrEnum):
    """What is known about a library."""

    PROVEN = "proven"
    """It has computed correct results on this processor."""

    UNPROVEN = "unproven"
    """The build has no other one, so it is used without a trial."""

    NOT_NEEDED = "not_needed"
    """It would run, but a better one does."""

    UNSUPPORTED = "unsupported"
    """The processor lacks instructions that it uses."""

    FAILED = "failed"
    """Its trial ended in a crash or with wrong results."""

    DAMAGED = "damaged"
    """The file is not as it was built."""

    EXCLUDED = "excluded"
    """Never used."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A library for some generation of processors."""

    variant: str  # llama.cpp's name for the generation, such as ``haswell``
    score: int  # llama.cpp's rating on this processor; 0 if it does not run, or was not rated
    outcome: Outcome
    detail: str = ""  # how its trial failed, such as ``SIGILL``


@dataclass(frozen=True, slots=True)
class Choice:
    """The chosen library, and all that were considered, best first."""

    variant: str
    path: Path
    candidates: tuple[Candidate, ...]


def choose(refused: Mapping[str, str] = NONE_REFUSED, *, remember: bool = True) -> Choice:
    """Return the library for this processor; proves it unless that is remembered. Any process, any thread.

    Args:
        refused: Variants that could not be loaded although they were chosen, and the system's reason, which is empty
            if the processor lacks instructions.
        remember: Write the choice to the cache folder.

    Raises:
        ModelLoadError: No library is whole and runs here.
        InsufficientMemoryError: There is no memory to try them.
    """
    libraries = cpu_libraries()
    key = processor_key()
    remembered = _recall(key, libraries)
    if remembered is not None and remembered.variant not in refused:
        return remembered
    chosen, lasting = _prove(libraries, refused)
    if lasting and remember:
        _remember(key, chosen)
    return chosen


def remembered_choice() -> Choice | None:
    """Return the choice that workers will make, if it is known."""
    return _recall(processor_key(), cpu_libraries())


def _prove(libraries: Mapping[str, Path], refused: Mapping[str, str]) -> tuple[Choice, bool]:
    """Return the best library that works, and whether that may be remembered."""
    from preheat.inference.processor.probing import attempt  # with it comes psutil, which no worker needs later

    sums = recorded_sums()
    known = {
        variant: Candidate(variant, 0, Outcome.FAILED if reason else Outcome.UNSUPPORTED, reason)
        for variant, reason in refused.items()
    }
    for variant, path in libraries.items():
        if variant in EXCLUDED:
            known[variant] = Candidate(variant, 0, Outcome.EXCLUDED)
        elif is_damaged(path, sums):
            logger.error("llama.cpp's library %s is damaged and is not used", path)
            known[variant] = Candidate(variant, 0, Outcome.DAMAGED)
    if set(libraries) == {SINGLE} and SINGLE not in known:
        return Choice(SINGLE, libraries[SINGLE], (Candidate(SINGLE, 0, Outcome.UNPROVEN),)), True
    lasting = True
    while untried := {variant: path for variant, path in libraries.items() if variant not in known}:
        tried = attempt(untried)
        known |= _outcomes(tried)
        lasting = lasting and tried.lasting
        if tried.works is not None:
            candidates = sorted(known.values(), key=lambda candidate: (-candidate.score, candidate.variant))
            return Choice(tried.works, libraries[tried.works], tuple(candidates)), lasting
    raise _none_left(known.values(), libraries)


def _outcomes(tried: Attempt) -> dict[str, Candidate]:
    """Return what an attempt says about its candidates; those that it did not reach are left for the next one."""
    found = {
        variant: Candidate(variant, 0, Outcome.UNSUPPORTED) for variant, score in tried.scores.items() if not score
    }
    for variant, detail in tried.failures.items():
        found[variant] = Candidate(variant, tried.scores.get(variant, 0), Outcome.FAILED, detail)
    if tried.works is not None:
        for variant, score in tried.scores.items():
            found.setdefault(variant, Candidate(variant, score, Outcome.NOT_NEEDED))
        found[tried.works] = replace(found[tried.works], outcome=Outcome.PROVEN)
    return found


def _none_left(known: Iterable[Candidate], libraries: Mapping[str, Path]) -> ModelLoadError:
    """Return the error of a build without a usable library."""
    by_outcome = {candidate.outcome: candidate for candidate in known}
    if damaged := by_outcome.get(Outcome.DAMAGED):
        return ModelLoadError(msg("llama_library_damaged", file=libraries[damaged.variant].name))
    if failed := by_outcome.get(Outcome.FAILED):
        return ModelLoadError(msg("llama_library_failed", file=libraries[failed.variant].name, reason=failed.detail))
    return ModelLoadError(msg("processor_unsupported" if libraries else "llama_library_missing"))


# Memory


def _memory_file() -> Path:
    return cache_dir() / "processor.json"


def processor_key() -> str:
    """Return a text that changes with the processor and with llama.cpp's files."""
    what = f"{_MEMORY_VERSION}\n{processor_identity()}\n{fingerprint()}"
    return hashlib.sha256(what.encode(errors="surrogateescape")).hexdigest()[:16]


def _recall(key: str, libraries: Mapping[str, Path]) -> Choice | None:
    try:
        known = _read_memory()[key]
        candidates = tuple(
            Candidate(entry["variant"], entry["score"], Outcome(entry["outcome"]), entry["detail"])
            for entry in known["candidates"]
        )
        return Choice(known["variant"], libraries[known["variant"]], candidates)
    except (TypeError, KeyError, ValueError):  # nothing is known, or the file was edited
        return None


def _remember(key: str, choice: Choice) -> None:
    memory = _read_memory()
    memory.pop(key, None)
    entry = {"variant": choice.variant, "candidates": [asdict(candidate) for candidate in choice.candidates]}
    kept = dict([*memory.items(), (key, entry)][-_MOST_REMEMBERED:])
    try:
        write_atomic(_memory_file(), json.dumps(kept, indent=1), durable=False)
    except OSError as error:
        logger.warning("the choice of llama.cpp's library is not kept: %s", error)


def _read_memory() -> dict[str, Any]:
    try:
        memory = read_json(_memory_file())
    except (OSError, ValueError):
        return {}
    return memory if isinstance(memory, dict) else {}
