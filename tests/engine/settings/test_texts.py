from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from preheat.settings import FIELDS, Settings, checked_value, problems_of, to_text


@pytest.mark.parametrize("name", FIELDS)
def test_the_text_of_any_default_is_right(name: str) -> None:
    text = to_text(getattr(Settings(), name))
    assert problems_of(Settings(), {name: text}) == {}
    assert Settings.model_validate({name: checked_value(name, text)}) == Settings()


@given(st.lists(st.text(alphabet="ab,.:/ \\\"'[]", min_size=1), max_size=4) | st.just(["auto"]))
def test_a_list_survives_being_text(items: list[str]) -> None:
    assert checked_value("favourites", to_text(tuple(items))) == items


@pytest.mark.parametrize(
    ("texts", "reasons"),
    [
        ({"port": "x", "threads": "auto"}, {"port": "allowed: a whole number from 0 to 65535"}),
        (
            {"port": "70000", "memory_limit": "8"},
            {
                "port": "allowed: a whole number from 0 to 65535",
                "memory_limit": "no model is so small; a unit may be missing; allowed: a size such as 8GiB or 900MB, "
                "at least 1MB, or a share of memory such as 50%",
            },
        ),
        (
            {"host": "0.0.0.0"},
            {
                "host": "other machines can reach it, and there is no API key: "
                "anyone on the network could use every model; "
                "allowed: 127.0.0.1, localhost, or any address together with an API key"
            },
        ),
        ({"host": "0.0.0.0", "api_keys": "sesame"}, {}),
        ({"models_dirs": "~/models"}, {}),
    ],
)
def test_what_is_wrong_is_known_before_anything_is_written(texts: dict[str, str], reasons: dict[str, str]) -> None:
    found = problems_of(Settings(), texts)
    assert {name: str(error.reason) for name, error in found.items()} == reasons


def test_an_open_port_may_not_lose_its_last_key() -> None:
    settings = Settings(host="0.0.0.0", api_keys=("sesame",), models_dirs=(Path("/models"),))
    assert set(problems_of(settings, {"api_keys": ""})) == {"host"}
    assert problems_of(settings, {"api_keys": "", "host": "localhost"}) == {}
