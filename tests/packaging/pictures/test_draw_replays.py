"""The pictures of replays show what the policy does now."""

from __future__ import annotations

from pictures.draw_replays import FOLDER
from pictures.replays import day_picture


def test_the_picture_of_a_day_is_up_to_date() -> None:
    committed = (FOLDER / "day-light.svg").read_text(encoding="utf-8")
    assert day_picture().svg("light") == committed, "run `python packaging/pictures/draw_replays.py`"
