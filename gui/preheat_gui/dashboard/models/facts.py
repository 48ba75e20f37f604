"""What is said of a model on disk: where it comes from, how it is quantized. Pure but for the language."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QCoreApplication

from preheat_gui.dashboard.downloads.catalogue_words import BETWEEN, parameter_words

if TYPE_CHECKING:
    from preheat.control import ModelFacts

_PROGRAMS: Final = {
    "huggingface": "Hugging Face",
    "lmstudio": "LM Studio",
    "ollama": "Ollama",
    "llamacpp": "llama.cpp",
    "jan": "Jan",
}
"""Names, which no language changes."""


def facts_line(facts: ModelFacts) -> str:
    """Return a model in a line: ``Qwen3 8B · 8.2 billion parameters · Q4_K_M, 4-bit, good quality · ...``."""
    quantization = ", ".join(part for part in (facts.quantization, facts.quantization_words) if part)
    parts = (parameter_words(facts.parameters), quantization, facts.licence, source_words(facts.source))
    return BETWEEN.join(part for part in parts if part)


def source_words(source: str) -> str:
    """Return where a model was found; empty for Preheat's own folder."""
    if source == "folder":
        return _tr("in a folder of yours")
    return _tr("from {program}").format(program=_PROGRAMS[source]) if source in _PROGRAMS else ""


def owner_words(source: str) -> str:
    """Return whose a file is, after "The file is": ``Ollama's``, ``in a folder of yours``."""
    if source in _PROGRAMS:
        return _tr("{program}'s").format(program=_PROGRAMS[source])
    return _tr("in a folder of yours")


def _tr(text: str) -> str:
    return QCoreApplication.translate("ModelFacts", text)
