"""The variants of a repository: one per quantization, with every file that it needs.

Pure. Before a download, file names are all there is to go by; the rules are those of the publishers of GGUF files.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from preheat.models.file_names import SPLIT_PART
from preheat.models.gguf.quantization import projector_rank, quantization_of

_ENDING: Final = ".gguf"
# Not models: importance matrices, draft models, adapters, control vectors, test files.
_HELPER: Final = re.compile(
    r"(?:^|[-_./])(?:imatrix|draft|dflash|eagle3?|lora|adapter|control[-_]?vector|vocab(?:[-_]only)?|mtp)(?:[-_./]|$)",
    re.IGNORECASE,
)
_MMPROJ: Final = re.compile(r"(?:^|[-_./])mmproj(?:[-_./]|$)", re.IGNORECASE)
_MAX_PATH: Final = 1024


@dataclass(frozen=True, slots=True)
class PullTarget:
    """A repository, or a part of one."""

    repo: str  # ``owner/name``
    quantization: str | None = None  # such as ``Q4_K_M``; None for the recommended one
    file: str | None = None  # safe path inside the repository; None for a whole variant
    revision: str = "main"  # branch, tag or commit

    @property
    def name(self) -> str:
        """The target in the form that a pull understands."""
        if self.file is not None:
            return f"{self.repo}/{self.file}"
        return f"{self.repo}:{self.quantization}" if self.quantization else self.repo


@dataclass(frozen=True, slots=True)
class RemoteFile:
    """One file of a repository."""

    path: str  # inside the repository, with ``/``; never absolute, never with ``..``
    size_bytes: int  # 0 if the hub does not say
    sha256: str | None = None  # in lower-case hex; None for a file that is not stored as a large file

    @property
    def name(self) -> str:
        return self.path.rpartition("/")[2]


@dataclass(frozen=True, slots=True)
class Variant:
    """One quantization of a repository's model: the files that a download fetches together."""

    quantization: str  # such as ``Q4_K_M``, in upper case; empty if unknown
    files: tuple[RemoteFile, ...]  # the model; of a split set, every part in order
    mmproj: RemoteFile | None = None  # the image encoder of a vision model

    @property
    def model_bytes(self) -> int:
        return sum(file.size_bytes for file in self.files)

    @property
    def all_files(self) -> tuple[RemoteFile, ...]:
        """The files that a download fetches."""
        return (*self.files, self.mmproj) if self.mmproj else self.files

    @property
    def total_bytes(self) -> int:
        """Size of everything that a download fetches."""
        return sum(file.size_bytes for file in self.all_files)


def is_safe_path(path: str) -> bool:
    """Return whether a path from outside stays inside the folder that it is joined to, on every system."""
    parts = path.split("/")
    return (
        0 < len(path) <= _MAX_PATH
        and path.isprintable()
        and not any(char in path for char in '\\:*?"<>|')
        and all(part and not part.startswith(".") and part == part.strip(" ") and part[-1] != "." for part in parts)
    )


def is_projector(path: str) -> bool:
    """Return whether a file is the image encoder of a vision model."""
    return path.lower().endswith(_ENDING) and _MMPROJ.search(path) is not None


def variants_of(files: Iterable[RemoteFile]) -> tuple[Variant, ...]:
    """Return a repository's variants, the smallest first.

    An incomplete split set is skipped. Each variant gets the best mmproj of the repository. Importance matrices, draft
    models and adapters are not variants.
    """
    ggufs = [file for file in files if file.path.lower().endswith(_ENDING) and is_safe_path(file.path)]
    projectors = [file for file in ggufs if is_projector(file.path)]
    models = [file for file in ggufs if file not in projectors and not _HELPER.search(file.path)]
    mmproj = min(projectors, key=lambda file: projector_rank(file.path, file.size_bytes, file.path), default=None)
    found = [Variant(quantization_of(parts[0].path), parts, mmproj) for parts in _sets(models)]
    return tuple(sorted(found, key=lambda variant: (variant.model_bytes, variant.files[0].path)))


def _sets(files: Sequence[RemoteFile]) -> list[tuple[RemoteFile, ...]]:
    """Return single files, and whole split sets in the order of their parts."""
    singles: list[tuple[RemoteFile, ...]] = []
    split: defaultdict[tuple[str, str], dict[int, RemoteFile]] = defaultdict(dict)
    for file in files:
        part = SPLIT_PART.fullmatch(file.path[: -len(_ENDING)])
        if part is None:
            singles.append((file,))
        else:
            split[part["prefix"], part["count"]][int(part["number"])] = file
    whole = [
        tuple(parts[number] for number in sorted(parts))
        for (_, count), parts in split.items()
        if sorted(parts) == list(range(1, int(count) + 1))
    ]
    return singles + whole
