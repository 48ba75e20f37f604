"""Words about prompts that are not computed again. Pure except for the language."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QCoreApplication

from preheat_gui.words.catalogue import joined
from preheat_gui.words.figures import format_bytes, format_number, percent, sentence
from preheat_gui.words.messages import message_text

if TYPE_CHECKING:
    from preheat.control import ModelSnapshot, PrefixFigures, PromptSnapshot, RequestRecord


def prompt_words(prompt: PromptSnapshot) -> str:
    """Return a kept prompt and where it is: ``prompt of VS Code, 12,400 tokens, ready``."""
    place = {
        "slot": _tr("ready"),
        "memory": _tr("kept in memory"),
        "disk": _tr("kept on disk"),
    }.get(prompt.tier, prompt.tier)
    return _tr("prompt of {app}, {count} tokens, {place}").format(
        app=prompt.client or _tr("an unknown app"), count=format_number(prompt.tokens), place=place
    )


def prompts_ready(model: ModelSnapshot) -> str:
    """Return which prompts need not be computed again now: ``prompt of VS Code ready``; empty for none."""
    ready = [prompt for prompt in model.prompts if prompt.ready]
    if len(ready) == 1:
        return _tr("prompt of {app} ready").format(app=ready[0].client or _tr("an unknown app"))
    return _tr("{count} prompts ready").format(count=len(ready)) if ready else ""


def reused_words(record: RequestRecord) -> str:
    """Return how much of a prompt was reused: ``12,288 of 12,400 · 99 %``."""
    reused, tokens = record.reused_tokens, record.prompt_tokens
    count = _tr("{reused} of {tokens}").format(reused=format_number(reused), tokens=format_number(tokens))
    return joined(count, percent(min(reused / tokens, 1.0)) if reused and tokens else "")


def reuse_sources(record: RequestRecord) -> str:
    """Return where reused tokens came from: ``from disk``, or ``512 held by the model · 1,024 from disk``."""
    sources = _sources(record)
    if len(sources) == 1:
        return sources[0][1]
    return joined(*(f"{format_number(count)} {words}" for count, words in sources))


def reuse_sentences(record: RequestRecord) -> str:
    """Return a request's prompt, what was reused of it, and why not more, as sentences."""
    sources = ", ".join(f"{format_number(count)} {words}" for count, words in _sources(record))
    prompt = _tr("Prompt: {count} tokens.").format(count=format_number(record.prompt_tokens))
    reused = _tr("Reused: {sources}.").format(sources=sources) if sources else _tr("Reused: none.")
    why = _tr("Why not more: {reason}").format(reason=sentence(message_text(record.recomputed)))
    return joined(prompt, reused, why if record.recomputed is not None else "", separator="\n")


def kept_words(figures: PrefixFigures) -> str:
    """Return how much is kept and where: ``4.6 GB of up to 18.4 GB on disk · 310 MB in memory``."""
    if not figures.disk_bytes and not figures.memory_bytes:
        return _tr("Nothing")
    on_disk = _tr("{size} of up to {limit} on disk").format(
        size=format_bytes(figures.disk_bytes), limit=format_bytes(figures.disk_limit_bytes)
    )
    in_memory = _tr("{size} in memory").format(size=format_bytes(figures.memory_bytes))
    return joined(on_disk if figures.disk_bytes else "", in_memory if figures.memory_bytes else "")


def written_words(figures: PrefixFigures) -> str:
    """Return how much was written to the disk today."""
    written, limit = format_bytes(figures.written_today_bytes), format_bytes(figures.daily_limit_bytes)
    return _tr("Written today: {size} of up to {limit}").format(size=written, limit=limit)


def _sources(record: RequestRecord) -> list[tuple[int, str]]:
    sources = (
        (record.slot_tokens, _tr("held by the model")),
        (record.memory_tokens, _tr("from memory")),
        (record.disk_tokens, _tr("from disk")),
    )
    return [(count, words) for count, words in sources if count]


def _tr(text: str) -> str:
    return QCoreApplication.translate("Prompts", text)
