from __future__ import annotations

from preheat.usage.clients import RECORD_INTERVAL_S, WakeFilter

NOW = 1_760_000_000.0


def test_a_polling_client_is_recorded_once_per_interval() -> None:
    wakes = WakeFilter()
    recorded = [second for second in range(600) if wakes.accept("app/1", NOW + second)]
    assert recorded == list(range(0, 600, int(RECORD_INTERVAL_S)))


def test_wakes_are_recorded_per_client_with_and_without_a_model() -> None:
    wakes = WakeFilter()
    asked = [("app/1", ""), ("app/2", ""), ("app/1", "a"), ("app/1", "b"), ("app/1", ""), ("", "")]
    assert [wakes.accept(client, NOW, model_id) for client, model_id in asked] == [True, True, True, *[False] * 3]


def test_a_choice_is_recorded_once_per_interval_and_model() -> None:
    wakes = WakeFilter()
    chosen = [("a", 0.0), ("b", 1.0), ("a", 2.0), ("a", RECORD_INTERVAL_S)]
    assert [wakes.accept_choice(model_id, NOW + after_s) for model_id, after_s in chosen] == [True, True, False, True]


def test_the_first_wake_after_a_request_is_recorded() -> None:
    wakes = WakeFilter()
    assert wakes.accept("app/1", NOW)
    wakes.reset("app/1")
    assert wakes.accept("app/1", NOW + 5)
    assert not wakes.accept("app/1", NOW + 6)


def test_wakes_are_recorded_after_the_clock_was_set_back() -> None:
    wakes = WakeFilter()
    assert wakes.accept("app/1", NOW)
    assert wakes.accept("app/1", NOW - 86_400)
    assert not wakes.accept("app/1", NOW - 86_400 + 1)


def test_the_oldest_recorded_clients_are_forgotten() -> None:
    wakes = WakeFilter()
    assert all(wakes.accept(f"app/{number}", NOW) for number in range(1001))
    assert wakes.accept("app/0", NOW)
    assert not wakes.accept("app/1000", NOW)


def test_the_number_of_clients_is_limited() -> None:
    wakes = WakeFilter()
    for number in range(3000):
        assert wakes.accept(f"client {number}", NOW + number)
    assert not wakes.accept("client 2999", NOW + 3000)
    assert wakes.accept("client 1", NOW + 2)  # forgotten
