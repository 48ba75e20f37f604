from __future__ import annotations

import pytest

from preheat.preload.tracker import EXPECT_S, UsageTracker
from preheat.residency.eviction import ResidentModel
from preheat.settings import Settings

NOW = 1_767_600_000.0
SIZES = dict.fromkeys("abcd", 1)


@pytest.mark.parametrize(
    ("wakes", "after_s", "first"), [(True, 10.0, "d"), (True, EXPECT_S + 1, "c"), (False, 10.0, "c")]
)
def test_a_woken_clients_models_come_first_on_standby_for_a_while(wakes: bool, after_s: float, first: str) -> None:
    now = NOW - 100_000
    advisor = UsageTracker(Settings(wake_with_clients=wakes), None, lambda: now)
    for model_id, client in (("a", "x"), ("b", "x"), ("c", "x"), ("d", "chat"), ("b", "chat")):
        for _ in range(1 if client == "chat" else 9):
            advisor.client_woke(client, "", now)
            advisor.request_arrived(model_id, client, now + 1)
            now += 100
    now = NOW
    assert advisor.client_woke("chat", "", now) is None  # too little is known of it for a preload
    now += after_s
    tenants = [ResidentModel("a", 1, NOW), ResidentModel("b", 1, NOW)]
    assert advisor.plan(tenants, SIZES, 2, ()).standby[0] == first
