"""Models that can be downloaded, as offered to one machine."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from preheat.messages import Message
from preheat.models.fits import FITS, Fit


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
    abilities: tuple[str, ...] = ()  # the known ones of ``chat``, ``tools``, ``vision``, ``embedding`` and ``rerank``
    trained_context: int = 0  # in tokens; 0 if unknown
    quantizations: tuple[str, ...] = ()  # such as ``Q4_K_M``
    quantization: str = ""  # the one to suggest for this machine, likewise the next ones; empty if unknown
    download_bytes: int = 0  # estimated from parameters and quantization; 0 if unknown
    memory_bytes: int = 0  # expected size in memory; 0 if unknown
    fits: bool | None = None  # within the memory limit; None if unknown
    fitting: Fit = field(default=FITS, metadata={"flat": True})  # whether it fits now, if ``fits`` is known


TokenSource = Literal["", "environment", "keyring", "file"]


@dataclass(frozen=True, slots=True)
class HubAccount:
    """The user's account on the hub, as far as Preheat uses one. Never has the token."""

    source: TokenSource  # where the token is from: HF_TOKEN, the system's keyring, or ``hf auth login``; empty: none
    user: str = ""  # the account's name, if the hub was asked and knows the token
    problem: Message | None = None  # why the token is not used or not accepted, or could not be checked


@dataclass(frozen=True, slots=True)
class RepoCard:
    """The model card of a repository: its README."""

    repo: str
    markdown: str = ""  # without front matter; empty if there is none
    html: str = ""  # the same, safe to show: few tags, no images, scripts or styles, links only to web pages
    shortened: bool = False  # the original is longer


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
    fitting: Fit = field(default=FITS, metadata={"flat": True})  # whether it fits now
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
    task: str = ""  # see ``FoundModel``, likewise the next ones
    abilities: tuple[str, ...] = ()
    downloads: int = 0
    likes: int = 0
    updated_at: float | None = None
    access: bool | None = None  # whether the token gives access, if it is gated; None if unknown
    from_catalogue: bool = False  # the hub cannot be reached, so these are the sizes of the catalogue


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
    fitting: Fit = field(default=FITS, metadata={"flat": True})  # whether it fits now
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

    def matches(self, query: str) -> bool:
        """Return whether each word of a query is in one of the texts."""
        texts = " ".join((self.name, *self.aliases, self.repo, self.title, self.sentence, self.task)).lower()
        return all(word in texts for word in query.lower().split())

    @property
    def pull_name(self) -> str:
        """Name to pull for exactly the suggested quantization."""
        return f"{self.repo}:{self.quantization}" if self.quantization else self.repo
