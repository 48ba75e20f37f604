"""Why a model is likely to be needed next, and what a load of it is worth, in words. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from preheat.messages import Message, msg
from preheat.preload.foresight import BLOCK_HOURS, Expert, Sign, Voice

_HEARD: Final = 0.25
"""A second expert with this part of the chance is named, too."""

_SURE: Final = 0.95
_SLIGHT: Final = 0.02
_MOST: Final = ((1, 2), (2, 3), (3, 4), (9, 10))
"""Chances of a half and more, as people say them."""


def describe_voices(voices: Sequence[Voice], usage: Message) -> Message:
    """Return which experts speak for a model: ``often used after qwen3-8b, used lately``.

    Args:
        voices: The one that matters most first.
        usage: How much the model is used; it stands for the expert for that, and for none.
    """
    heard = [voice for place, voice in enumerate(voices[:2]) if not place or voice.share >= _HEARD]
    said = [_describe(voice, usage) for voice in heard] or [usage]
    return said[0] if len(said) == 1 else msg("voices", first=said[0], second=said[1])


def describe_chance(chance: float) -> Message:
    """Return how likely a model is to be needed next: ``about 1 in 3 that it is next``."""
    if chance >= _SURE:
        return msg("chance_sure")
    if chance < _SLIGHT:
        return msg("chance_slight")
    if chance <= (1 / 2 + 2 / 3) / 2:
        return msg("chance_one", whole=round(1 / chance))
    parts, whole = min(_MOST, key=lambda share: abs(share[0] / share[1] - chance))
    return msg("chance_most", parts=parts, whole=whole)


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
            return msg("voice_added" if voice.sign is Sign.ADDED else "voice_named")
        case Expert.MOST:
            return usage
