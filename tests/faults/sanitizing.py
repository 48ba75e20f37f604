"""Runs workers with a llama.cpp that AddressSanitizer watches: hostile files, then hostile requests to a good model."""

from __future__ import annotations

import asyncio
import os
import re
import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import Final

from development.build_sanitized import ensure_libraries, preloaded_libraries
from preheat.models import read_header
from scripted_models import TEMPLATES, write_scripted_model
from tests.faults.hostile_files import FilesReport, load_files, send_hostile_requests
from tests.faults.mutations import write_mutations

_SUMMARY: Final = re.compile(r"^SUMMARY: AddressSanitizer: (.*)$", re.MULTILINE)
_FRAME: Final = re.compile(r"^ +#\d+ 0x[0-9a-f]+ in (.+?) \S*(?:llama|ggml|mtmd)\S*$", re.MULTILINE)


def run_sanitized(files: int, requests: int, seed: int) -> tuple[FilesReport, Counter[str]]:
    """Return how loads and requests ended, and what the sanitizer found: its words and the first place."""
    report = FilesReport()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        os.environ |= _environment(folder)
        good = write_scripted_model(folder / "good.gguf", TEMPLATES["plain"])
        paths = write_mutations(folder, good, read_header(good).data_offset, files, seed)
        asyncio.run(_run(paths, good, requests, seed, report))
        return report, Counter(map(_finding, folder.glob("asan.*")))


async def _run(paths: list[Path], good: Path, requests: int, seed: int, report: FilesReport) -> None:
    await load_files(paths, report, seed=seed)
    await send_hostile_requests(good, requests, seed, report)


def _environment(logs: Path) -> dict[str, str]:
    options = ["detect_leaks=0", "abort_on_error=1", "allocator_may_return_null=1", f"log_path={logs / 'asan'}"]
    return {
        "LLAMA_CPP_LIB_PATH": str(ensure_libraries()),
        "LD_PRELOAD": preloaded_libraries(),
        "ASAN_OPTIONS": ":".join(options),
    }


def _finding(log: Path) -> str:
    text = log.read_text(errors="replace")
    summary, frame = _SUMMARY.search(text), _FRAME.search(text)
    return f"{summary[1] if summary else text[:200]} in {frame[1] if frame else '?'}"


if __name__ == "__main__":
    result, findings = run_sanitized(*map(int, sys.argv[1:4]))
    print(result)
    print(*(f"{count} x {finding}" for finding, count in findings.most_common()), sep="\n")
