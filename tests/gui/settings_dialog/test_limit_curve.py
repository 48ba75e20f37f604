from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
import pytest

from preheat import paths
from preheat.settings import Settings
from preheat_gui.settings_dialog.limit_curve import CurvePoint, CurveState, LimitCurve, point_at

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

GB = 10**9
FOUND = {
    "days": 14.0,
    "requests": 100,
    "points": [{"limit_bytes": 4 * GB, "preload_hit_rate": 0.5, "waited_s": 20.0}],
}


@pytest.fixture(autouse=True)
def _nothing_kept() -> Iterator[None]:
    LimitCurve._kept = None
    yield
    LimitCurve._kept = None


def printing(folder: Path, text: str, exit_code: int = 0) -> tuple[str, ...]:
    """Return a command that notes its arguments in a file and prints this."""
    script = folder / "print.py"
    script.write_text(
        f"import sys; open({str(folder / 'calls')!r}, 'a').write(sys.argv[1] + '\\n'); "
        f"print({text!r}); sys.exit({exit_code})"
    )
    return (sys.executable, str(script))


def compute(qtbot: QtBot, curve: LimitCurve, settings: Settings | None = None) -> CurveState:
    with qtbot.waitSignal(curve.changed, check_params_cb=None, timeout=20_000):
        curve.start(settings or Settings(), 20 * GB)
    qtbot.waitUntil(lambda: curve.state is not CurveState.COMPUTING, timeout=20_000)
    return curve.state


def test_each_twentieth_of_the_memory_is_tried(qtbot: QtBot, tmp_path: Path) -> None:
    curve = LimitCurve(command=printing(tmp_path, json.dumps(FOUND)))
    assert compute(qtbot, curve) is CurveState.READY
    assert curve.points == (CurvePoint(4 * GB, 0.5, 10.0),)
    limits = (tmp_path / "calls").read_text().strip().split(",")
    assert [int(limit) for limit in limits] == [step * GB for step in range(1, 21)]


def test_it_is_computed_once_for_a_log_and_settings(qtbot: QtBot, tmp_path: Path, preheat_home: Path) -> None:
    command = printing(tmp_path, json.dumps(FOUND))
    calls = tmp_path / "calls"
    compute(qtbot, LimitCurve(command=command))
    again = LimitCurve(command=command)
    again.start(Settings(), 20 * GB)
    assert again.state is CurveState.READY
    assert len(calls.read_text().splitlines()) == 1
    compute(qtbot, LimitCurve(command=command), Settings(preload_top=1))
    assert len(calls.read_text().splitlines()) == 2
    paths.data_dir().mkdir(parents=True, exist_ok=True)
    (paths.data_dir() / "usage.db").write_bytes(b"more")
    compute(qtbot, again, Settings(preload_top=1))
    assert len(calls.read_text().splitlines()) == 3


@pytest.mark.parametrize("change", [{"requests": 0, "points": []}, {"requests": 19}, {"days": 0.5}])
def test_a_short_log_shows_nothing_yet(qtbot: QtBot, tmp_path: Path, change: dict[str, object]) -> None:
    assert compute(qtbot, LimitCurve(command=printing(tmp_path, json.dumps(FOUND | change)))) is CurveState.TOO_LITTLE


def test_a_failure_is_no_more_than_that(qtbot: QtBot, tmp_path: Path) -> None:
    assert compute(qtbot, LimitCurve(command=printing(tmp_path, "Traceback", 1))) is CurveState.FAILED
    assert compute(qtbot, LimitCurve(command=(str(tmp_path / "nothing"),))) is CurveState.FAILED


def test_closing_ends_the_computation(qtbot: QtBot, tmp_path: Path) -> None:
    curve = LimitCurve(command=(sys.executable, "-c", "import time; time.sleep(60)"))
    curve.start(Settings(), 20 * GB)
    assert curve._process is not None
    qtbot.waitUntil(lambda: curve._process is not None and curve._process.processId() > 0)
    process = psutil.Process(curve._process.processId())
    qtbot.waitUntil(lambda: process.nice() >= 10)
    curve.stop()
    assert not process.is_running() or process.status() == psutil.STATUS_ZOMBIE
    assert curve.state is CurveState.COMPUTING
    curve.stop()


def test_the_real_command_answers(qtbot: QtBot, preheat_home: Path) -> None:
    assert compute(qtbot, LimitCurve()) is CurveState.TOO_LITTLE


def test_between_two_points_the_nearer_counts_more() -> None:
    points = (CurvePoint(4, 0.4, 100.0), CurvePoint(8, 0.8, 20.0))
    between = point_at(points, 5)
    assert between is not None
    assert (between.preload_hit_rate, between.waited_s) == pytest.approx((0.5, 80.0))
    assert point_at(points, 1) == CurvePoint(1, 0.4, 100.0)
    assert point_at(points, 9) == CurvePoint(9, 0.8, 20.0)
    assert point_at((), 5) is None
