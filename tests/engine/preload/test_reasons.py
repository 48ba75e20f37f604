from __future__ import annotations

from datetime import UTC, datetime

import pytest

from preheat.messages import msg
from preheat.preload.foresight import Expert, Foresight, Sign, Voice
from preheat.preload.reasons import describe_chance, describe_voices, with_estimate

MONDAY = datetime(2026, 1, 5, 9, tzinfo=UTC).timestamp()
DAY_S = 86_400.0
USED = msg("used", uses=12)


@pytest.mark.parametrize(
    ("voice", "words"),
    [
        (Voice(Expert.MOST, 1.0), "used 12 times in the last week"),
        (Voice(Expert.LATELY, 1.0), "one of the last used"),
        (Voice(Expert.HOUR, 1.0, hour=9), "used on weekdays around 9:00"),
        (Voice(Expert.HOUR, 1.0, hour=21, weekend=True), "used on weekends around 21:00"),
        (Voice(Expert.WEEKDAY, 1.0, weekday=4, hour=21), "used on Fridays from 21:00 to 24:00"),
        (Voice(Expert.PAUSE, 1.0), "used between other models"),
        (Voice(Expert.PAUSE, 1.0, pause_s=3600.0), "used after a break of more than 1 h"),
        (Voice(Expert.AFTER, 1.0, after=("qwen3-8b",)), "used after qwen3-8b"),
        (Voice(Expert.AFTER_TWO, 1.0, after=("a", "b")), "used after a and then b"),
        (Voice(Expert.AFTER_TWO, 1.0, after=("", "b")), "used after b"),
        (Voice(Expert.RETURN, 1.0), "usually used again about now"),
        (Voice(Expert.CLIENT, 1.0, client="cursor"), "cursor was opened"),
        (Voice(Expert.ANNOUNCED, 1.0, sign=Sign.NAMED), "an app asked for its details"),
        (Voice(Expert.ANNOUNCED, 1.0, sign=Sign.ADDED), "it was just added"),
        (Voice(Expert.ANNOUNCED, 1.0, sign=Sign.CHOSEN), "it was just chosen"),
    ],
)
def test_each_expert_has_words(voice: Voice, words: str) -> None:
    assert str(describe_voices([voice], USED)) == words


def test_every_expert_is_told_from_the_others() -> None:
    said = {str(describe_voices([Voice(expert, 1.0, ("a", "b"))], USED)) for expert in Expert}
    assert len(said) == len(Expert)


def test_a_second_expert_is_named_if_it_counts() -> None:
    after, lately = Voice(Expert.AFTER, 0.6, after=("a",)), Voice(Expert.LATELY, 0.4)
    assert str(describe_voices([after, lately], USED)) == "used after a, one of the last used"
    assert str(describe_voices([after, lately._replace(share=0.1)], USED)) == "used after a"


def test_without_experts_the_use_speaks() -> None:
    assert describe_voices([], msg("never_used")) == msg("never_used")


def test_the_habit_of_a_person_is_named() -> None:
    foresight = Foresight(UTC)
    for day in range(20):
        for number, model_id in enumerate(("mail", "code", "mail", "notes")):
            foresight.used(model_id, "x", MONDAY + day * DAY_S + number * 900)
    foresight.used("mail", "x", MONDAY + 20 * DAY_S)
    foresight.used("code", "x", MONDAY + 20 * DAY_S + 900)
    now = MONDAY + 20 * DAY_S + 960
    assert "after" in str(describe_voices(foresight.voices("mail", now), USED))


@pytest.mark.parametrize(
    ("chance", "words"),
    [
        (1.0, "almost certain to be next"),
        (0.9, "about a 9 in 10 chance of being next"),
        (0.76, "about a 3 in 4 chance of being next"),
        (0.62, "about a 2 in 3 chance of being next"),
        (0.55, "about a 1 in 2 chance of being next"),
        (0.34, "about a 1 in 3 chance of being next"),
        (0.05, "about a 1 in 20 chance of being next"),
        (0.001, "unlikely to be next"),
        (0.0, "unlikely to be next"),
    ],
)
def test_a_chance_in_words(chance: float, words: str) -> None:
    assert str(describe_chance(chance)) == words


def test_what_a_load_saves_and_may_cost() -> None:
    plan = msg("plan_preload", reason=msg("voice_after", model="qwen3-8b"))
    assert str(with_estimate(plan, 1 / 3, 2.1, 4_100_000_000)) == (
        "will be preloaded: used after qwen3-8b; about a 1 in 3 chance of being next, saves 2.1 s, "
        "may load 4.1 GB in vain"
    )
