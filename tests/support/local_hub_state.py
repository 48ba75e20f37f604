"""State of the local hub: repositories by commit, requested faults, received requests."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

Place = Literal["api", "resolve", "cdn"]


@dataclass
class StoredFile:
    """A file of a repository; large ones (``lfs``) are served by the other host."""

    content: bytes | Path
    lfs: bool
    sha256: str

    @property
    def size(self) -> int:
        return self.content.stat().st_size if isinstance(self.content, Path) else len(self.content)

    @property
    def etag(self) -> str:
        return self.sha256 if self.lfs else self.sha256[:40]  # a git blob's name is as long as that


@dataclass
class Repo:
    """A repository: files by commit, and its facts."""

    name: str
    facts: dict[str, Any]
    gated: Literal["auto", "manual", False]
    private: bool
    commits: dict[str, dict[str, StoredFile]] = field(default_factory=dict)
    head: str = ""

    def files(self, revision: str) -> dict[str, StoredFile] | None:
        return self.commits.get(self.head if revision == "main" else revision)

    def commit(self, files: dict[str, StoredFile]) -> None:
        self.head = hashlib.sha1(f"{self.name} {len(self.commits)}".encode()).hexdigest()
        self.commits[self.head] = files


@dataclass(frozen=True)
class Fault:
    """A fault of one request. At most one field is set, in addition to ``headers`` and ``code``."""

    status: int = 0
    headers: Mapping[str, str] = field(default_factory=dict)
    code: str = ""
    drop: bool = False
    cut_after: int | None = None
    corrupt: bool = False
    add_length: int = 0
    text: str | None = None


@dataclass
class Seen:
    """A request and its answer; ``sent`` counts the bytes of the answer's body so far."""

    place: Place
    method: str
    path: str
    headers: Mapping[str, str]
    status: int = 0
    sent: int = 0


def stored(path: str, content: bytes | Path) -> StoredFile:
    if isinstance(content, Path):
        with content.open("rb") as file:
            sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    else:
        sha256 = hashlib.sha256(content).hexdigest()
    return StoredFile(content, path.endswith((".gguf", ".bin", ".safetensors")), sha256)
