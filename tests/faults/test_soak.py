"""Half a minute of ``soak``, and its arithmetic."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from tests.faults.soak import FIGURES, slope, soak

SECONDS = 30.0


def test_a_day_in_half_a_minute(tmp_path: Path, chat_model: Path) -> None:
    report = soak(tmp_path / "home", chat_model.parent, seconds=SECONDS, seed=11)
    assert report.problems() == [], report
    assert report.endings.outcomes["answered"] > 0
    picture = tmp_path / "soak.svg"
    report.draw(picture)
    assert picture.read_text().count("<polyline") == len(FIGURES)


def test_a_slope_ignores_outliers() -> None:
    dice = random.Random(11)
    xs = [float(x) for x in range(300)]
    ys = [3.0 + 0.5 * x + (1000.0 if dice.random() < 0.2 else dice.random()) for x in xs]
    assert slope(xs, ys) == pytest.approx(0.5, abs=0.02)
