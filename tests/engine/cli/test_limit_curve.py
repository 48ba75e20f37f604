from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

from typer.testing import CliRunner

from preheat import paths
from preheat.cli.main import app
from preheat.messages import verbatim
from preheat.usage.log import UsageLog
from preheat.usage.records import Action, DecisionRecord, Outcome, RequestRecord

GB = 10**9


def curve(*limits: int) -> dict[str, Any]:
    result = CliRunner().invoke(app, ["limit-curve", ",".join(map(str, limits))])
    assert (result.exit_code, result.stderr) == (0, "")
    found: dict[str, Any] = json.loads(result.stdout)
    return found


def test_more_memory_brings_more_hits(preheat_home: Path) -> None:
    paths.data_dir().mkdir(parents=True)
    log = UsageLog()
    began = time.time() - 3 * 86_400
    for number in range(100):
        log.record(RequestRecord(("a", "b")[number % 2], began + 1200 * number, Outcome.HIT))
    for model_id in ("a", "b"):
        log.record(DecisionRecord(began, model_id, Action.LOAD, verbatim("a request"), GB, 1.0, "request"))
    assert log.write_pending()
    log.close()
    found = curve(GB // 2, 3 * GB // 2, 3 * GB)
    assert found["requests"] == 100
    assert 1.3 < found["days"] < 1.5
    rates = [point["preload_hit_rate"] for point in found["points"]]
    assert [point["limit_bytes"] for point in found["points"]] == [GB // 2, 3 * GB // 2, 3 * GB]
    assert rates[0] == 0
    assert rates[1] < rates[2]
    assert rates[2] > 0.9


def test_without_any_use_there_are_no_points(preheat_home: Path) -> None:
    assert curve(GB) == {"days": 0.0, "requests": 0, "points": []}
