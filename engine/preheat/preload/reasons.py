"""What is planned for a model, why it is likely to be needed next, and what a load is worth, in words. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from preheat.messages import Message, msg
from preheat.preload.foresight import BLOCK_HOURS, Expert, Sign, Voice
from preheat.preload.plan import PlanAction, PreloadTarget, TargetKind
from preheat.usage import Usage

_SIGNS: Final = {Sign.NAMED: "voice_named", Sign.ADDED: "voice_added", Sign.CHOSEN: "voice_chosen"}

_HEARD: Final = 0.25
"""A second expert with this part of the chance is named, too."""

_SURE: Final = 0.95
_SLIGHT: Final = 0.02
_MOST: Final = ((1, 2), (2, 3), (3, 4), (9, 10))
"""Chances of a half and more, as people say them."""


def describe_usage(usage: Usage, now: float) -> Message:
    """Return how much a model is used: ``used 12 times in the last week, mostly on weekday mornings``."""
    if usage.last_used_at is None:
        return msg("never_used")
    if not usage.last_week:
        return msg("not_used_lately", idle_s=now - usage.last_used_at)
    if usage.last_week == 1:
        return msg("used_once")
    if usage.part_of_day:
        return msg("used_mostly", uses=usage.last_week, part=msg(usage.part_of_day))
    return msg("used", uses=usage.last_week)


def describe_voices(voices: Sequence[Voice], usage: Message) -> Message:
    """Return which experts speak for a model: ``used after qwen3-8b, one of the last used``.

    Args:
        voices: The one that matters most first.
        usage: How much the model is used; it stands for the expert for that, and for none.
    """
    heard = [voice for place, voice in enumerate(voices[:2]) if not place or voice.share >= _HEARD]
    said = [_describe(voice, usage) for voice in heard] or [usage]
    return said[0] if len(said) == 1 else msg("voices", first=said[0], second=said[1])


def describe_sign(voices: Sequence[Voice]) -> Message | None:
    """Return what announced a model, such as ``cursor was opened``; None if nothing did."""
    signs = (voice for voice in voices if voice.expert in (Expert.CLIENT, Expert.ANNOUNCED))
    return next((_describe(voice, msg("never_used")) for voice in signs), None)


def describe_reason(target: PreloadTarget, voices: Sequence[Voice], usage: Message) -> Message:
    """Return why a target should be hot: ``favourite 1``, ``expected, since cursor was opened``, or as above."""
    if target.kind is TargetKind.FAVOURITE:
        return msg("favourite", rank=target.rank)
    if target.kind is TargetKind.EXPECTED and (sign := describe_sign(voices)):
        return msg("expected", sign=sign)
    return describe_voices(voices, usage)


def describe_chance(chance: float) -> Message:
    """Return how likely a model is to be needed next: ``about a 1 in 3 chance of being next``."""
    if chance >= _SURE:
        return msg("chance_sure")
    if chance < _SLIGHT:
        return msg("chance_slight")
    if chance <= (1 / 2 + 2 / 3) / 2:
        return msg("chance_one", whole=round(1 / chance))
    parts, whole = min(_MOST, key=lambda share: abs(share[0] / share[1] - chance))
    return msg("chance_most", parts=parts, whole=whole)


def describe_target(target: PreloadTarget, reason: Message) -> Message:
    """Return what is planned for a model, and why: ``will be preloaded: one of the last used``."""
    if target.action is PlanAction.KEEP:
        return msg("plan_keep", reason=reason)
    if target.action in (PlanAction.TOO_LARGE, PlanAction.NO_ROOM):
        code = "plan_too_large" if target.action is PlanAction.TOO_LARGE else "plan_no_room"
        if target.device is None:
            return msg(code, missing=target.missing_bytes, reason=reason)
        code += "_for_device" if target.action is PlanAction.TOO_LARGE else "_on_device"
        return msg(code, missing=target.missing_bytes, device=target.device, reason=reason)
    if target.displaces:
        return msg("plan_replace", displaced=target.displaces, reason=reason)
    return msg("plan_preload", reason=reason)


def with_estimate(plan: Message, chance: float, saved_s: float, load_bytes: int) -> Message:
    """Return what is planned for a model with what that is based on: its chance, and what a load saves and costs."""
    return msg("plan_estimated", plan=plan, chance=describe_chance(chance), saved_s=saved_s, load=load_bytes)


def _describe(voice: Voice, usage: Message) -> Message:
    match voice.expert:
        case Expert.LATELY:
            return msg("voice_lately")
        case Expert.HOUR:
            return msg("voice_weekend_hour" if voice.weekend else "voice_hour", hour=voice.hour)
        case Expert.WEEKDAY:
            return msg("voice_weekday", day=msg(f"day_{voice.weekday}"), hour=voice.hour, end=voice.hour + BLOCK_HOURS)
        case Expert.PAUSE:
            return msg("voice_pause", pause_s=voice.pause_s) if voice.pause_s else msg("voice_session")
        case Expert.AFTER_TWO if all(voice.after):
            return msg("voice_after_two", first=voice.after[0], second=voice.after[-1])
        case Expert.AFTER | Expert.AFTER_TWO:
            return msg("voice_after", model=voice.after[-1])
        case Expert.RETURN:
            return msg("voice_return")
        case Expert.CLIENT:
            return msg("voice_client", client=voice.client)
        case Expert.ANNOUNCED:
            return msg(_SIGNS[voice.sign or Sign.NAMED])
        case _:  # MOST
            return usage
