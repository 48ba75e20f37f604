"""Reads places: which files there are, and what their headers say.

Whether a file is a model is read from its header, never guessed from its name; names only join what belongs together.
"""

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
"""A file that ends early and was written to so recently is being copied, not damaged."""


@dataclass(frozen=True, slots=True)
class Content:
    """What was found in a place.

    Attributes:
        troubles: What cannot be read or is damaged, by path.
        unsettled: Files that are being written just now.
        met: Every file that was looked at.
    """

    known: tuple[ScannedFile, ...] = ()
    troubles: Mapping[Path, str] = field(default_factory=dict)
    unsettled: frozenset[Path] = frozenset()
    met: frozenset[Path] = frozenset()


class PlaceReader:
    """Reads places, and remembers the headers of files that have not changed. Any thread; blocks on the disk.

    Args:
        cache: Where headers are remembered.
        settle_s: A file that was written to within so many seconds is not yet offered, but for those that a place has
            when it is read first; 0 trusts every whole file.
    """

    def __init__(self, cache: HeaderCache | None = None, *, settle_s: float = 0.0) -> None:
        self.cache = cache or HeaderCache()
        self._arrays = KnownArrays()
        self._settle_s = settle_s
        self._read_before: set[Path] = set()

    def read(self, place: Place, number: int, alive: Callable[[], None] = lambda: None) -> Content:
        """Return what is in a place.

        Args:
            number: The place's rank among the places.
            alive: Called after every file: the disk answers.
        """
        settle_s = self._settle_s if place.root in self._read_before else 0.0
        troubles: dict[Path, str] = {}
        unsettled: set[Path] = set()
        met: set[Path] = set()
        known: list[ScannedFile] = []
        for candidate in place.candidates(place.root, troubles.__setitem__):
            alive()
            file = read_file(candidate, place.source, number, troubles.__setitem__)
            if file is None:
                continue
            facts = self._facts(file)
            alive()
            met.add(file.path)
            if self._is_fresh(file, settle_s if isinstance(facts, Facts) else _COPYING_S):
                unsettled.add(file.path)
            elif isinstance(facts, Facts):
                known.append(ScannedFile(file, facts))
            else:
                troubles[file.path] = str(facts)
        self._read_before.add(place.root)
        return Content(tuple(known), troubles, frozenset(unsettled), frozenset(met))

    def _facts(self, file: File) -> Facts | ModelFileError:
        """Return what the file's header says, from memory if the file has not changed; or why it says nothing."""
        result = self.cache.get(file.path, file.stamp)
        if result is None:
            try:
                result = facts_of(read_header(file.path, self._arrays))
            except ModelFileError as error:
                result = error
            self.cache.put(file.path, file.stamp, result)
        return result

    def _is_fresh(self, file: File, span_s: float) -> bool:
        """Whether it was written to within so many seconds; by this machine's clock, which may not be its disk's."""
        return self._settle_s > 0 and abs(time.time() - file.stamp.modified_ns / 1e9) < span_s


class Warner:
    """Logs each trouble once; what was repaired and breaks again is worth a new warning. Any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._warned: set[Path] = set()

    def tell(self, troubles: Mapping[Path, str]) -> None:
        """Log what is new among all the troubles of one look."""
        with self._lock:
            new = [problem for path, problem in troubles.items() if path not in self._warned]
            self._warned = set(troubles)
        for problem in new:
            logger.warning("left out of the models: %s", problem)


def merge(contents: Sequence[Content]) -> tuple[Listing, Mapping[Path, str]]:
    """Return what all places have together, and all troubles."""
    troubles = {path: problem for content in contents for path, problem in content.troubles.items()}
    unsettled = frozenset[Path]().union(*(content.unsettled for content in contents))
    explained = {_set_of(path) for path in (*troubles, *unsettled)}
    incomplete: dict[Path, str] = {}
    listing = assemble((known for content in contents for known in content.known), incomplete.__setitem__)
    # A set that lacks a part which is damaged, or is being copied, is not worth a second warning.
    troubles.update((path, problem) for path, problem in incomplete.items() if _set_of(path) not in explained)
    return replace(listing, unsettled=bool(unsettled)), troubles


def _set_of(path: Path) -> tuple[Path, str]:
    part = SPLIT_PART.fullmatch(path.stem)
    return (path.parent, part["prefix"]) if part else (path, "")


def folder_places(dirs: Sequence[Path], own: Path | None = None) -> list[Place]:
    """Return these folders as places, each once; ``own`` is Preheat's, where it is not the usual one."""
    own = paths.models_dir() if own is None else _absolute(own)
    roots = dict.fromkeys(_absolute(folder) for folder in dirs)
    return [Place(Source.PREHEAT if root == own else Source.FOLDER, root, folder_candidates) for root in roots]


def _absolute(folder: Path) -> Path:
    # Not Path.expanduser, which raises for unknown users; not resolve(), which loses the links' own names.
    return Path(os.path.expanduser(folder)).absolute()  # noqa: PTH111 - see above
