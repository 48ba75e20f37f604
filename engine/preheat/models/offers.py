"""Models that can be downloaded, as offered to one machine."""

from __future__ import annotations

from dataclasses import dataclass, field

from preheat.messages import Message


@dataclass(frozen=True, slots=True)
class FoundModel:
    """One result of a search on the hub."""

    repo: str  # ``owner/name``
    title: str  # the name without ``-GGUF``
    task: str = ""  # ``chat``, ``code``, ``vision``, ``embedding`` or ``rerank``; empty if unknown
    licence: str = ""  # as the hub names it; empty if unknown
    gated: bool = False  # whether the owner requires consent
    downloads: int = 0  # in the last 30 days
    likes: int = 0
    updated_at: float | None = None  # Unix time of the last change; None if unknown
    parameters: int = 0  # number of weights; 0 if unknown
    here: tuple[str, ...] = ()  # ids of the models on disk that came from it


@dataclass(frozen=True, slots=True)
class OfferedFile:
    """A file in a repository."""

    path: str
    size_bytes: int


@dataclass(frozen=True, slots=True)
class OfferedVariant:
    """One quantization that a repository offers."""

    name: str  # what to pull to get it
    quantization: str  # such as ``Q4_K_M``; empty if unknown
    quantization_words: str  # the same for people: ``4-bit, good quality``
    total_bytes: int  # size on disk
    memory_bytes: int  # expected size in memory
    fits: bool  # within the memory limit
    recommended: bool = False  # the best choice for this machine
    files: tuple[OfferedFile, ...] = ()
    mmproj: str | None = None  # path of the image encoder; None without one
    bits: float = 0  # bits per weight; 0 if unknown

    @property
    def parts(self) -> int:
        return len(self.files) or 1

    @property
    def vision(self) -> bool:
        return self.mmproj is not None


@dataclass(frozen=True, slots=True)
class RepoOffer:
    """Offer of a repository on the hub."""

    repo: str  # ``owner/name``
    variants: tuple[OfferedVariant, ...] = ()  # the smallest first
    gated: bool = False  # whether the owner requires consent
    licence: str = ""  # as the hub names it; empty if unknown
    parameters: int = 0  # number of weights; 0 if unknown
    trained_context: int = 0  # in tokens; 0 if unknown
    here: tuple[str, ...] = ()  # ids of the models on disk that came from it
    limit_bytes: int = 0  # the memory limit
    why: Message | None = None  # reason for the recommended variant; None if none is
    commit: str = ""


@dataclass(frozen=True, slots=True)
class SuggestedModel:
    """One model of the catalogue, matched to this machine."""

    name: str  # what to pull to get it, such as ``qwen3:4b``
    repo: str  # repository on the hub
    title: str
    sentence: str  # what it is good for
    task: str  # ``chat``, ``code``, ``small``, ``vision``, ``embedding`` or ``rerank``
    quantization: str  # the suggested one; the smallest if none fits
    quantization_words: str  # the same for people
    download_bytes: int  # size on disk
    memory_bytes: int  # expected size in memory
    fits: bool  # within the memory limit
    missing_bytes: int = 0  # memory that it needs above the limit; 0 if it fits
    best: bool = False  # the best model for its task on this machine
    licence: str = ""
    parameters: int = 0
    here: tuple[str, ...] = ()  # ids of the models on disk that are this one
    why: Message | None = None  # reason for the quantization
    aliases: tuple[str, ...] = ()
    trained_context: int = 0
    kv_bytes_per_token: int = 0
    mmproj_bytes: int = 0
    sizes: dict[str, int] = field(default_factory=dict, hash=False)

    @property
    def pull_name(self) -> str:
        """Name to pull for exactly the suggested quantization."""
        return f"{self.repo}:{self.quantization}" if self.quantization else self.repo
