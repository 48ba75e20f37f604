"""Matches image encoders (mmproj) to models.

A repository has one encoder, in several precisions, for all its models. In a mixed folder names decide: publishers put
the model's name into that of its encoder.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from preheat.models.file_names import SPLIT_PART
from preheat.models.gguf.classify import Kind
from preheat.models.gguf.facts import Facts
from preheat.models.gguf.quantization import QUANTIZATION, projector_rank
from preheat.models.sources.candidates import File

_MMPROJ: Final = re.compile(r"(?:^|[-_.])mmproj(?:[-_.]?model)?(?=[-_.]|$)", re.IGNORECASE)


class Projectors:
    """The encoders among these files, by group."""

    def __init__(self, files: Iterable[tuple[File, Facts]]) -> None:
        self._by_group: defaultdict[str, list[File]] = defaultdict(list)
        self._stems: defaultdict[str, set[str]] = defaultdict(set)
        for file, facts in files:
            group = file.candidate.group
            if facts.kind is Kind.PROJECTOR:
                self._by_group[group].append(file)
            else:
                self._stems[group].add(_stem(file))

    def of(self, file: File, facts: Facts) -> Path | None:
        """Return the encoder of a model, if any."""
        group = file.candidate.group
        if not group or facts.embeddings:
            return None
        found = self._by_group.get(group, [])
        if not file.candidate.one_repo and len(self._stems[group]) > 1:
            found = [encoder for encoder in found if _stem(encoder) == _stem(file)]
        paths = {
            projector_rank(each.candidate.name, each.stamp.file_bytes, str(each.path)): each.path for each in found
        }
        return paths[min(paths)] if paths else None


def _stem(file: File) -> str:
    """Return a file's name without its quantization, part number and "mmproj"."""
    name = file.candidate.name.lower().removesuffix(".gguf")
    part = SPLIT_PART.fullmatch(name)
    name = _MMPROJ.sub("", part["prefix"] if part else name)
    return QUANTIZATION.sub("", name).strip("-_. ")
