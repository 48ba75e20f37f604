"""Which hot models should change the form of their weights. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import Final, Literal, NamedTuple

from preheat.messages import Message, msg
from preheat.residency import LEAST_GAIN, Form, Hot, Now, Residency

REST_S: Final = 5.0
"""Idle time of a model before its form changes, in seconds."""

LONG_REST_S: Final = 3600.0
"""The same where the second worker cannot get the prompts of the first: conversations of the last hour go on."""


class FormFacts(NamedTuple):
    """A hot model, as the choice of its form depends on it.

    Attributes:
        setting: The setting ``repack``.
        repackable: Enough of its weights have a repacked form on this processor.
        gain: The decode speed that repacked weights gain, 0.25 is 25 %; None if it was not measured.
        used_enough: It is used often enough to be worth more memory.
        chance: The chance that it is needed next; with the gain, it decides between models.
        idle_s: Seconds since its last request or load; 0 while it is in use.
        rest_s: Idle time that it needs before its form changes.
        resting_s: Seconds until it may change to the repacked form again.
        changing: A second worker loads the other form, or the former worker has not left yet.
        added_bytes: What the second worker would take while the first one is there.
    """

    model_id: str
    form: Form
    setting: Literal["auto", "on", "off"]
    repackable: bool
    gain: float | None
    used_enough: bool
    chance: float
    idle_s: float
    rest_s: float
    resting_s: float
    changing: bool
    added_bytes: int


def facts_of(
    record: Residency,
    hot: Hot,
    now: Now,
    *,
    setting: Literal["auto", "on", "off"],
    repackable: bool,
    gain: float | None,
    chance: float,
    used_enough: bool,
    keeps_prompts: bool,
    added_bytes: int,
) -> FormFacts:
    """Return the facts about a hot model; those not in its record are given."""
    used_at = max(record.last_used_at or 0.0, hot.since)
    return FormFacts(
        record.model_id,
        hot.form,
        setting,
        repackable,
        gain,
        used_enough,
        chance,
        0.0 if record.leased else max(0.0, now.unix - used_at),
        REST_S if keeps_prompts or hot.unused else LONG_REST_S,
        max(record.exchange_after_mono - now.mono, 0.0),
        hot.twin is not None,
        added_bytes,
    )


class FormAction(StrEnum):
    """What to do about the form of a model."""

    KEEP = "keep"
    CHANGE = "change"
    WAIT = "wait"
    """It changes once it has been idle for long enough."""

    CHANGING = "changing"
    NO_ROOM = "no room"
    NO_GAIN = "no gain"
    TOO_FEW_USES = "too few uses"


class FormTarget(NamedTuple):
    """What to do about the form of one model.

    Attributes:
        form: The form that it should have.
        reason: Why it should have that one; None if it has no reason to change.
        again_s: When to ask again, in seconds; None waits for a change.
        missing_bytes: What is missing for both forms at once (``NO_ROOM``).
        chosen: The user set this form; otherwise it changes only while the processor is idle.
    """

    model_id: str
    form: Form
    action: FormAction
    reason: Message | None = None
    again_s: float | None = None
    missing_bytes: int = 0
    chosen: bool = False


def plan_forms(models: Iterable[FormFacts], free_bytes: int) -> tuple[FormTarget, ...]:
    """Return what to do about the form of each hot model; those to change come in the order to change them.

    Args:
        free_bytes: Memory that is free within the limit. Nothing is evicted for another form.
    """
    order = sorted(models, key=lambda model: (model.setting == "auto", -_worth(model), model.model_id))
    return tuple(_target(model, free_bytes) for model in order)


def _worth(model: FormFacts) -> float:
    """Return the expected gain of repacked weights; what was not measured is taken to be just worth it."""
    return model.chance * (LEAST_GAIN if model.gain is None else model.gain)


def _target(model: FormFacts, free_bytes: int) -> FormTarget:
    wanted, reason = _wanted(model)
    chosen = model.setting != "auto"
    target = FormTarget(model.model_id, wanted, FormAction.CHANGE, reason, chosen=chosen)
    if model.changing:
        return target._replace(action=FormAction.CHANGING)
    if wanted is model.form or reason is None:
        return target._replace(action=_kept(model))
    pause_s = max(0.0 if chosen else model.rest_s - model.idle_s, model.resting_s if wanted is Form.REPACKED else 0.0)
    if pause_s > 0:
        return target._replace(action=FormAction.WAIT, again_s=pause_s)
    missing = model.added_bytes - free_bytes
    if missing > 0 and wanted is Form.REPACKED:
        return target._replace(action=FormAction.NO_ROOM, missing_bytes=missing)
    return target


def _wanted(model: FormFacts) -> tuple[Form, Message | None]:
    """Return the form that a model should have, and why; without a reason it stays as it is."""
    if model.setting == "off":
        return Form.MAPPED, msg("repack_set_off")
    if model.setting == "on":
        return Form.REPACKED, msg("repack_set_on")
    if model.form is Form.REPACKED:
        return Form.REPACKED, None
    if not model.repackable or not model.used_enough or (model.gain is not None and model.gain < LEAST_GAIN):
        return Form.MAPPED, None
    return Form.REPACKED, msg("repack_unmeasured") if model.gain is None else msg("repack_gains", gain=model.gain)


def _kept(model: FormFacts) -> FormAction:
    """Return why the form stays."""
    if model.setting == "auto" and model.form is Form.MAPPED and model.repackable:
        if model.gain is not None and model.gain < LEAST_GAIN:
            return FormAction.NO_GAIN
        if not model.used_enough:
            return FormAction.TOO_FEW_USES
    return FormAction.KEEP


class FormOutlook(NamedTuple):
    """What is to be said about the form of a hot model.

    Attributes:
        form: The form that it has.
        wanted: The form that it should have.
        action: What is done about it.
        extra_bytes: What repacked weights take more than mapped ones, or would take.
        why: Why it has that form, or gets another one; None if there is nothing to say.
    """

    model_id: str
    form: Form
    wanted: Form
    action: FormAction
    extra_bytes: int
    why: Message | None


def outlook(model: FormFacts, target: FormTarget, extra_bytes: int, hold: Message | None = None) -> FormOutlook:
    """Return what is to be said about the form of a hot model.

    Args:
        extra_bytes: What the model takes more with repacked weights.
        hold: What blocks changes of forms now.
    """
    why = _describe(model, target, extra_bytes, hold)
    return FormOutlook(model.model_id, model.form, target.form, target.action, extra_bytes, why)


def _describe(model: FormFacts, target: FormTarget, extra_bytes: int, hold: Message | None) -> Message | None:
    gain = max(model.gain or 0.0, 0.0)
    match target.action:
        case FormAction.CHANGING:
            return msg("form_changing")
        case FormAction.CHANGE | FormAction.WAIT:
            form = {"form": msg(f"form_{target.form}"), "reason": target.reason}
            if target.again_s is not None and target.again_s > REST_S:
                return msg("form_paused", pause=target.again_s, **form)
            return msg("form_planned", **form) if hold is None else msg("form_held", hold=hold, **form)
        case FormAction.NO_ROOM:
            return msg("form_no_room", missing=target.missing_bytes)
        case FormAction.NO_GAIN:
            return msg("form_no_gain", gain=gain)
        case FormAction.TOO_FEW_USES:
            return msg("form_too_few_uses")
    if model.form is Form.REPACKED:
        if model.setting == "on" or model.gain is None:
            return msg("form_repacked_set")
        return msg("form_repacked_gains", gain=gain, extra=extra_bytes)
    return None
