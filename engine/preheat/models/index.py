"""All models of this machine, seen by one look: Preheat's folders and those of other programs, each in its own thread.

A network folder can hang for minutes. One that does not answer is left out of the look, and said to be; it comes back
with the first look after it has answered.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from preheat import paths
from preheat.models.discovery import Content, PlaceReader, Warner, folder_places, merge
from preheat.models.file_names import printable
from preheat.models.gguf.cache import HeaderCache
from preheat.models.listing import Listing
from preheat.models.model_file import ModelFile
from preheat.models.sources.candidates import Place
from preheat.models.sources.programs import program_places
from preheat.models.watch import Watch

logger = logging.getLogger(__name__)

SETTLE_S: Final = 1.0
"""A file that an application sees change is offered when nothing was written to it for so long."""

HANGS_AFTER_S: Final = 3.0
"""A folder that shows no file for so long does not answer."""


class ModelIndex:
    """Looks at all places, and watches them. Any thread; looks wait for each other.

    Args:
        cache_path: Where what headers say is kept over restarts; None keeps it in memory.
        on_change: Called in another thread when something may have changed; None watches nothing.
        settle_s: See ``SETTLE_S``; 0 for a look that is not repeated.
    """

    def __init__(
        self,
        cache_path: Path | None = None,
        *,
        on_change: Callable[[], None] | None = None,
        settle_s: float = 0.0,
        hangs_after_s: float = HANGS_AFTER_S,
    ) -> None:
        self._reader = PlaceReader(HeaderCache(cache_path), settle_s=settle_s)
        self._warner = Warner()
        self._on_change = on_change
        self._hangs_after_s = hangs_after_s
        self._lock = threading.Lock()
        self._hanging: dict[Place, _Reading] = {}
        self._watches: dict[Path, Watch] = {}
        self._closed = False

    def look(self, folders: Sequence[Path], sources: Collection[str] = (), own: Path | None = None) -> Listing:
        """Return what is in these folders, and in those of the programs that are named; ``own`` is Preheat's.

        Blocks on the disk, but not for long on one that hangs.
        """
        with self._lock:
            places = [*folder_places(folders, own), *program_places(sources)]
            readings = [self._reading(place, number) for number, place in enumerate(places)]
            contents: list[Content] = []
            unreachable: dict[Path, str] = {}
            for reading in readings:
                if reading.wait(self._hangs_after_s):
                    self._hanging.pop(reading.place, None)
                    contents.append(reading.result())
                else:
                    self._hanging[reading.place] = reading
                    unreachable[reading.place.root] = f"{printable(str(reading.place.root))} does not answer"
            listing, troubles = merge(contents)
            self._warner.tell({**troubles, **unreachable})
            self._reader.cache.save(frozenset[Path]().union(*(content.met for content in contents)))
            return replace(listing, unreachable=tuple(unreachable.values()))

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
        """Stop watching. Does not wait for folders that hang."""
        self._closed = True
        for watch in self._watches.values():
            watch.stop()

    def _reading(self, place: Place, number: int) -> _Reading:
        """Start to read a place; one that hangs is not read a second time."""
        hanging = self._hanging.get(place)
        if hanging is not None and not hanging.done:
            return hanging
        return _Reading(self._reader, place, number)


class _Reading:
    """The reading of one place, in a thread that may never end."""

    def __init__(self, reader: PlaceReader, place: Place, number: int) -> None:
        self.place = place
        self._reader = reader
        self._number = number
        self._ended = threading.Event()
        self._content: Content | None = None
        self._late = False
        self._alive_at = time.monotonic()
        # A daemon: the process ends although a disk hangs.
        threading.Thread(target=self._run, name=f"preheat-read-{number}", daemon=True).start()

    @property
    def done(self) -> bool:
        """Whether it has ended."""
        return self._ended.is_set()

    def wait(self, hangs_after_s: float) -> bool:
        """Return whether it ended, before it stood still for so long; one that did before is not waited for."""
        while not self._ended.is_set():
            left_s = self._alive_at + hangs_after_s - time.monotonic()
            if self._late or left_s <= 0:
                self._late = True
                return self._ended.is_set()
            self._ended.wait(left_s)
        return True

    def result(self) -> Content:
        """Return what was found; nothing if reading failed by a bug, which the log has."""
        return self._content or Content()

    def _run(self) -> None:
        try:
            self._content = self._reader.read(self.place, self._number, self._note_alive)
        except Exception:  # a bug in one program's layout is not to hide all other models
            logger.exception("reading %s failed", printable(str(self.place.root)))
        finally:
            self._ended.set()

    def _note_alive(self) -> None:
        self._alive_at = time.monotonic()


def find_models(folders: Sequence[Path]) -> tuple[ModelFile, ...]:
    """Return the models in these folders and below, by id. Blocks on the disk."""
    return ModelIndex().look(folders).models


def look_once(folders: Sequence[Path], sources: Collection[str], own: Path | None = None) -> Listing:
    """Return what is on this machine now, for a command that runs without the application."""
    shelf = ModelIndex(cache_file())
    try:
        own = paths.models_dir() if own is None else own
        return shelf.look([own, *folders], sources, own)
    finally:
        shelf.close()


def cache_file() -> Path:
    """Return where what headers say is kept."""
    return paths.cache_dir() / "headers.json"
