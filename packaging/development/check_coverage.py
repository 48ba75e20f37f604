"""Check the coverage of the last test run: a minimum for all code, 100 % for the pure cores.

``make test`` runs it after the tests. It reads ``.coverage`` in the current folder.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

sys.path.insert(0, str(Path(__file__).parents[1]))

from setup_step import SetupError, exit_code_of, say

ROOT: Final = Path(__file__).resolve().parents[2]

FLOOR: Final = 96.0
"""Lines and branches of all code together, in percent."""

PERFECT: Final = (
    "engine/preheat/devices/choice.py",
    "engine/preheat/devices/decode_record.py",
    "engine/preheat/devices/device.py",
    "engine/preheat/devices/placement.py",
    "engine/preheat/devices/power.py",
    "engine/preheat/devices/speeds.py",
    "engine/preheat/inference/prefixes/blocks.py",
    "engine/preheat/inference/prefixes/day.py",
    "engine/preheat/inference/prefixes/header.py",
    "engine/preheat/inference/prefixes/removal.py",
    "engine/preheat/inference/protocol.py",
    "engine/preheat/inference/worker/embeddings/queue.py",
    "engine/preheat/inference/worker/scheduling/chunks.py",
    "engine/preheat/inference/worker/scheduling/generation.py",
    "engine/preheat/inference/worker/scheduling/idle.py",
    "engine/preheat/inference/worker/scheduling/scheduler.py",
    "engine/preheat/inference/worker/scheduling/slots.py",
    "engine/preheat/inference/worker/scheduling/steps.py",
    "engine/preheat/inference/worker/scheduling/storing.py",
    "engine/preheat/inference/worker/scheduling/waiting.py",
    "engine/preheat/inference/worker/text_stream.py",
    "engine/preheat/models/gguf/classify.py",
    "engine/preheat/models/gguf/header.py",
    "engine/preheat/models/gguf/quantization.py",
    "engine/preheat/models/gguf/reader.py",
    "engine/preheat/models/gguf/shape.py",
    "engine/preheat/prefixes/budgets.py",
    "engine/preheat/preload/ahead.py",
    "engine/preheat/preload/counts.py",
    "engine/preheat/preload/estimate.py",
    "engine/preheat/preload/favourites.py",
    "engine/preheat/preload/foresight.py",
    "engine/preheat/preload/gate.py",
    "engine/preheat/preload/outcomes.py",
    "engine/preheat/preload/plan.py",
    "engine/preheat/preload/planner.py",
    "engine/preheat/preload/policy.py",
    "engine/preheat/preload/power.py",
    "engine/preheat/preload/preloader.py",
    "engine/preheat/preload/reasons.py",
    "engine/preheat/preload/round.py",
    "engine/preheat/replay/executor.py",
    "engine/preheat/replay/family.py",
    "engine/preheat/replay/habits.py",
    "engine/preheat/replay/machine.py",
    "engine/preheat/replay/naive.py",
    "engine/preheat/replay/recorded.py",
    "engine/preheat/replay/simulation.py",
    "engine/preheat/replay/synthetic.py",
    "engine/preheat/replay/trace.py",
    "engine/preheat/replay/tuning.py",
    "engine/preheat/replay/yardstick.py",
    "engine/preheat/residency/contexts/choice.py",
    "engine/preheat/residency/deciding.py",
    "engine/preheat/residency/decisions.py",
    "engine/preheat/residency/events.py",
    "engine/preheat/residency/eviction.py",
    "engine/preheat/residency/exchanges.py",
    "engine/preheat/residency/loads.py",
    "engine/preheat/residency/memory/pressure.py",
    "engine/preheat/residency/phases.py",
    "engine/preheat/residency/pools.py",
    "engine/preheat/residency/processes/spare.py",
    "engine/preheat/residency/states.py",
    "engine/preheat/residency/step.py",
    "engine/preheat/settings",
    "engine/preheat/usage/clients.py",
    "engine/preheat/usage/counters.py",
    "engine/preheat/usage/popularity.py",
    "engine/preheat/usage/prompts.py",
    "engine/preheat/usage/records.py",
    "engine/preheat/usage/schema.py",
    "engine/preheat/usage/table_reading.py",
    "engine/preheat/usage/table_writing.py",
)
"""The pure cores: every line and branch is tested. A folder includes all its modules."""


def main() -> None:
    """Print the coverage.

    Raises:
        SetupError: There is no measurement, or the coverage is too low.
    """
    report = _report()
    problems = problems_of(report["files"], report["totals"]["percent_covered"])
    if problems:
        raise SetupError(
            "coverage is too low:\n  " + "\n  ".join(problems),
            remedy="Add tests, or see packaging/development/check_coverage.py",
        )
    say(f"coverage: {report['totals']['percent_covered']:.1f} % of lines and branches; the pure cores are at 100 %")


def problems_of(
    files: Mapping[str, Any], total: float, *, floor: float = FLOOR, perfect: Sequence[str] = PERFECT
) -> list[str]:
    """Return one line for each file with too little coverage.

    Args:
        files: Files by path, from coverage's JSON report.
        total: Covered lines and branches in total, in percent.
    """
    problems = []
    if total < floor:
        problems.append(f"{total:.1f} % in total, less than {floor:.0f} %")
    for name in perfect:
        covered = {path: file for path, file in files.items() if path == name or path.startswith(f"{name}/")}
        if not covered:
            problems.append(f"{name} was not measured")
        for path, file in covered.items():
            if file["missing_lines"] or file.get("missing_branches"):
                lines = ", ".join(map(str, file["missing_lines"]))
                branches = ", ".join(f"{start}->{end}" for start, end in file.get("missing_branches", ()))
                problems.append(f"{path}: lines [{lines}], branches [{branches}] are not tested")
    return problems


def _report() -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "coverage.json"
        command = [sys.executable, "-m", "coverage", "json", "--quiet", "-o", str(target)]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        if done.returncode:
            raise SetupError(
                done.stdout.strip() or done.stderr.strip(), remedy="Run the tests with coverage first: make test"
            )
        report: dict[str, Any] = json.loads(target.read_text(encoding="utf-8"))
    return report


if __name__ == "__main__":
    sys.exit(exit_code_of(main))
