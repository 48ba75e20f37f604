"""Time of ``python -c "from preheat import embed; embed('test')"``, as in a cron job."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from benchmarks.bench import Bench
from benchmarks.figures import Figure, value_at_most
from benchmarks.servers import preheat_environment, wait_until_hot

ALONE_LIMIT_S: Final = 1.5
RUNNING_LIMIT_S: Final = 0.5
_LINE: Final = "from preheat import embed; embed('test')"
_CHECK: Final = "from preheat import embed; assert len(embed('test')) == 384"


async def measure(bench: Bench) -> list[Figure]:
    """Time the whole process, first without and then with a running application."""
    bench.say("One-liner, nothing running")
    with tempfile.TemporaryDirectory(prefix="preheat-bench-") as home:
        alone = _times_s(bench.rounds, preheat_environment(Path(home), bench.settings()))
    bench.say("One-liner, application running")
    with bench.preheat(bench.embedding_model) as server:
        await wait_until_hot(server, bench.embedding_model)
        assert server.home is not None
        running = _times_s(bench.rounds, preheat_environment(server.home, bench.settings(bench.embedding_model)))
    return [
        Figure("python -c … embed('test'), nothing running", "s", alone, target=value_at_most(ALONE_LIMIT_S)),
        Figure("python -c … embed('test'), application running", "s", running, target=value_at_most(RUNNING_LIMIT_S)),
    ]


def _times_s(rounds: int, environment: Mapping[str, str]) -> tuple[float, ...]:
    """Time the line in each round, after an uncounted run that checks its result.

    Raises:
        CalledProcessError: It failed or returned no vector.
    """
    subprocess.run([sys.executable, "-c", _CHECK], env=environment, check=True)
    times = []
    for _ in range(rounds):
        started_at = time.perf_counter()
        subprocess.run([sys.executable, "-c", _LINE], env=environment, check=True)
        times.append(time.perf_counter() - started_at)
    return tuple(times)
