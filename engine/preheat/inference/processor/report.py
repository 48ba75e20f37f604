"""What ``preheat doctor`` says about the processor."""

from __future__ import annotations

from dataclasses import dataclass

from preheat.errors import EngineError
from preheat.inference.processor.choice import Candidate, choose
from preheat.inference.processor.libraries import SINGLE, is_linked_in
from preheat.inference.processor.linked import linked_features
from preheat.installation import missing_features, processor_features, processor_name
from preheat.messages import Message


@dataclass(frozen=True, slots=True)
class ProcessorReport:
    """The processor, and llama.cpp's library for it."""

    processor: str  # its name; empty if unknown
    missing: tuple[str, ...]  # instructions that numpy and Qt need and that it lacks
    variant: str | None  # of the library that workers load, such as ``haswell``; None if there is no choice
    candidates: tuple[Candidate, ...] = ()  # all libraries, best first, and what is known about each
    problem: Message | None = None  # why no library can be used
    linked: tuple[str, ...] = ()  # instructions of a library that is linked in


def processor_report() -> ProcessorReport:
    """Return what is known about the processor. Tries the libraries if that has not been done yet: 0.3 s.

    Writes nothing.
    """
    features = processor_features()
    missing = missing_features(features) if features is not None else ()
    name = processor_name()
    try:
        if is_linked_in():
            return ProcessorReport(name, missing, None, linked=linked_features())
        choice = choose(remember=False)
    except EngineError as error:
        return ProcessorReport(name, missing, None, problem=error.message)
    return ProcessorReport(name, missing, None if choice.variant == SINGLE else choice.variant, choice.candidates)
