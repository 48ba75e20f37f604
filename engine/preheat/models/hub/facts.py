"""Facts about a repository, from the hub's description of it. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from preheat.models.hub.variants import RemoteFile, is_projector, variants_of
from preheat.models.offers import FoundModel

if TYPE_CHECKING:
    from huggingface_hub.hf_api import ModelInfo

_TASKS: Final = {
    "text-generation": "chat",
    "conversational": "chat",
    "text2text-generation": "chat",
    "image-text-to-text": "vision",
    "visual-question-answering": "vision",
    "any-to-any": "vision",
    "feature-extraction": "embedding",
    "sentence-similarity": "embedding",
    "text-ranking": "rerank",
    "text-classification": "rerank",
}
_NAME_TASKS: Final = (
    (re.compile(r"rerank", re.IGNORECASE), "rerank"),
    (re.compile(r"embed|bge-|minilm", re.IGNORECASE), "embedding"),
    (re.compile(r"code|devstral", re.IGNORECASE), "code"),
    (re.compile(r"[-_.]vl[-_.]|vision|llava", re.IGNORECASE), "vision"),
)
_TALKING: Final = frozenset({"", "chat", "code", "vision"})
_TOOLS: Final = re.compile(r"\btools\b")


def found_model(info: ModelInfo) -> FoundModel:
    """Return a search result."""
    files = [RemoteFile(file.rfilename, file.size or 0) for file in info.siblings or ()]
    task = task_of(info)
    return FoundModel(
        repo=info.id,
        title=re.sub(r"[-_.]gguf$", "", info.id.partition("/")[2] or info.id, flags=re.IGNORECASE),
        task=task,
        abilities=abilities_of(info, task, files),
        licence=licence_of(info),
        gated=bool(info.gated),
        downloads=info.downloads or 0,
        likes=info.likes or 0,
        updated_at=updated_at(info),
        parameters=gguf_number(info, "total"),
        trained_context=gguf_number(info, "context_length"),
        quantizations=tuple(dict.fromkeys(each.quantization for each in variants_of(files) if each.quantization)),
    )


def task_of(info: ModelInfo) -> str:
    """Return what a model is for: ``chat``, ``code``, ``vision``, ``embedding`` or ``rerank``; empty if unknown."""
    by_name = next((task for pattern, task in _NAME_TASKS if pattern.search(info.id)), "")
    by_tag = _TASKS.get(info.pipeline_tag or "", "")
    if by_tag == "chat" or not by_tag:
        return by_name or by_tag
    return by_tag


def abilities_of(info: ModelInfo, task: str, files: Sequence[RemoteFile]) -> tuple[str, ...]:
    """Return the known ones of ``chat``, ``tools``, ``vision``, ``embedding`` and ``rerank``."""
    if task not in _TALKING:
        return (task,)
    template = (info.gguf or {}).get("chat_template")
    text = template if isinstance(template, str) else ""
    known = {
        "chat": bool(text or task),
        "tools": _TOOLS.search(text) is not None,
        "vision": task == "vision" or any(is_projector(file.path) for file in files),
    }
    return tuple(ability for ability, has in known.items() if has)


def licence_of(info: ModelInfo) -> str:
    """Return the licence as the hub names it; empty if unknown."""
    card = info.card_data
    named = (card.get("license_name") if card.get("license") == "other" else card.get("license")) if card else None
    if isinstance(named, str) and named:
        return named
    return next((tag.removeprefix("license:") for tag in info.tags or () if tag.startswith("license:")), "")


def updated_at(info: ModelInfo) -> float | None:
    """Return the Unix time of the last change; None if unknown."""
    return info.last_modified.timestamp() if info.last_modified else None


def gguf_number(info: ModelInfo, key: str) -> int:
    """Return a number that the hub has read from a GGUF header; 0 if unknown."""
    value = (info.gguf or {}).get(key)
    return value if isinstance(value, int) and value > 0 else 0
