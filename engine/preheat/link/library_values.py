"""What can be fetched and what is here, as a user interface has it: frozen values."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class FoundModel:
    """One result of a search on the hub.

    Attributes:
        repo: ``owner/name``.
        title: The name without its owner.
        task: ``chat``, ``code``, ``vision``, ``embedding`` or ``rerank``; empty if the hub does not tell.
        licence: As the hub names it; empty if it does not.
        gated: Whether the owner wants the user's consent first.
        downloads: In the last 30 days.
        updated_at: Unix time of the last change; None if unknown.
        parameters: How many the model has; 0 if unknown.
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
class OfferedVariant:
    """One quantization that a repository offers.

    Attributes:
        name: What to pull to get it.
        quantization: Such as ``Q4_K_M``; empty if no file name tells.
        quantization_words: The same for people: ``4-bit, good quality``.
        total_bytes: What it takes on disk, everything together.
        memory_bytes: What it is expected to take when it is loaded.
        fits: Whether that is within the memory limit.
        recommended: Whether it is the one to take on this machine.
        parts: How many files it is.
        vision: Whether what a model needs to see pictures comes with it.
    """

    name: str
    quantization: str
    quantization_words: str
    total_bytes: int
    memory_bytes: int
    fits: bool
    recommended: bool = False
    parts: int = 1
    vision: bool = False


@dataclass(frozen=True, slots=True)
class RepoOffer:
    """What a repository on the hub offers.

    Attributes:
        repo: ``owner/name``.
        variants: The smallest first.
        gated: Whether the owner wants the user's consent first.
        licence: As the hub names it; empty if it does not.
        parameters: How many the model has; 0 if unknown.
        trained_context: In tokens; 0 if unknown.
        here: Ids of the models on disk that came from it.
        limit_bytes: What models may use together.
        why: Why the recommended one is, in one sentence without its full stop; empty if none is.
    """

    repo: str
    variants: tuple[OfferedVariant, ...] = ()
    gated: bool = False
    licence: str = ""
    parameters: int = 0
    trained_context: int = 0
    here: tuple[str, ...] = ()
    limit_bytes: int = 0
    why: str = ""


@dataclass(frozen=True, slots=True)
class SuggestedModel:
    """One model of the catalogue, as it suits this machine.

    Attributes:
        name: What to pull to get it, such as ``qwen3:4b``.
        repo: Where its files are on the hub.
        sentence: What it is good for, in plain words.
        task: ``chat``, ``code``, ``small``, ``vision``, ``embedding`` or ``rerank``.
        quantization: The one to take; where none fits, the smallest.
        quantization_words: The same for people.
        download_bytes: What it takes on disk.
        memory_bytes: What it is expected to take when it is loaded.
        fits: Whether that is within the memory limit.
        missing_bytes: How much more than the limit it needs; 0 if it fits.
        best: Whether it is the best one for its task on this machine.
        here: Ids of the models on disk that are this one.
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

    @property
    def pull_name(self) -> str:
        """What to pull to get just the quantization that is suggested."""
        return f"{self.repo}:{self.quantization}" if self.quantization else self.repo


@dataclass(frozen=True, slots=True)
class ModelFacts:
    """What is known of a model that is on disk.

    Attributes:
        source: Whose folder it is in: ``preheat``, ``folder``, ``huggingface``, ``lmstudio``, ``ollama``, ...
        own: Whether it is in Preheat's own folder, and may be deleted.
        files: Paths of all its files.
        file_bytes: Their sizes together.
        parameters: 0 if unknown, as is ``trained_context``, in tokens.
        abilities: ``chat``, ``completion``, ``embedding``, ``rerank``, ``vision``.
    """

    model_id: str
    source: str = "preheat"
    own: bool = True
    files: tuple[str, ...] = ()
    file_bytes: int = 0
    name: str = ""
    parameters: int = 0
    quantization: str = ""
    quantization_words: str = ""
    trained_context: int = 0
    licence: str = ""
    abilities: tuple[str, ...] = field(default=())
    aliases: tuple[str, ...] = field(default=())
