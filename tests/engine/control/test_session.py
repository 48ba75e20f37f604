"""A value and those who listen."""

from __future__ import annotations

from preheat.control.session import Latest


def test_everyone_hears_the_value_at_once_and_every_later_one() -> None:
    latest = Latest(1)
    heard: list[int] = []
    end = latest.subscribe(heard.append)
    latest.set(2)
    end()
    end()
    latest.set(3)
    assert (heard, latest.value) == ([1, 2], 3)


def test_a_callback_may_end_itself() -> None:
    latest = Latest(1)
    heard: list[int] = []

    def once(value: int) -> None:
        heard.append(value)
        if value == 2:
            end()

    end = latest.subscribe(once)
    latest.set(2)
    latest.set(3)
    assert heard == [1, 2]
