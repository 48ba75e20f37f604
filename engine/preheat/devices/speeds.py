"""Whether a device is faster than the processor for a shape of model: measurements in, a decision out. Pure.

A device that is not faster is left off: it would take memory, power and the fast start from files that are in memory
already. What shares the processor's memory has to be measured first; a GPU with memory of its own is used at once,
because the bandwidth of that memory decides, and may be left off once it is measured.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from preheat.devices.choice import DeviceChoice
from preheat.devices.device import Device, DeviceKind, DeviceSpeed, DeviceUse, Speed
from preheat.messages import Message, msg

_PROMPT_TOKENS: Final = 256
_ANSWER_TOKENS: Final = 64
"""A usual request: most of a long prompt is in the KV cache already."""

_GAIN_TO_BEGIN: Final = 1.15
_GAIN_TO_STAY: Final = 0.95
"""How many times as fast a device must be as the processor to be used, and to stay in use after another measurement."""


@dataclass(frozen=True, slots=True)
class SpeedPair:
    """One measurement: the same model on a device and on the processor."""

    device: Speed
    processor: Speed

    @property
    def gain(self) -> float:
        """How many times as fast as on the processor a usual request is."""
        parts = [
            (tokens / here, tokens / there)
            for tokens, here, there in (
                (_PROMPT_TOKENS, self.device.prefill, self.processor.prefill),
                (_ANSWER_TOKENS, self.device.decode, self.processor.decode),
            )
            if here and there
        ]
        return sum(there_s for _, there_s in parts) / sum(here_s for here_s, _ in parts)


def is_worth_it(pair: SpeedPair, kind: DeviceKind, before: bool | None = None) -> bool:
    """Return whether models of the measured shape go on the device.

    Args:
        before: The last decision about this device, which a small change does not turn around; None for the first.
    """
    used = kind is DeviceKind.DISCRETE if before is None else before
    return pair.gain >= (_GAIN_TO_STAY if used else _GAIN_TO_BEGIN)


def speed_reason(speed: DeviceSpeed) -> Message:
    """Return what was measured, in words."""
    prefill, decode = (
        _ratio(speed.device.prefill, speed.processor.prefill),
        _ratio(speed.device.decode, speed.processor.decode),
    )
    if prefill is None or decode is None:
        code, share = ("device_measured_decode", decode) if prefill is None else ("device_measured_prefill", prefill)
        return msg(code, share=share or 0.0)
    return msg("device_measured", decode=decode, prefill=prefill)


def reason_against(device: Device, speed: DeviceSpeed | None) -> Message | None:
    """Return why models of a shape are not put on a device that Preheat chose; None if they are."""
    if speed is not None:
        return None if speed.in_use else speed_reason(speed)
    return None if device.kind is DeviceKind.DISCRETE else msg("device_unmeasured")


def with_speeds(choice: DeviceChoice, speeds: Sequence[Sequence[DeviceSpeed]], *, automatic: bool) -> DeviceChoice:
    """Return the choice with measurements; a device that is too slow for all shapes is not used any more.

    Args:
        speeds: Those of each device of the choice, in its order.
        automatic: Preheat chose the devices. Those that the user names are used, however slow.
    """
    uses = tuple(_with_speeds(use, tuple(of), automatic) for use, of in zip(choice.uses, speeds, strict=True))
    return replace(choice, uses=tuple(sorted(uses, key=lambda use: not use.in_use)))


def _with_speeds(use: DeviceUse, speeds: tuple[DeviceSpeed, ...], automatic: bool) -> DeviceUse:
    use = replace(use, speeds=speeds)
    if not use.in_use or not automatic:
        return use
    best = max(speeds, key=lambda speed: speed.gain, default=None)
    if best is not None and any(speed.in_use for speed in speeds):
        return replace(use, reason=speed_reason(best))
    against = reason_against(use.device, best)
    return use if against is None else replace(use, in_use=False, reason=against)


def _ratio(device: float, processor: float) -> float | None:
    return device / processor if device and processor else None
