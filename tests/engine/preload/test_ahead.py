"""What will be in memory in the next hours if nothing is requested."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from preheat.preload import Ahead, PlannedStay, PolicySettings, plan_ahead
from preheat.residency import ResidentModel
from preheat.usage import Popularity

HOUR_S = 3600.0
NOW = datetime(2026, 3, 5, 6, 30, tzinfo=UTC).timestamp()  # a Thursday
MIDNIGHT = NOW - 6.5 * HOUR_S


@pytest.fixture
def ahead() -> Ahead:
    """Used were: mail at nine on the last three days, notes yesterday evening. There is room for one of them."""
    popularity = Popularity(timezone=UTC)
    for days in (3, 2, 1):
        for minute in range(0, 40, 4):
            popularity.note("mail", MIDNIGHT - days * 24 * HOUR_S + 9 * HOUR_S + minute * 60)
    for minute in range(6):
        popularity.note("notes", MIDNIGHT - 3 * HOUR_S + minute * 60)
    notes = ResidentModel("notes", 8, NOW - 9 * HOUR_S)
    return Ahead(popularity, [notes], {}, {"mail": 9, "notes": 8}, 10, (), PolicySettings(), NOW)


def test_a_model_is_loaded_before_it_is_usually_used(ahead: Ahead) -> None:
    notes, mail = plan_ahead(ahead, NOW, NOW + 6 * HOUR_S)
    assert (notes.model_id, notes.begins_at, notes.loads) == ("notes", NOW, False)
    assert (mail.model_id, mail.loads, mail.ends_at) == ("mail", True, NOW + 6 * HOUR_S)
    assert notes.ends_at == mail.begins_at  # it has to leave for it
    assert mail.usual_at == MIDNIGHT + 9 * HOUR_S
    assert mail.usual_at - 1.5 * HOUR_S < mail.begins_at <= mail.usual_at
    assert mail.why is not None
    assert mail.why.code == "used_mostly"


def test_nothing_is_loaded_while_preloading_is_paused(ahead: Ahead) -> None:
    (stay,) = plan_ahead(replace(ahead, loads_from=math.inf), NOW, NOW + 6 * HOUR_S)
    assert stay == PlannedStay("notes", NOW, NOW + 6 * HOUR_S, usual_at=None)
    later = MIDNIGHT + 9.25 * HOUR_S
    _, mail = plan_ahead(replace(ahead, loads_from=later), NOW, NOW + 6 * HOUR_S)
    assert mail.begins_at == later


def test_a_favourite_stays_and_keep_alive_ends(ahead: Ahead) -> None:
    kept = replace(ahead, favourites=("notes",), residents=[ahead.residents[0]._replace(favourite=True)])
    assert [stay.model_id for stay in plan_ahead(kept, NOW, NOW + 6 * HOUR_S)] == ["notes"]
    short = replace(ahead, expiries={"notes": NOW + HOUR_S}, sizes={})
    assert [stay.ends_at for stay in plan_ahead(short, NOW, NOW + 6 * HOUR_S)] == [NOW + HOUR_S]
