"""Reads places: the files in them, and the facts of their headers."""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from preheat import paths
from preheat.errors import ModelFileError
from preheat.messages import Message, render
from preheat.models.file_names import SPLIT_PART
from preheat.models.gguf.cache import HeaderCache
from preheat.models.gguf.facts import Facts, facts_of
from preheat.models.gguf.known_arrays import KnownArrays
from preheat.models.gguf.reader import read_header
from preheat.models.listing import Listing, ScannedFile, assemble
from preheat.models.model_file import Source
from preheat.models.sources.candidates import File, Place, folder_candidates, read_file

logger = logging.getLogger(__name__)

_COPYING_S: Final = 10.0
"""A file that ends early and was written to this recently is being copied, not damaged."""


@dataclass(frozen=True, slots=True)
class Content:
    """The files of a place."""

    scanned: tuple[ScannedFile, ...] = ()
    problems: Mapping[Path, Message] = field(default_factory=dict)  # what is unreadable or damaged, by path
    unsettled: frozenset[Path] = frozenset()  # files that are being written
    seen: frozenset[Path] = frozenset()  # every file that was looked at


class PlaceReader:
    """Reads places, and remembers the headers of unchanged files. Any thread; blocks on the disk.

    Args:
        settle_s: Files written to within this time are not offered yet, except on the first reading of a place;
            0 trusts every complete file.
    """

    def __init__(self, cache: HeaderCache, *, settle_s: float = 0.0) -> None:
        self.cache = cache
        self._arrays = KnownArrays()
        self._settle_s = settle_s
        self._read_before: set[Path] = set()

    def read(self, place: Place, number: int, alive: Callable[[], None]) -> Content:
        """Return the content of a place.

        Args:
            number: The place's rank among the places.
            alive: Called after every file: the disk responds.
        """
        settle_s = self._settle_s if place.root in self._read_before else 0.0
        problems: dict[Path, Message] = {}
        unsettled: set[Path] = set()
        seen: set[Path] = set()
        scanned: list[ScannedFile] = []
        for candidate in place.candidates(place.root, problems.__setitem__):
            alive()
            file = read_file(candidate, place.source, number, problems.__setitem__)
            if file is None:
                continue
            facts = self._facts(file)
            alive()
            seen.add(file.path)
            if self._is_fresh(file, settle_s if isinstance(facts, Facts) else _COPYING_S):
                unsettled.add(file.path)
            elif isinstance(facts, Facts):
                scanned.append(ScannedFile(file, facts))
            else:
                problems[file.path] = facts.message
        self._read_before.add(place.root)
        return Content(tuple(scanned), problems, frozenset(unsettled), frozenset(seen))

    def _facts(self, file: File) -> Facts | ModelFileError:
        """Return the facts of the file's header or its error, from the cache if the file has not changed."""
        result = self.cache.get(file.path, file.stamp)
        if result is None:
            try:
                result = facts_of(read_header(file.path, self._arrays))
            except ModelFileError as error:
                result = error
            self.cache.put(file.path, file.stamp, result)
        return result

    def _is_fresh(self, file: File, span_s: float) -> bool:
        """Return whether it was just written to; by this machine's clock, which may differ from its disk's."""
        return self._settle_s > 0 and abs(time.time() - file.stamp.modified_ns / 1e9) < span_s


class ProblemLog:
    """Logs each problem once, and again if it was solved and returns. Any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: set[Path] = set()

    def report(self, problems: Mapping[Path, Message]) -> None:
        """Log what is new among all the problems of one look."""
        with self._lock:
            new = [problem for path, problem in problems.items() if path not in self._known]
            self._known = set(problems)
        for problem in new:
            logger.warning("skipped: %s", ". ".join(filter(None, render(problem))))


def merge(contents: Sequence[Content]) -> tuple[Listing, Mapping[Path, Message]]:
    """Return the models of all places together, and all problems."""
    problems = {path: problem for content in contents for path, problem in content.problems.items()}
    unsettled = frozenset[Path]().union(*(content.unsettled for content in contents))
    explained = {_set_of(path) for path in (*problems, *unsettled)}
    incomplete: dict[Path, Message] = {}
    listing = assemble((each for content in contents for each in content.scanned), incomplete.__setitem__)
    # A set with a part that is damaged or being copied is not worth a second warning.
    problems.update((path, problem) for path, problem in incomplete.items() if _set_of(path) not in explained)
    return replace(listing, unsettled=bool(unsettled)), problems


def _set_of(path: Path) -> tuple[Path, str]:
    part = SPLIT_PART.fullmatch(path.stem)
    return (path.parent, part["prefix"]) if part else (path, "")


def folder_places(dirs: Sequence[Path], own: Path | None = None) -> list[Place]:
    """Return these folders as places, each once; ``own`` is Preheat's folder, if it is not the usual one."""
    own = paths.models_dir() if own is None else _absolute(own)
    roots = dict.fromkeys(_absolute(folder) for folder in dirs)
    return [Place(Source.PREHEAT if root == own else Source.FOLDER, root, folder_candidates) for root in roots]


def _absolute(folder: Path) -> Path:
    # Not Path.expanduser, which raises for unknown users; not resolve(), which loses the links' own names.
    return Path(os.path.expanduser(folder)).absolute()  # noqa: PTH111 - see above
