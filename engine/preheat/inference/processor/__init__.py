"""Which of llama.cpp's libraries this processor gets, and why.

A package has one library for each generation of processors. Nothing here loads llama.cpp.
"""

from __future__ import annotations

from preheat.inference.processor.choice import (
    NONE_REFUSED,
    Candidate,
    Choice,
    Outcome,
    choose,
    processor_key,
    remembered_choice,
)
from preheat.inference.processor.libraries import damaged_library, device_libraries, write_sums
from preheat.inference.processor.linked import is_for_few_processors
from preheat.inference.processor.report import ProcessorReport, processor_report

__all__ = [
    "NONE_REFUSED",
    "Candidate",
    "Choice",
    "Outcome",
    "ProcessorReport",
    "choose",
    "damaged_library",
    "device_libraries",
    "is_for_few_processors",
    "processor_key",
    "processor_report",
    "remembered_choice",
    "write_sums",
]
