"""All models of this machine: in Preheat's folders and those of other programs, each read in its own thread.

A network folder can hang for minutes. A look reports a hanging folder as unreachable and leaves it out, until the first
look after it has responded.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Final

from preheat import paths
from preheat.files import read_small_file, write_atomic
from preheat.messages import Message, msg, render
from preheat.models.discovery import Content, PlaceReader, folder_places, merge
from preheat.models.file_names import printable
from preheat.models.gguf.cache import HeaderCache
from preheat.models.listing import Listing
from preheat.models.model_file import ModelFile
from preheat.models.sources import program_places
from preheat.models.sources.bundled import bundled_places
from preheat.models.sources.candidates import Place
from preheat.models.watch import Watch

logger = logging.getLogger(__name__)

SETTLE_S: Final = 1.0  # time without writes after which an application offers a changed file
_MAX_NAMES_BYTES: Final = 1 << 24
HANGS_AFTER_S: Final = 3.0  # time without a file after which a folder counts as hanging


class ModelIndex:
    """Looks at all places, and watches them. Any thread; looks wait for each other.

    Args:
        cache_path: Cache of headers over restarts; None keeps it in memory.
        on_change: Called in another thread when something may have changed; None watches nothing.
        settle_s: See ``SETTLE_S``; 0 for a single look.
        keep_names: Write the ids of each look next to the cache, for shells. If False, that is done only where there
            are none yet.
    """

    def __init__(
        self,
        cache_path: Path | None = None,
        *,
        on_change: Callable[[], None] | None = None,
        settle_s: float = 0.0,
        hangs_after_s: float = HANGS_AFTER_S,
        keep_names: bool = True,
    ) -> None:
        self._reader = PlaceReader(HeaderCache(cache_path), settle_s=settle_s)
        self._known_problems: set[Path] = set()
        self._on_change = on_change
        self._hangs_after_s = hangs_after_s
        self._names_path = None if cache_path is None else cache_path.with_name(paths.model_names_file().name)
        self.keep_names = keep_names
        self._noted: list[str] | None = None
        self._lock = threading.Lock()
        self._hanging: dict[Place, _Reading] = {}
        self._watches: dict[Path, Watch] = {}
        self._closed = False

    def look(self, folders: Sequence[Path], sources: Collection[str] = (), own: Path | None = None) -> Listing:
        """Return the models in these folders, and in those of the named programs; ``own`` is Preheat's.

        Blocks on the disk, but only briefly on one that hangs.
        """
        with self._lock:
            listing, problems, seen = self._read_places(folders, sources, own)
            self._log_new(problems)
            self._reader.cache.save(seen)
            self._note_names([model.model_id for model in listing.models])
            return listing

    def inspect(
        self, folders: Sequence[Path], sources: Collection[str] = (), own: Path | None = None
    ) -> tuple[Listing, Mapping[Path, Message]]:
        """Return what ``look`` returns, and what is unreadable or damaged, by path. Logs and writes nothing."""
        with self._lock:
            listing, problems, _ = self._read_places(folders, sources, own)
            return listing, problems

    def _read_places(
        self, folders: Sequence[Path], sources: Collection[str], own: Path | None
    ) -> tuple[Listing, Mapping[Path, Message], set[Path]]:
        """Return the listing, the problems by path, and every file that was looked at."""
        places = [*folder_places(folders, own), *program_places(sources), *bundled_places()]
        contents: list[Content] = []
        unreachable: dict[Path, Message] = {}
        for reading in [self._reading(place, number) for number, place in enumerate(places)]:
            root = reading.place.root
            if reading.wait(self._hangs_after_s):
                self._hanging.pop(reading.place, None)
                contents.append(reading.content)
            else:
                self._hanging[reading.place] = reading
                unreachable[root] = msg("folder_unresponsive", path=printable(str(root)))
        listing, problems = merge(contents, frozenset(self._known_names()))
        seen = set[Path]().union(*(content.seen for content in contents))
        return replace(listing, unreachable=tuple(unreachable.values())), {**problems, **unreachable}, seen

    def watch(self, folders: Sequence[Path], sources: Collection[str] = ()) -> None:
        """Watch these places, and no others, until ``close``."""
        if self._on_change is None:
            return
        with self._lock:
            wanted = {place.root for place in (*folder_places(folders), *program_places(sources))}
            for root in self._watches.keys() - wanted:
                self._watches.pop(root).stop()
            for root in wanted - self._watches.keys():
                if not self._closed:
                    self._watches[root] = Watch(root, self._on_change)

    def close(self) -> None:
        """Stop watching. Does not wait for hanging folders."""
        self._closed = True
        for watch in self._watches.values():
            watch.stop()

    def _log_new(self, problems: Mapping[Path, Message]) -> None:
        """Log each problem once, and again if it was solved and returns."""
        for path, problem in problems.items():
            if path not in self._known_problems:
                logger.warning("skipped: %s", ". ".join(filter(None, render(problem))))
        self._known_problems = set(problems)

    def _known_names(self) -> list[str]:
        """Return the ids of the latest look, which may be that of an earlier run."""
        if self._noted is None and self._names_path is not None:
            with suppress(OSError, ValueError):
                self._noted = read_small_file(self._names_path, _MAX_NAMES_BYTES).decode().splitlines()
        return self._noted or []

    def _note_names(self, names: list[str]) -> None:
        """Remember the ids, and write them if they have changed."""
        if names == self._noted:
            return
        self._noted = names
        if self._names_path is None or (not self.keep_names and self._names_path.exists()):
            return
        try:
            write_atomic(self._names_path, "".join(f"{name}\n" for name in names), durable=False)
        except OSError as error:  # a full or read-only disk: shells complete no names
            logger.debug("the names of models cannot be written: %s", error)

    def _reading(self, place: Place, number: int) -> _Reading:
        """Start to read a place, unless an earlier reading still hangs."""
        hanging = self._hanging.get(place)
        if hanging is not None and not hanging.ended.is_set():
            return hanging
        return _Reading(self._reader, place, number)


class _Reading:
    """The reading of one place, in a thread that may never end."""

    def __init__(self, reader: PlaceReader, place: Place, number: int) -> None:
        self.place = place
        self.content = Content()  # stays empty if reading fails by a bug, which is logged
        self.ended = threading.Event()
        self._late = False
        self._alive_at = time.monotonic()
        # A daemon: the process ends although a disk hangs.
        threading.Thread(target=self._run, args=(reader, number), name=f"preheat-read-{number}", daemon=True).start()

    def wait(self, hangs_after_s: float) -> bool:
        """Return whether it ended without hanging for this long; one that did before is not waited for."""
        while not self.ended.is_set():
            left_s = self._alive_at + hangs_after_s - time.monotonic()
            if self._late or left_s <= 0:
                self._late = True
                return self.ended.is_set()
            self.ended.wait(left_s)
        return True

    def _run(self, reader: PlaceReader, number: int) -> None:
        try:
            self.content = reader.read(self.place, number, self._note_alive)
        except Exception:  # a bug with one program's layout must not hide all other models
            logger.exception("reading %s failed", printable(str(self.place.root)))
        finally:
            self.ended.set()

    def _note_alive(self) -> None:
        self._alive_at = time.monotonic()


def find_models(folders: Sequence[Path]) -> tuple[ModelFile, ...]:
    """Return the models in these folders and below, by id. Blocks on the disk."""
    return ModelIndex().look(folders).models


def look_once(folders: Sequence[Path], sources: Collection[str], own: Path | None = None) -> Listing:
    """Return the models of this machine, for a command that runs without the application or next to it."""
    own = paths.models_dir() if own is None else own
    # The application's options may name other folders: its list of names stays.
    return ModelIndex(cache_file(), keep_names=False).look([own, *folders], sources, own)


def cache_file() -> Path:
    """Return the path of the header cache."""
    return paths.cache_dir() / "headers.json"
