"""Models of other programs, read in place and never changed: one module per program.

Each has ``roots``, its folders, and ``candidates``, which yields the files in one of them.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from typing import Final

from preheat.models.model_file import Source
from preheat.models.sources import huggingface, jan, llamacpp, lmstudio, ollama
from preheat.models.sources.candidates import Candidate, Place, Report

_PROGRAMS: Final[dict[Source, tuple[Callable[[], tuple[Path, ...]], Callable[[Path, Report], Iterator[Candidate]]]]] = {
    Source.HUGGINGFACE: (huggingface.roots, huggingface.candidates),
    Source.LMSTUDIO: (lmstudio.roots, lmstudio.candidates),
    Source.OLLAMA: (ollama.roots, ollama.candidates),
    Source.LLAMACPP: (llamacpp.roots, llamacpp.candidates),
    Source.JAN: (jan.roots, jan.candidates),
}


def program_places(sources: Collection[str]) -> list[Place]:
    """Return the folders of the named programs; they need not exist. Reads small settings files."""
    return [
        Place(source, root, candidates)
        for source, (roots, candidates) in _PROGRAMS.items()
        if source.value in sources
        for root in roots()
    ]
