from __future__ import annotations

from datetime import UTC, datetime
from itertools import islice

import pytest
from hypothesis import given
from hypothesis import strategies as st

from preheat.preload.foresight import PAUSE_S, Expert, Foresight, Sign

MONDAY = datetime(2026, 1, 5, 9, tzinfo=UTC).timestamp()
HOUR_S = 3600.0
DAY_S = 24 * HOUR_S


def likeliest(foresight: Foresight, now: float) -> list[str]:
    chances = foresight.chances(now).models
    return sorted(chances, key=chances.__getitem__, reverse=True)


def loudest(foresight: Foresight, now: float) -> list[Expert]:
    weights = foresight.chances(now).weights
    return sorted(weights, key=weights.__getitem__, reverse=True)


@given(
    events=st.lists(
        st.tuples(
            st.sampled_from(["use", "wake", "named", "add"]),
            st.sampled_from("abcd"),
            st.sampled_from(["", "x", "y"]),
            st.sampled_from([-60.0, 0.0, 1.0, 200.0, 4000.0, 90_000.0, 1e8]),
        ),
        max_size=40,
    )
)
def test_chances_and_weights_are_shares(events: list[tuple[str, str, str, float]]) -> None:
    foresight, now = Foresight(UTC), MONDAY
    for kind, model_id, client, gap_s in events:
        now += gap_s
        if kind == "use":
            foresight.used(model_id, client, now)
        elif kind == "add":
            foresight.added(model_id, now)
        else:
            foresight.client_woke(client, model_id if kind == "named" else "", now)
        chances = foresight.chances(now)
        assert sum(chances.weights.values()) == pytest.approx(1)
        assert all(0 <= chance <= 1 for chance in (*chances.models.values(), chances.unknown))
        assert sum(chances.models.values()) + chances.unknown <= 1 + 1e-6
        for later_s in (0.0, 400.0, 700.0, 4000.0):  # what is kept from before is not out of date
            assert foresight.chances(now + later_s) == foresight.outlook(now + later_s).chances


@given(
    events=st.lists(
        st.tuples(
            st.sampled_from(["use", "wake", "named", "add", "choose"]),
            st.sampled_from("abc"),
            st.sampled_from("xy"),
            st.sampled_from([0.0, 20.0, 700.0, 20_000.0]),
        ),
        max_size=40,
    )
)
def test_signs_change_nothing_once_they_are_over(events: list[tuple[str, str, str, float]]) -> None:
    """What clients and additions tell comes on top of habits, which are learned and weighed as without it."""
    told, untold, now = Foresight(UTC), Foresight(UTC), MONDAY
    for kind, model_id, client, gap_s in events:
        now += gap_s
        if kind == "use":
            told.used(model_id, client, now)
            untold.used(model_id, client, now)
        elif kind == "add":
            told.added(model_id, now)
        elif kind == "choose":
            told.chosen(model_id, now)
        else:
            told.client_woke(client, model_id if kind == "named" else "", now)
    assert told.chances(now + 2 * HOUR_S) == untold.chances(now + 2 * HOUR_S)


def test_a_client_that_is_opened_for_everything_says_nothing() -> None:
    """Before each session the same client wakes; which model follows depends on the last one."""
    foresight, now = Foresight(UTC), MONDAY
    for number in range(100):
        foresight.client_woke("chat", "", now := now + HOUR_S)
        foresight.used("abc"[number % 3], "chat", now)
    usual = foresight.chances(now + HOUR_S)
    foresight.client_woke("chat", "", now + HOUR_S)
    woken = foresight.chances(now + HOUR_S)
    assert woken.models["b"] == pytest.approx(usual.models["b"], abs=0.01)
    assert woken.weights[Expert.CLIENT] < 0.01


def test_nothing_is_known_at_first() -> None:
    chances = Foresight(UTC).chances(MONDAY)
    assert not chances.models
    assert chances.unknown == pytest.approx(0.2)


def test_one_use_is_enough_for_a_chance() -> None:
    foresight = Foresight(UTC)
    foresight.used("a", "x", MONDAY)
    assert foresight.chances(MONDAY + HOUR_S).models["a"] > 0.25


def test_requests_of_one_session_count_once() -> None:
    foresight = Foresight(UTC)
    for number in range(50):
        foresight.used("a", "x", MONDAY + number)
    for number in range(3):
        foresight.used("b", "x", MONDAY + 1000 + number * 2 * PAUSE_S)
    assert likeliest(foresight, MONDAY + 10_000) == ["b", "a"]


def test_pairs_alternate() -> None:
    foresight = Foresight(UTC)
    for number in range(30):
        foresight.used("ab"[number % 2], "x", MONDAY + 20 * number)
    assert likeliest(foresight, MONDAY + 600)[0] == "a"
    foresight.used("a", "x", MONDAY + 610)
    assert likeliest(foresight, MONDAY + 611)[0] == "b"


def test_the_expert_that_predicts_best_counts_most() -> None:
    """After each model comes the same one, at any time of the day."""
    foresight, now = Foresight(UTC), MONDAY
    for number in range(100):
        now += 5.5 * HOUR_S
        foresight.used("abcde"[number * number % 5], "x", now)
    assert set(loudest(foresight, now + HOUR_S)[:2]) <= {Expert.AFTER, Expert.AFTER_TWO}


def test_a_client_that_wakes() -> None:
    foresight = Foresight(UTC)
    for number in range(20):
        client, model_id = ("mail", "a") if number % 3 else ("editor", "b")
        foresight.client_woke(client, "", MONDAY + number * HOUR_S)
        foresight.used(model_id, client, MONDAY + number * HOUR_S + 10)
    now = MONDAY + 20 * HOUR_S
    foresight.client_woke("editor", "", now)
    assert likeliest(foresight, now)[0] == "b"
    assert Expert.CLIENT in foresight.chances(now).weights
    assert Expert.CLIENT not in foresight.chances(now + HOUR_S).weights
    foresight.client_woke("mail", "", now)
    assert likeliest(foresight, now)[0] == "a"


@pytest.mark.parametrize("sign", ["named", "added"])
def test_a_new_model_that_is_announced(sign: str) -> None:
    foresight = Foresight(UTC)
    for number in range(20):
        foresight.used("ab"[number % 2], "x", MONDAY + number * HOUR_S)
    now = MONDAY + 20 * HOUR_S

    def announce() -> None:
        if sign == "named":
            foresight.client_woke("x", "new", now)
        else:
            foresight.added("new", now)

    announce()
    assert likeliest(foresight, now)[0] == "new"
    assert "new" not in foresight.chances(now + 2 * HOUR_S).models
    for number in range(20):  # which proves wrong
        announce()
        foresight.used("ab"[number % 2], "x", now := now + HOUR_S / 10)
    announce()
    assert likeliest(foresight, now)[0] != "new"


def test_an_announcement_of_the_model_in_use_ends_with_its_use() -> None:
    """Whatever is used afterwards does not make it wrong."""
    foresight, now = Foresight(UTC), MONDAY
    for _ in range(20):
        foresight.used("a", "x", now := now + 60)
        foresight.chosen("a", now := now + 10)
        foresight.used("a", "x", now := now + 10)
        assert not foresight.chances(now).announced
        foresight.used("b", "x", now := now + 60)
    foresight.chosen("b", now)
    assert foresight.chances(now).announced["b"] > 0.9


def test_no_announcement_is_certain() -> None:
    """All others would have no chance to compare, and loads of them would seem free."""
    foresight, now = Foresight(UTC), MONDAY
    for number in range(500):
        foresight.client_woke("x", f"model-{number}", now := now + HOUR_S)
        foresight.used(f"model-{number}", "x", now + 10)
    foresight.client_woke("x", "new", now := now + HOUR_S)
    chances = foresight.chances(now)
    assert chances.models["new"] == pytest.approx(0.99, abs=0.005)
    assert chances.unknown == pytest.approx(0.01, abs=0.005)


def test_people_who_try_models_have_unknown_ones() -> None:
    explorer, settled = Foresight(UTC), Foresight(UTC)
    for number in range(40):
        explorer.used(f"model-{number}", "x", MONDAY + number * HOUR_S)
        settled.used("ab"[number % 2], "x", MONDAY + number * HOUR_S)
    assert explorer.chances(MONDAY + 50 * HOUR_S).unknown > 0.8
    assert settled.chances(MONDAY + 50 * HOUR_S).unknown < 0.1


def test_old_habits_end() -> None:
    foresight = Foresight(UTC)
    for number in range(40):
        foresight.used("old" if number < 30 else "new", "x", MONDAY + number * HOUR_S)
    assert likeliest(foresight, MONDAY + 40 * HOUR_S)[0] == "new"


def test_years_of_counts_stay_finite() -> None:
    foresight = Foresight(UTC)
    for number in range(3000):
        foresight.used("abc"[number % 3], "x", MONDAY + number * DAY_S)
    assert likeliest(foresight, MONDAY + 3000 * DAY_S)[0] == "a"
    assert max(foresight.chances(MONDAY + 3000 * DAY_S).models.values()) > 0.9


def test_a_clock_that_is_set_back() -> None:
    foresight = Foresight(UTC)
    for at in (MONDAY, MONDAY - DAY_S, MONDAY - 2 * DAY_S):
        foresight.used("a", "x", at)
    assert list(islice(foresight.chances(MONDAY - 2 * DAY_S).models, 1)) == ["a"]


def test_who_speaks_for_a_model() -> None:
    foresight = Foresight(UTC)
    assert foresight.voices("a", MONDAY) == ()
    for number in range(60):
        foresight.used("abc"[number % 3], "x", MONDAY + number * 7 * HOUR_S)
    now = MONDAY + 60 * 7 * HOUR_S
    voices = foresight.voices("a", now)
    shares = [voice.share for voice in voices]
    assert shares == sorted(shares, reverse=True)
    assert sum(shares) == pytest.approx(1)
    by_expert = {voice.expert: voice for voice in voices}
    assert voices[0].expert in {Expert.AFTER, Expert.AFTER_TWO, Expert.RETURN}
    assert by_expert[Expert.AFTER].after == ("c",)
    assert by_expert[Expert.AFTER_TWO].after == ("b", "c")
    assert by_expert[Expert.PAUSE].pause_s == 6 * HOUR_S
    local = datetime.fromtimestamp(now, UTC)
    assert (by_expert[Expert.HOUR].hour, by_expert[Expert.HOUR].weekend) == (local.hour, local.weekday() > 4)
    assert by_expert[Expert.WEEKDAY].weekday == local.weekday()
    assert by_expert[Expert.WEEKDAY].hour <= local.hour < by_expert[Expert.WEEKDAY].hour + 3
    assert foresight.voices("new", now) == ()


def test_an_outlook_stays_as_it_was() -> None:
    foresight = Foresight(UTC)
    for number in range(60):
        foresight.used("abc"[number % 3], "x", MONDAY + number * 7 * HOUR_S)
    later = MONDAY + 60 * 7 * HOUR_S + 5 * HOUR_S
    outlook = foresight.outlook(later)
    chances, voices = foresight.chances(later), foresight.voices("a", later)
    assert (outlook.chances, outlook.voices("a"), outlook.voices("new")) == (chances, voices, ())
    for model_id in "abcnewnew":
        foresight.used(model_id, "x", later)
    assert foresight.voices("a", later) != voices
    assert (outlook.chances, outlook.voices("a")) == (chances, voices)


def test_a_client_or_a_download_speaks() -> None:
    foresight = Foresight(UTC)
    for number in range(9):
        foresight.client_woke("x", "", MONDAY + number * HOUR_S)
        foresight.used("a", "x", MONDAY + number * HOUR_S)
    foresight.client_woke("x", "", now := MONDAY + 9 * HOUR_S)
    assert {voice.client for voice in foresight.voices("a", now)} == {"", "x"}
    foresight.client_woke("x", "new", now)
    assert [voice.sign for voice in foresight.voices("new", now)] == [Sign.NAMED]
    foresight.added("newer", now)
    assert [voice.sign for voice in foresight.voices("newer", now)] == [Sign.ADDED]
    foresight.chosen("newest", now)
    assert [voice.sign for voice in foresight.voices("newest", now)] == [Sign.CHOSEN]


def test_each_sign_has_its_own_record() -> None:
    """Somebody looks at models in a window without using them; what an app asks about, it uses."""
    foresight = Foresight(UTC)
    for number in range(40):
        now = MONDAY + number * HOUR_S
        if number % 2:
            foresight.chosen("b", now)
        else:
            foresight.client_woke("x", "a", now)
        foresight.used("a", "x", now)
    foresight.chosen("b", now := MONDAY + 40 * HOUR_S)
    chosen = foresight.chances(now).announced["b"]
    foresight.client_woke("x", "b", now)
    assert chosen < 0.2 < 0.8 < foresight.chances(now).announced["b"]


def test_the_half_life_of_habits_is_set() -> None:
    short, long = Foresight(UTC, half_life_days=1.0), Foresight(UTC, half_life_days=100.0)
    for foresight in (short, long):
        for day in range(20):
            foresight.used("old", "x", MONDAY + day * DAY_S)
        foresight.used("new", "x", MONDAY + 23 * DAY_S)
    now = MONDAY + 25 * DAY_S
    assert short.chances(now).models["new"] > long.chances(now).models["new"]


def test_contexts_are_bounded() -> None:
    """Of thousands of pairs, those seen last are kept."""
    foresight, models, now = Foresight(UTC), 71, MONDAY  # a prime: all pairs differ
    for step in range(1, models):
        for number in range(models):
            now += 60
            foresight.used(f"model-{number * step % models}", "x", now)
    for number in range(6):
        foresight.used("ab"[number % 2], "x", now := now + 60)
    assert likeliest(foresight, now)[0] == "a"


def test_a_sign_that_was_never_right_may_still_be() -> None:
    """Some clients ask about a model each time, whatever they use."""
    foresight, now = Foresight(UTC), MONDAY
    for number in range(1000):
        now += HOUR_S
        foresight.client_woke("ui", "never", now)
        foresight.used("ab"[number % 2], "ui", now + 1.0)
    foresight.client_woke("ui", "never", now + 2.0)
    assert 0.0 < foresight.chances(now + 3.0).models["never"] < 1e-6
    assert foresight.voices("never", now + 3.0)[0].sign is Sign.NAMED
