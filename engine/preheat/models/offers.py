"""Models that can be downloaded, as offered to one machine."""

from __future__ import annotations

from dataclasses import dataclass, field

from preheat.messages import Message


@dataclass(frozen=True, slots=True)
class FoundModel:
    """One result of a search on the hub.

    Attributes:
        repo: ``owner/name``.
        title: The name without ``-GGUF``.
        task: ``chat``, ``code``, ``vision``, ``embedding`` or ``rerank``; empty if unknown.
        licence: As the hub names it; empty if unknown.
        gated: Whether the owner requires consent.
        downloads: In the last 30 days.
        updated_at: Unix time of the last change; None if unknown.
        parameters: Number of weights; 0 if unknown.
        here: Ids of the models on disk that came from it.
    """

    repo: str
    title: str
    task: str = ""
    licence: str = ""
    gated: bool = False
    downloads: int = 0
    likes: int = 0
    updated_at: float | None = None
    parameters: int = 0
    here: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class OfferedFile:
    """A file in a repository."""

    path: str
    size_bytes: int


@dataclass(frozen=True, slots=True)
class OfferedVariant:
    """One quantization that a repository offers.

    Attributes:
        name: What to pull to get it.
        quantization: Such as ``Q4_K_M``; empty if unknown.
        quantization_words: The same for people: ``4-bit, good quality``.
        total_bytes: Size on disk.
        memory_bytes: Expected size in memory.
        fits: Within the memory limit.
        recommended: The best choice for this machine.
        mmproj: Path of the image encoder; None without one.
        bits: Bits per weight; 0 if unknown.
    """

    name: str
    quantization: str
    quantization_words: str
    total_bytes: int
    memory_bytes: int
    fits: bool
    recommended: bool = False
    files: tuple[OfferedFile, ...] = ()
    mmproj: str | None = None
    bits: float = 0

    @property
    def parts(self) -> int:
        """Number of model files."""
        return len(self.files) or 1

    @property
    def vision(self) -> bool:
        """Whether it has an image encoder."""
        return self.mmproj is not None


@dataclass(frozen=True, slots=True)
class RepoOffer:
    """What a repository on the hub offers.

    Attributes:
        repo: ``owner/name``.
        variants: The smallest first.
        gated: Whether the owner requires consent.
        licence: As the hub names it; empty if unknown.
        parameters: Number of weights; 0 if unknown.
        trained_context: In tokens; 0 if unknown.
        here: Ids of the models on disk that came from it.
        limit_bytes: The memory limit.
        why: Reason for the recommended variant; None if none is.
    """

    repo: str
    variants: tuple[OfferedVariant, ...] = ()
    gated: bool = False
    licence: str = ""
    parameters: int = 0
    trained_context: int = 0
    here: tuple[str, ...] = ()
    limit_bytes: int = 0
    why: Message | None = None
    commit: str = ""


@dataclass(frozen=True, slots=True)
class SuggestedModel:
    """One model of the catalogue, matched to this machine.

    Attributes:
        name: What to pull to get it, such as ``qwen3:4b``.
        repo: Repository on the hub.
        sentence: What it is good for.
        task: ``chat``, ``code``, ``small``, ``vision``, ``embedding`` or ``rerank``.
        quantization: The suggested one; the smallest if none fits.
        quantization_words: The same for people.
        download_bytes: Size on disk.
        memory_bytes: Expected size in memory.
        fits: Within the memory limit.
        missing_bytes: Memory that it needs above the limit; 0 if it fits.
        best: The best model for its task on this machine.
        here: Ids of the models on disk that are this one.
        why: Reason for the quantization.
    """

    name: str
    repo: str
    title: str
    sentence: str
    task: str
    quantization: str
    quantization_words: str
    download_bytes: int
    memory_bytes: int
    fits: bool
    missing_bytes: int = 0
    best: bool = False
    licence: str = ""
    parameters: int = 0
    here: tuple[str, ...] = ()
    why: Message | None = None
    aliases: tuple[str, ...] = ()
    trained_context: int = 0
    kv_bytes_per_token: int = 0
    mmproj_bytes: int = 0
    sizes: dict[str, int] = field(default_factory=dict, hash=False)

    @property
    def pull_name(self) -> str:
        """What to pull to get exactly the suggested quantization."""
        return f"{self.repo}:{self.quantization}" if self.quantization else self.repo
