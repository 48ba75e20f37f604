"""The long campaign: ``python -m tests.faults``, or ``make faults``. Run from the project's folder."""

from __future__ import annotations

import argparse
import asyncio
import random
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "packaging"), str(ROOT / "tests" / "support")]

# Found by the paths above.
from preheat import paths  # noqa: E402
from preheat.errors import ModelFileError  # noqa: E402
from preheat.models import read_header  # noqa: E402
from scripted_models import TEMPLATES, write_scripted_model  # noqa: E402
from tests.faults.hostile_files import FilesReport, load_files  # noqa: E402
from tests.faults.killing import kill_at_random  # noqa: E402
from tests.faults.mutations import mutations, write_mutations  # noqa: E402
from tests.faults.sanitizing import run_sanitized  # noqa: E402
from tests.faults.soak import soak  # noqa: E402

PICTURE: Final = ROOT / "build" / "soak.svg"
READ_FILES: Final = 10_000
LOADED_FILES: Final = 200


class Run:
    """One part of the campaign. Each returns its problems and prints its figures."""

    def __init__(self, folder: Path, minutes: float, seed: int) -> None:
        self._folder = folder
        self._minutes = minutes
        self._seed = seed
        self._models = paths.models_dir()

    def killing(self) -> list[str]:
        """Kill and stop workers and the engine for a third of the time."""
        seconds = self._minutes * 20
        report = kill_at_random(self._folder / "killing", self._models, seconds=seconds, seed=self._seed)
        print(report)
        return report.problems

    def soak(self) -> list[str]:
        """Run a simulated day in the rest of the time."""
        report = soak(self._folder / "soak", self._models, seconds=self._minutes * 40, seed=self._seed)
        report.draw(PICTURE)
        print(f"{report}; drawn in {PICTURE}")
        return report.problems()

    def files(self) -> list[str]:
        """Read damaged headers, and load some of the files."""
        original = write_scripted_model(self._folder / "original.gguf", TEMPLATES["plain"])
        header_bytes, damaged, refused = read_header(original).data_offset, self._folder / "damaged.gguf", 0
        for content in mutations(original.read_bytes(), header_bytes, READ_FILES, self._seed):
            damaged.write_bytes(content)
            try:
                read_header(damaged)
            except ModelFileError:
                refused += 1
        report = FilesReport()
        files = write_mutations(self._folder, original, header_bytes, LOADED_FILES, self._seed + 1)
        asyncio.run(load_files(files, report, seed=self._seed))
        print(f"{READ_FILES} headers, {refused} refused; {report}")
        outcomes = report.loads + report.requests
        return [f"{count} of {code}" for code, count in outcomes.items() if code in ("timeout", "internal_error")]

    def sanitizer(self) -> list[str]:
        """Load files, and send requests, with AddressSanitizer. Its findings are llama.cpp's, and only printed."""
        report, findings = run_sanitized(LOADED_FILES, LOADED_FILES, self._seed)
        print(report, *(f"{count} x {finding}" for finding, count in findings.most_common()), sep="\n  ")
        return []


def main() -> int:
    """Run the parts; return 1 if there are problems."""
    parts = [name for name in vars(Run) if not name.startswith("_")]
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("parts", nargs="*", choices=[*parts, []], help="what to run; all by default")
    parser.add_argument("--minutes", type=float, default=40.0, help="for killing (a third) and soak (the rest)")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 30))
    options = parser.parse_args()
    print(f"seed {options.seed}")
    found: list[str] = []
    with tempfile.TemporaryDirectory(prefix="preheat-faults-") as name:
        run = Run(Path(name), options.minutes, options.seed)
        for part in options.parts or parts:
            print(f"== {part}", flush=True)
            work: Callable[[], list[str]] = getattr(run, part)
            problems = work()
            found += [f"{part}: {problem}" for problem in problems]
    print(*found, sep="\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
