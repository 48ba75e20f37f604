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
from preheat.inference.processor.device_fit import DeviceFit, FittedLayers, fit_in_process
from preheat.inference.processor.device_listing import TIME_LIMIT_S, ListedDevice, list_in_process
from preheat.inference.processor.device_speed import Pair, ProbedModel, measure_in_process
from preheat.inference.processor.libraries import (
    damaged_library,
    device_libraries,
    is_damaged,
    linked_backends,
    recorded_sums,
    write_sums,
)
from preheat.inference.processor.libraries import fingerprint as library_fingerprint
from preheat.inference.processor.linked import is_for_few_processors
from preheat.inference.processor.report import ProcessorReport, processor_report

__all__ = [
    "NONE_REFUSED",
    "TIME_LIMIT_S",
    "Candidate",
    "Choice",
    "DeviceFit",
    "FittedLayers",
    "ListedDevice",
    "Outcome",
    "Pair",
    "ProbedModel",
    "ProcessorReport",
    "choose",
    "damaged_library",
    "device_libraries",
    "fit_in_process",
    "is_damaged",
    "is_for_few_processors",
    "library_fingerprint",
    "linked_backends",
    "list_in_process",
    "measure_in_process",
    "processor_key",
    "processor_report",
    "recorded_sums",
    "remembered_choice",
    "write_sums",
]
