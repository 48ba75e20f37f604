from __future__ import annotations

import re

import pytest

from pictures.family import family_picture
from preheat.replay import Draws

FIGURES = ("keep_alive", "lru", "naive", "ready", "bound", "naive_wasted_share", "wasted_share")


def rows(*shares: float, draws: str = Draws.HELD_OUT) -> list[dict[str, float | str]]:
    return [{"draws": draws, **dict.fromkeys(FIGURES, share)} for share in shares]


def heights(svg: str) -> list[float]:
    return [float(found) for found in re.findall(r'<circle cx="[\d.]+" cy="([\d.]+)"', svg)]


@pytest.mark.parametrize("shares", [(0.5,), (0.5, 0.9), (0.3, 0.9, 0.9, 1.0), (0.0, 0.0)])
def test_each_user_is_a_dot_in_each_column(shares: tuple[float, ...]) -> None:
    svg = family_picture(rows(*shares)).svg("light")
    assert len(heights(svg)) == len(FIGURES) * len(shares) + 1  # one explains the others


def test_a_higher_share_is_higher_up() -> None:
    low, high, *_ = heights(family_picture(rows(0.6, 0.9)).svg("dark"))
    assert high < low


def test_users_with_the_same_share_stand_side_by_side() -> None:
    svg = family_picture(rows(*[1.0] * 40)).svg("light")
    assert len(set(re.findall(r'cx="([\d.]+)"', svg))) > 40 * 4


def test_medians_are_written_out_and_tuning_users_are_named() -> None:
    svg = family_picture(rows(0.6, 0.9, 0.95)).svg("light")
    assert svg.count("90.0 %") == len(FIGURES)
    assert "Tuning" not in svg
    assert "Tuning" in family_picture(rows(0.6, draws=Draws.TUNING)).svg("light")
