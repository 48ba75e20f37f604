"""Which stored prompts are worth being put back."""

from __future__ import annotations

import pytest

from preheat.preload.prompts import MOST_RESTORED, prompts_to_restore
from preheat.usage import KnownPrompt


def known(key: str, share: float, tokens: int = 1000) -> KnownPrompt:
    return KnownPrompt("editor", key, tokens, 0.0, share)


@pytest.mark.parametrize(
    ("share", "used", "price", "restored"),
    [
        (0.9, 1.0, 1.5, True),
        (0.5, 1.0, 1.5, False),  # three in five would have to be used
        (0.5, 1.0, 0.5, True),
        (0.9, 0.6, 1.5, False),  # the model may leave before it is used
        (0.01, 0.01, 0.0, True),
    ],
)
def test_only_what_pays_is_put_back(share: float, used: float, price: float, restored: bool) -> None:
    found = prompts_to_restore([known("a", share)], 1000, used=used, waste_price=price)
    assert found == (("a",) if restored else ())


def test_free_room_lets_a_prompt_stay_until_it_is_used() -> None:
    prompts = [known("a", 0.3), known("b", 0.3), known("c", 0.2)]
    assert prompts_to_restore(prompts, 1500, used=1.0, waste_price=1.5) == ()
    assert prompts_to_restore(prompts, 8000, used=1.0, waste_price=1.5) == ("a", "b", "c")


def test_what_exceeds_the_room_is_left_out() -> None:
    prompts = [known("large", 0.6, 5000), known("small", 0.4)]
    assert prompts_to_restore(prompts, 4000, used=1.0, waste_price=1.5) == ("small",)


def test_a_number_of_prompts_is_put_back_at_most() -> None:
    prompts = [known(f"{number}", 0.05, 1) for number in range(20)]
    assert len(prompts_to_restore(prompts, 100_000, used=1.0, waste_price=1.5)) == MOST_RESTORED


def test_a_prompt_that_is_always_used_is_not_certain() -> None:
    """Shares round to 1 and 0 after long use."""
    prompts = [known("a", 1.0), known("b", 0.0)]
    assert prompts_to_restore(prompts, 4000, used=1.0, waste_price=1.0) == ("a",)


def test_a_model_without_prompts_gets_none() -> None:
    assert prompts_to_restore((), 1000, used=1.0, waste_price=1.5) == ()
