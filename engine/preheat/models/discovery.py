"""Reads places: the files in them, and the facts of their headers."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from preheat import paths
from preheat.errors import ModelFileError
from preheat.messages import Message, msg
from preheat.models.file_names import SPLIT_PART, printable
from preheat.models.gguf.cache import HeaderCache, Stamp, stamp_of
from preheat.models.gguf.facts import Facts, facts_of
from preheat.models.gguf.reader import KnownArrays, read_header
from preheat.models.listing import BrokenFile, Listing, ScannedFile, assemble
from preheat.models.model_file import Source
from preheat.models.own_folder import OwnFolder
from preheat.models.sources.candidates import ENDING, Candidate, Place, folder_candidates, problem_of

# A file that ends early and was written to this recently is being copied, not damaged.
_COPYING_S: Final = 10.0


@dataclass(slots=True)
class Content:
    """The files of a place."""

    source: Source = Source.FOLDER
    scanned: list[ScannedFile] = field(default_factory=list)
    problems: dict[Path, Message] = field(default_factory=dict)  # what is unreadable or damaged, by path
    unsettled: set[Path] = field(default_factory=set)  # files that are being written
    seen: set[Path] = field(default_factory=set)  # every file that was looked at
    failed: dict[Path, BrokenFile] = field(default_factory=dict)  # files that cannot be used


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
        self._offered: dict[Path, Stamp] = {}  # files as they were offered: those stay

    def read(self, place: Place, number: int, alive: Callable[[], None]) -> Content:
        """Return the content of the place with this rank. ``alive`` is called after every file: the disk responds."""
        settle_s = self._settle_s if place.root in self._read_before else 0.0
        content = Content(place.source)
        if (problem := paths.path_problem(str(place.root))) is not None:
            content.problems[place.root] = msg("path_unreadable", path=printable(str(place.root)), reason=msg(problem))
            return content
        own = OwnFolder.read(place.root) if place.source is Source.PREHEAT else None
        for candidate in place.candidates(place.root, content.problems.__setitem__):
            alive()
            path = candidate.path
            # A file that the user put into a folder which was not made by Preheat is the user's.
            source = place.source if own is None or own.owns(path) else Source.FOLDER
            try:
                is_link, stamp = path.is_symlink(), stamp_of(path)
            except (OSError, ValueError) as error:
                content.problems[path] = problem_of(path, error)
                content.failed[path] = _broken(candidate, source, 0, content.problems[path])
                continue
            facts = self._facts(path, stamp)
            alive()
            content.seen.add(path)
            fresh = self._is_fresh(stamp, settle_s if isinstance(facts, Facts) else _COPYING_S)
            if fresh and self._offered.get(path) != stamp:
                content.unsettled.add(path)
            elif isinstance(facts, Facts):
                self._offered[path] = stamp
                content.scanned.append(ScannedFile(candidate, source, number, is_link, stamp, facts))
            else:
                content.problems[path] = facts.message
                content.failed[path] = _broken(candidate, source, stamp.file_bytes, facts.message)
        self._read_before.add(place.root)
        return content

    def _facts(self, path: Path, stamp: Stamp) -> Facts | ModelFileError:
        """Return the facts of the file's header or its error, from the cache if the file has not changed."""
        result = self.cache.get(path, stamp)
        if result is None:
            try:
                result = facts_of(read_header(path, self._arrays))
            except ModelFileError as error:
                result = error
            self.cache.put(path, stamp, result)
        return result

    def _is_fresh(self, stamp: Stamp, span_s: float) -> bool:
        """Return whether it was just written to; by this machine's clock, which may differ from its disk's."""
        return self._settle_s > 0 and abs(time.time() - stamp.modified_ns / 1e9) < span_s


def merge(contents: Sequence[Content], known: Collection[str] = ()) -> tuple[Listing, Mapping[Path, Message]]:
    """Return the models of all places together, and all problems; ``known`` are the ids of an earlier listing."""
    problems = {path: problem for content in contents for path, problem in content.problems.items()}
    unsettled = set[Path]().union(*(content.unsettled for content in contents))
    explained = {_set_of(path) for path in (*problems, *unsettled)}
    incomplete: dict[Path, Message] = {}
    scanned = [each for content in contents for each in content.scanned]
    own_names = {each.path.name.lower() for each in scanned if each.source is not Source.BUNDLED}
    wanted = (each for each in scanned if each.source is not Source.BUNDLED or each.path.name.lower() not in own_names)
    listing = assemble(wanted, incomplete.__setitem__, known)
    # A set with a part that is damaged or being copied is not worth a second warning.
    problems.update((path, problem) for path, problem in incomplete.items() if _set_of(path) not in explained)
    broken = {path: file for content in contents for path, file in content.failed.items()}
    for content in contents:  # links into nowhere
        links = (path for path in content.problems if path not in broken and path.suffix.lower() == ENDING)
        broken |= {path: BrokenFile(path.name, path, content.source, 0, content.problems[path]) for path in links}
    for each in scanned:
        if (problem := problems.get(each.path)) is not None:
            broken[each.path] = _broken(each.candidate, each.source, each.stamp.file_bytes, problem)
    files = tuple(broken[path] for path in sorted(broken))
    return replace(listing, broken=files, unsettled=bool(unsettled)), problems


def _broken(candidate: Candidate, source: Source, file_bytes: int, problem: Message) -> BrokenFile:
    """Return a file that cannot be used; a download is at OWNER/REPOSITORY/FILE, which is what to pull again."""
    pull_name = "/".join(candidate.path.parts[-3:]) if source is Source.PREHEAT and candidate.one_repo else ""
    return BrokenFile(printable(candidate.name), candidate.path, source, file_bytes, problem, pull_name)


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
