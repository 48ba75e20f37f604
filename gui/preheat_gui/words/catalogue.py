"""Words about models to download and files on disk. Pure except for the language."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Final

from PySide6.QtCore import QCoreApplication, QDateTime, QLocale

from preheat_gui.words.figures import SEPARATOR, format_ago, format_tenths

_RECENT_S: Final = 14 * 86_400  # Until this age, an age says more than a month

TASKS: Final = ("chat", "code", "small", "embedding", "vision", "rerank")  # In the order of the catalogue

PROGRAMS: Final = {
    "huggingface": "Hugging Face",
    "lmstudio": "LM Studio",
    "ollama": "Ollama",
    "llamacpp": "llama.cpp",
    "jan": "Jan",
}

INCLUDED: Final = "bundled"  # The source of models that came with the installation


def joined(*parts: str, separator: str = SEPARATOR) -> str:
    """Return the parts that are not empty, in one line."""
    return separator.join(part for part in parts if part)


def task_title(task: str) -> str:
    """Return what models of a task are for; empty for an unknown one."""
    return {
        "chat": _tr("Conversation"),
        "code": _tr("Code"),
        "small": _tr("Small and fast"),
        "embedding": _tr("Search by meaning (embeddings)"),
        "vision": _tr("Images"),
        "rerank": _tr("Ranking of search results"),
    }.get(task, "")


def catalogue_sentence(sentence: str) -> str:
    """Return what a model of the built-in catalogue is good for; another one's sentence stays as it is."""
    return QCoreApplication.translate("CatalogueModels", sentence)


def quantization_words(quantization: str, words: str) -> str:
    """Return a quantization and its description, ``Q4_K_M, 4-bit, good quality``; what is unknown is left out."""
    return joined(quantization, quantization_quality(words), separator=", ")


def quantization_quality(words: str) -> str:
    """Return a quantization's description, ``4-bit, good quality``; empty if it is unknown."""
    return QCoreApplication.translate("Quantizations", words) if words else ""


def ability_words(abilities: Sequence[str]) -> str:
    """Return what a model can do: ``Chat, tools, images``; empty if unknown."""
    names = {
        "chat": _tr("chat"),
        "tools": _tr("tools"),
        "vision": _tr("images"),
        "embedding": _tr("embeddings"),
        "rerank": _tr("ranking"),
    }
    words = ", ".join(names[ability] for ability in abilities if ability in names)
    return words[:1].upper() + words[1:]


def updated_words(updated_at: float | None) -> str:
    """Return when a repository was last changed: ``updated 3 d ago``, ``updated May 2025``; empty if unknown."""
    if updated_at is None:
        return ""
    age_s = time.time() - updated_at
    if age_s < _RECENT_S:
        return _tr("updated {ago}").format(ago=format_ago(max(age_s, 0)))
    date = QDateTime.fromSecsSinceEpoch(int(updated_at)).date()
    return _tr("updated {ago}").format(ago=QLocale().toString(date, "MMM yyyy"))


def parameter_words(parameters: int) -> str:
    """Return a number of parameters: ``4 billion parameters``, ``135 million parameters``; empty if unknown."""
    if parameters <= 0:
        return ""
    if parameters >= 950_000_000:
        return _tr("{count} billion parameters").format(count=format_tenths(parameters / 1e9))
    return _tr("{count} million parameters").format(count=f"{parameters / 1e6:.0f}")


def source_words(source: str) -> str:
    """Return where a model was found; empty for Preheat's own folder."""
    if source == INCLUDED:
        return _tr("included with Preheat")
    if source == "folder":
        return _tr("in one of your folders")
    return _tr("from {program}").format(program=PROGRAMS[source]) if source in PROGRAMS else ""


def owner_words(source: str) -> str:
    """Return who owns a file, for "The file is …": ``managed by Ollama``, ``in one of your folders``."""
    if source == INCLUDED:
        return _tr("part of the installed Preheat")
    if source in PROGRAMS:
        return _tr("managed by {program}").format(program=PROGRAMS[source])
    return _tr("in one of your folders")


def _tr(text: str) -> str:
    return QCoreApplication.translate("Catalogue", text)
