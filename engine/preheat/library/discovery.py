"""Finds the models in folders.

Whether a file is a model is read from its header, never guessed from its name; names only join split sets.
"""

from __future__ import annotations

import logging
import os
import sys
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from preheat.errors import ModelFileError
from preheat.library.gguf import read_header
from preheat.library.gguf_header import GgufHeader
from preheat.library.model_file import ModelFile
from preheat.library.model_shape import ModelShape, shape_of
from preheat.library.names import SPLIT_PART, base_id, printable

logger = logging.getLogger(__name__)

_MAX_DEPTH: Final = 16
_DOWNLOAD: Final = "Download it again."
# Made with the tools of llama.cpp, but not text models: image encoders, speech, drafts for speculative decoding.
_NOT_TEXT: Final = frozenset(
    {"clip", "dflash", "eagle3", "gemma4-assistant", "pockettts", "qwen3tts", "wavtokenizer-dec"}
)


@dataclass(frozen=True, slots=True)
class _Stamp:
    """What changes when a file does."""

    device: int
    inode: int
    file_bytes: int
    modified_ns: int

    @property
    def identity(self) -> tuple[int, int]:
        """The same for every name of one file."""
        return self.device, self.inode


@dataclass(frozen=True, slots=True)
class _Found:
    """A file with a model's ending. ``order`` ranks it: its folder's place, then its path."""

    order: tuple[int, str]
    path: Path
    is_link: bool
    stamp: _Stamp


@dataclass(frozen=True, slots=True)
class _Facts:
    """What is remembered of a header: a header with all its tensors would take a hundred times as much."""

    architecture: str
    context_length: int
    embeddings: bool
    chat_template: bool
    shape: ModelShape
    split_count: int
    tensors: int
    unfit: str  # why it is no model that Preheat can serve; empty if it is one


def find_models(dirs: Sequence[Path]) -> tuple[ModelFile, ...]:
    """Return the models in these folders and below, by id. See ``Scanner`` for scanning more than once."""
    return Scanner().scan(dirs)


class Scanner:
    """Scans folders, and remembers the headers of files that have not changed.

    Blocks on the disk. Any thread; scans wait for each other.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._facts: dict[Path, tuple[_Stamp, _Facts | ModelFileError]] = {}
        self._warned: set[Path] = set()
        self._troubled: set[Path] = set()  # in the present scan

    def scan(self, dirs: Sequence[Path]) -> tuple[ModelFile, ...]:
        """Return the models in these folders and below, by id.

        A file that is reachable by several names is one model; of two files with one name, the one in the earlier
        folder has the plain id, and the id of the other begins with the name of its folder. Folders that do not exist
        are passed over. What cannot be read or is damaged is left out, with a warning the first time.
        """
        with self._lock:
            self._troubled = set()
            found = _distinct(self._walk_all(dirs))
            models = [model for files in _sets(found) if (model := self._model(files))]
            seen = {file.path for file in found}
            self._facts = {path: facts for path, facts in self._facts.items() if path in seen}
            self._warned &= self._troubled  # what was repaired and breaks again is worth a new warning
            return _with_unique_ids(models)

    def _walk_all(self, dirs: Sequence[Path]) -> Iterator[_Found]:
        entered: set[tuple[int, int]] = set()
        for place, folder in enumerate(dirs):
            # Not Path.expanduser, which raises for unknown users; not resolve(), which loses the links' own names.
            root = Path(os.path.expanduser(folder)).absolute()  # noqa: PTH111
            for path, is_link, stamp in self._walk(root, entered, depth=0):
                yield _Found((place, str(path)), path, is_link, stamp)

    def _walk(self, folder: Path, entered: set[tuple[int, int]], depth: int) -> Iterator[tuple[Path, bool, _Stamp]]:
        """Yield the files below ``folder``. ``entered`` holds the folders seen: links may form loops."""
        try:
            status = folder.stat()
            if (status.st_dev, status.st_ino) in entered:
                return
            entered.add((status.st_dev, status.st_ino))
            with os.scandir(folder) as listing:
                entries = sorted(listing, key=lambda entry: entry.name)
        except FileNotFoundError:
            return  # not made yet, or just removed
        except OSError as error:
            self._warn(folder, f"{error.strerror or error} ({printable(str(folder))})")
            return
        for entry in entries:
            # Hidden: trash folders, download caches, macOS's resource forks ("._model.gguf").
            if entry.name.startswith("."):
                continue
            path = folder / entry.name
            try:
                if entry.is_dir():
                    if depth < _MAX_DEPTH:
                        yield from self._walk(path, entered, depth + 1)
                elif entry.name.lower().endswith(".gguf"):
                    if entry.is_file():
                        yield path, entry.is_symlink(), _stamp(path)
                    elif entry.is_symlink():
                        self._warn(path, f"{printable(str(path))} is a link that leads nowhere")
            except OSError as error:
                self._warn(path, f"{error.strerror or error} ({printable(str(path))})")

    def _model(self, files: Sequence[_Found]) -> ModelFile | None:
        """Return the model that a file or the parts of a split set make; None if they make none."""
        first = files[0]
        where = printable(str(first.path))
        parts = [part for file in files if (part := SPLIT_PART.fullmatch(file.path.stem))]
        expected = int(parts[0]["count"]) if parts else 1
        if parts and [int(part["number"]) for part in parts] != list(range(1, expected + 1)):
            self._warn(first.path, f"{where} is one of {expected} parts, and some are missing. {_DOWNLOAD}")
            return None
        headers = [self._read(file) for file in files]
        facts = headers[0]
        if facts is None or None in headers:
            return None
        if facts.unfit:
            logger.debug("%s is not offered: %s", where, facts.unfit)
            return None
        if facts.split_count != expected:
            problem = f"{where} belongs to a set of {facts.split_count} by its header, of {expected} by its name"
            self._warn(first.path, f"{problem}. Give the parts the names that they were made with.")
            return None
        if not any(header.tensors for header in headers if header):
            logger.debug("%s is not offered: it is a vocabulary without a model", where)
            return None
        return ModelFile(
            model_id=base_id(first.path.name),
            path=first.path,
            file_bytes=sum(file.stamp.file_bytes for file in files),
            architecture=facts.architecture,
            context_length=facts.context_length,
            embeddings=facts.embeddings,
            chat_template=facts.chat_template,
            files=tuple(file.path for file in files),
            modified_at=max(file.stamp.modified_ns for file in files) / 1e9,
            shape=_whole_shape([header.shape for header in headers if header]),
        )

    def _read(self, file: _Found) -> _Facts | None:
        """Return what the file's header says, from memory if the file has not changed; None if it is damaged."""
        stamp, result = self._facts.get(file.path, (None, None))
        if result is None or stamp != file.stamp:
            try:
                result = _facts(read_header(file.path))
            except ModelFileError as error:
                result = error
            self._facts[file.path] = file.stamp, result
        if isinstance(result, ModelFileError):
            self._warn(file.path, str(result))
            return None
        return result

    def _warn(self, path: Path, problem: str) -> None:
        self._troubled.add(path)
        if path not in self._warned:
            self._warned.add(path)
            logger.warning("left out of the models: %s", problem)


def _stamp(path: Path) -> _Stamp:
    status = path.stat()
    return _Stamp(status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns)


def _distinct(files: Iterator[_Found]) -> list[_Found]:
    """Return each file once: by its own name before a link's, then by the first folder and path."""
    found: dict[tuple[int, int], _Found] = {}
    for file in sorted(files, key=lambda file: (file.is_link, file.order)):
        found.setdefault(file.stamp.identity, file)
    return sorted(found.values(), key=lambda file: file.order)


def _sets(files: Sequence[_Found]) -> Iterator[list[_Found]]:
    """Join the parts of split sets; every other file is a set of its own."""
    sets: dict[tuple[Path, str, str], list[_Found]] = {}
    for file in files:
        part = SPLIT_PART.fullmatch(file.path.stem)
        # The ending too: llama.cpp makes the other parts' names from the first one's, letter by letter.
        key = (file.path.parent, part["prefix"], part["count"]) if part else (file.path, "", "")
        sets.setdefault(key, []).append(file)
    yield from sets.values()


def _facts(header: GgufHeader) -> _Facts:
    return _Facts(
        architecture=sys.intern(header.architecture),
        context_length=header.context_length,
        embeddings=header.embeddings,
        chat_template=header.chat_template,
        shape=shape_of(header),
        split_count=header.split_count,
        tensors=len(header.tensors),
        unfit=_unfit(header),
    )


def _whole_shape(parts: Sequence[ModelShape]) -> ModelShape:
    """Return the shape of a split set: the first part describes the model, and each holds some of its tensors."""
    if len(parts) == 1:
        return parts[0]
    return replace(
        parts[0],
        weight_bytes=sum(part.weight_bytes for part in parts),
        repack_bytes=sum(part.repack_bytes for part in parts),
    )


def _unfit(header: GgufHeader) -> str:
    """Return why Preheat cannot serve the model; empty if it can."""
    if header.byte_order != sys.byteorder:
        return "its byte order is not this machine's"
    if header.kind != "model":
        return f"it is of the type {printable(header.kind)}"
    if header.architecture in _NOT_TEXT:
        return f"its architecture is {header.architecture}"
    if header.pooling == "rank":
        return "it is a reranker"
    # llama.cpp loads no language model without a vocabulary; image models of other programs have none.
    if header.tokenizer in {"", "no_vocab", "none"}:
        return "it has no vocabulary"
    return ""


def _with_unique_ids(models: Sequence[ModelFile]) -> tuple[ModelFile, ...]:
    """Return the models by id. The first of those that share an id keeps it, whatever the others are renamed to."""
    taken = {model.model_id for model in models}
    seen: set[str] = set()
    named: list[ModelFile] = []
    for model in models:
        unique = model
        if model.model_id in seen:
            unique = replace(model, model_id=next(name for name in _longer_ids(model) if name not in taken))
        taken.add(unique.model_id)
        seen.add(model.model_id)
        named.append(unique)
    return tuple(sorted(named, key=lambda model: model.model_id))


def _longer_ids(model: ModelFile) -> Iterator[str]:
    """Yield ids to try: with the folder's name before, then with the folder above it, and at last with a number."""
    longer = model.model_id
    for folder in model.path.parents:
        if not folder.name:
            break
        # No spaces: ids are typed, and are parts of URLs.
        longer = "-".join((*printable(folder.name).lower().split(), longer))
        yield longer
    number = 2
    while True:
        yield f"{model.model_id}-{number}"
        number += 1
