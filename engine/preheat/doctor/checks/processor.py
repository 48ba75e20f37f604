"""The processor, and the library of llama.cpp for it."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from preheat.doctor.report import Finding, Level, broken, good, to_do

if TYPE_CHECKING:
    from preheat.inference.processor import Candidate, ProcessorReport


def check_processor() -> Iterator[Finding]:
    """Report the processor, and which of llama.cpp's libraries is used on it and why."""
    import psutil

    from preheat.inference.processor import damaged_library, processor_report

    report = processor_report()
    cores, threads = psutil.cpu_count(logical=False), psutil.cpu_count()
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else threads
    details = [f"{cores or '?'} cores, {threads} threads, {usable} of them for this program"]
    yield good("doctor_processor", name=report.processor or platform.machine(), details=details)
    if report.missing:
        yield broken("doctor_processor_old", features=report.missing)
    yield from _library(report)
    damaged = damaged_library()
    if damaged is not None:
        yield broken("doctor_library_damaged", file=damaged.name)


def _library(report: ProcessorReport) -> Iterator[Finding]:
    from preheat.inference.processor import Outcome, is_for_few_processors

    if report.problem is not None:
        yield Finding(Level.BROKEN, report.problem)
        return
    if report.variant is None:
        details = [f"for processors with {', '.join(report.linked)}"] if report.linked else []
        if is_for_few_processors(report.linked):
            yield good("doctor_library_native", details=details)
        else:
            yield good("doctor_library_single", details=details)
        return
    yield good("doctor_library", variant=report.variant, details=_by_outcome(report.candidates))
    failed = [each.variant for each in report.candidates if each.outcome is Outcome.FAILED]
    if failed:
        yield to_do("doctor_library_failed", variants=failed)


def _by_outcome(candidates: Iterable[Candidate]) -> Iterator[str]:
    """Yield a line for each outcome, with its libraries."""
    names: dict[str, list[str]] = {}
    for each in candidates:
        detail = f" ({each.detail})" if each.detail else ""
        names.setdefault(each.outcome.value.replace("_", " "), []).append(each.variant + detail)
    yield from (f"{outcome}: {', '.join(variants)}" for outcome, variants in names.items())
