"""What will be in memory in the next hours if nothing is requested."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from preheat.messages import msg
from preheat.preload import Ahead, PlannedStay, plan_ahead
from preheat.preload.foresight import Expert, Foresight
from preheat.preload.policy import PlanBasis
from preheat.preload.reasons import describe_usage, describe_voices
from preheat.residency import ResidentModel
from preheat.usage import Popularity

GB = 1_000_000_000
HOUR_S = 3600.0
NOW = datetime(2026, 3, 5, 6, 30, tzinfo=UTC).timestamp()  # a Thursday
MIDNIGHT = NOW - 6.5 * HOUR_S


@pytest.fixture
def ahead() -> Ahead:
    """Used were: mail at nine, and notes in the evening, on each of the last days. There is room for one of them."""
    popularity, foresight = Popularity(timezone=UTC), Foresight(UTC)
    for days in range(20, 0, -1):
        for model_id, hour in (("mail", 9), ("notes", 21)):
            for minute in range(0, 40, 4):
                at = MIDNIGHT - days * 24 * HOUR_S + hour * HOUR_S + minute * 60
                popularity.note(model_id, at)
                foresight.used(model_id, "", at)
    outlooks = tuple(map(foresight.outlook, (NOW, *(MIDNIGHT + hour * HOUR_S for hour in range(7, 13)))))
    notes = ResidentModel("notes", 8 * GB, NOW - 9 * HOUR_S)
    sizes = {"mail": 9 * GB, "notes": 8 * GB}
    return Ahead(popularity, outlooks, [notes], {}, PlanBasis(sizes, 10 * GB), NOW, {})


def test_a_model_is_loaded_before_it_is_usually_used(ahead: Ahead) -> None:
    half_past_seven = MIDNIGHT + 7.5 * HOUR_S
    notes, mail = plan_ahead(replace(ahead, loads_from=half_past_seven), NOW, NOW + 6 * HOUR_S)
    assert (notes.model_id, notes.begins_at, notes.loads) == ("notes", NOW, False)
    assert (mail.model_id, mail.loads, mail.begins_at, mail.ends_at) == ("mail", True, half_past_seven, NOW + 21_600)
    assert notes.ends_at == mail.begins_at  # it has to leave for it
    assert mail.usual_at == MIDNIGHT + 9 * HOUR_S
    voices = [outlook for outlook in ahead.outlooks if outlook.since <= half_past_seven][-1].voices("mail")
    assert voices[0].expert is Expert.RETURN
    usage = describe_usage(ahead.popularity.usage("mail", half_past_seven), half_past_seven)
    assert mail.why == describe_voices(voices, usage) == msg("voice_return")


def test_what_follows_for_sure_is_loaded_at_once(ahead: Ahead) -> None:
    stays = {stay.model_id: stay for stay in plan_ahead(ahead, NOW, NOW + 6 * HOUR_S)}
    assert (stays["mail"].begins_at, stays["notes"].ends_at) == (NOW, NOW)


def test_a_model_that_left_for_another_one_does_not_leave_again(ahead: Ahead) -> None:
    kept = replace(ahead, expiries={"notes": NOW + 2 * HOUR_S})
    assert plan_ahead(kept, NOW, NOW + 6 * HOUR_S) == plan_ahead(ahead, NOW, NOW + 6 * HOUR_S)


def test_nothing_is_loaded_while_preloading_is_paused(ahead: Ahead) -> None:
    (stay,) = plan_ahead(replace(ahead, loads_from=math.inf), NOW, NOW + 6 * HOUR_S)
    assert stay == PlannedStay("notes", NOW, NOW + 6 * HOUR_S, usual_at=None)
    later = MIDNIGHT + 9.25 * HOUR_S
    _, mail = plan_ahead(replace(ahead, loads_from=later), NOW, NOW + 6 * HOUR_S)
    assert mail.begins_at == later


def test_a_favourite_stays_and_keep_alive_ends(ahead: Ahead) -> None:
    favourite = ahead.residents[0]._replace(favourite=True)
    kept = replace(ahead, basis=replace(ahead.basis, favourites=("notes",)), residents=[favourite])
    assert [stay.model_id for stay in plan_ahead(kept, NOW, NOW + 6 * HOUR_S)] == ["notes"]
    short = replace(ahead, expiries={"notes": NOW + HOUR_S}, basis=replace(ahead.basis, sizes={}))
    assert [stay.ends_at for stay in plan_ahead(short, NOW, NOW + 6 * HOUR_S)] == [NOW + HOUR_S]
