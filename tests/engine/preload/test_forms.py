"""Which hot models change the form of their weights."""

from __future__ import annotations

from typing import Any

import pytest

from preheat.messages import msg
from preheat.preload.forms import LONG_REST_S, REST_S, FormAction, FormFacts, FormTarget, outlook, plan_forms
from preheat.residency import Form
from tests.engine.residency.world import reason

MAPPED, REPACKED = Form.MAPPED, Form.REPACKED


def facts(model_id: str = "a", **values: Any) -> FormFacts:
    known = FormFacts(model_id, MAPPED, "auto", True, 0.3, True, 0.5, 100.0, REST_S, 0.0, False, 40)
    return known._replace(**values)


def plan(*models: FormFacts, free_bytes: int = 50) -> FormTarget:
    return plan_forms(models or [facts()], free_bytes)[0]


def test_a_used_model_at_rest_is_repacked_where_that_gains_and_fits() -> None:
    target = plan()
    assert (target.form, target.action, reason(target.reason)) == (REPACKED, FormAction.CHANGE, "repack_gains")
    assert reason(plan(facts(gain=None)).reason) == "repack_unmeasured"


@pytest.mark.parametrize(
    ("changes", "action", "again_s"),
    [
        ({"gain": 0.09}, FormAction.NO_GAIN, None),
        ({"used_enough": False}, FormAction.TOO_FEW_USES, None),
        ({"repackable": False}, FormAction.KEEP, None),
        ({"added_bytes": 51}, FormAction.NO_ROOM, None),
        ({"idle_s": 1.0}, FormAction.WAIT, REST_S - 1.0),
        ({"rest_s": LONG_REST_S}, FormAction.WAIT, LONG_REST_S - 100.0),
        ({"resting_s": 500.0}, FormAction.WAIT, 500.0),
        ({"changing": True}, FormAction.CHANGING, None),
        ({"form": REPACKED}, FormAction.KEEP, None),
        ({"setting": "off"}, FormAction.KEEP, None),
        ({"setting": "on", "gain": 0.0, "used_enough": False, "repackable": False}, FormAction.CHANGE, None),
    ],
)
def test_what_decides(changes: dict[str, Any], action: FormAction, again_s: float | None) -> None:
    target = plan(facts(**changes))
    assert (target.action, target.again_s) == (action, again_s)


def test_off_takes_repacked_weights_back_even_without_room_for_both() -> None:
    target = plan(facts(form=REPACKED, setting="off", resting_s=500.0), free_bytes=0)
    assert (target.form, target.action) == (MAPPED, FormAction.CHANGE)


def test_what_the_user_set_comes_first_and_then_what_is_used_most() -> None:
    models = [facts("a", chance=0.1), facts("b", chance=0.9), facts("c", chance=0.0, setting="off", form=REPACKED)]
    assert [target.model_id for target in plan_forms(models, 50)] == ["c", "b", "a"]


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({}, "form_planned"),
        ({"resting_s": 600.0}, "form_paused"),
        ({"added_bytes": 90}, "form_no_room"),
        ({"gain": 0.01}, "form_no_gain"),
        ({"used_enough": False}, "form_too_few_uses"),
        ({"changing": True}, "form_changing"),
        ({"form": REPACKED}, "form_repacked_gains"),
        ({"form": REPACKED, "setting": "on"}, "form_repacked_set"),
        ({"repackable": False}, None),
        ({"setting": "off"}, None),
    ],
)
def test_what_is_said(changes: dict[str, Any], code: str | None) -> None:
    model = facts(**changes)
    message = outlook(model, plan(model), 40).why
    assert reason(message) == code
    assert message is None or str(message)


def test_what_holds_a_change_up_is_said() -> None:
    on_battery = msg("preload_on_battery")
    assert reason(outlook(facts(), plan(), 40, on_battery).why) == "form_held"
    repacked = facts(form=REPACKED)
    assert reason(outlook(repacked, plan(repacked), 40, on_battery).why) == "form_repacked_gains"
