from __future__ import annotations

import pytest

from preheat.models import Fit, FitAnswer, Headroom

ROOM = Headroom.beside({"old": 3, "new": 4}, 10)


@pytest.mark.parametrize(
    ("needed", "fit"),
    [
        (3, Fit()),
        (4, Fit(FitAnswer.IF_OTHERS_LEAVE, ("old",))),
        (6, Fit(FitAnswer.IF_OTHERS_LEAVE, ("old",))),
        (10, Fit(FitAnswer.IF_OTHERS_LEAVE, ("old", "new"))),
        (11, Fit(FitAnswer.TOO_BIG, missing_bytes=1)),
    ],
)
def test_a_model_fits_now_or_if_others_leave_or_not(needed: int, fit: Fit) -> None:
    assert ROOM.fit(needed) == fit


def test_other_programs_may_have_to_release_memory() -> None:
    short = Headroom.beside({"old": 3, "new": 4}, 10, reachable_bytes=8)
    assert short.fit(1) == Fit()
    assert short.fit(10) == Fit(FitAnswer.IF_OTHERS_LEAVE, ("old", "new"), programs_bytes=2)


def test_models_over_a_lowered_limit_leave_before_there_is_room() -> None:
    over = Headroom.beside({"old": 3, "new": 4}, 5)
    assert over.free_bytes == 0
    assert over.fit(1).leaves == ("old",)
    assert over.fit(2).leaves == ("old", "new")


def test_the_answer_in_words() -> None:
    gb = 10**9
    assert Fit().fit_text == "fits now"
    assert Fit(FitAnswer.IF_OTHERS_LEAVE, ("a",)).fit_text == "fits if a leaves"
    assert Fit(FitAnswer.IF_OTHERS_LEAVE, ("a", "b")).fit_text == "fits if a, b leave"
    assert str(Fit(FitAnswer.IF_OTHERS_LEAVE, ("a", "b")).brief) == "fits if others leave"
    assert Fit(FitAnswer.IF_OTHERS_LEAVE, programs_bytes=gb).fit_text == "fits once other programs release 1.0 GB"
    too_big = Fit(FitAnswer.TOO_BIG, missing_bytes=2 * gb)
    assert (too_big.fit_text, str(too_big.brief)) == ("too big for the limit by 2.0 GB", "too big by 2.0 GB")
