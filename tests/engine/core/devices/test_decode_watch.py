"""A model on a device that becomes slow is reported once."""

from __future__ import annotations

from preheat.core.devices.decode_watch import DecodeWatch
from preheat.messages import Message, render
from preheat.residency import Outcome
from preheat.usage import RequestRecord

GPU = ("Vulkan0",)


def answers(watch: DecodeWatch, *speeds: float, devices: tuple[str, ...] = GPU, pid: int = 1) -> list[Message]:
    """Let the model answer at these speeds, in tokens per second; return what is reported."""
    found = []
    for speed in speeds:
        record = RequestRecord("a", 0.0, Outcome.HIT, prompt_tokens=9, completion_tokens=33, decode_s=32 / speed)
        found.append(watch.end(watch.begin(), record, devices, pid))
    return [message for message in found if message is not None]


def test_a_fall_is_reported_once() -> None:
    watch = DecodeWatch()
    (warning,) = answers(watch, *[40] * 5, *[10] * 9)
    words = render(warning)
    assert words.text == "It decodes 10 tokens per second on Vulkan0, and did 40 before"
    assert "system's memory" in words.hint


def test_a_worker_that_is_slow_again_is_reported_again() -> None:
    watch = DecodeWatch()
    answers(watch, *[40] * 5, *[10] * 5)
    assert len(answers(watch, *[10] * 5, pid=2)) == 1
    assert answers(watch, *[40] * 5, pid=3) == []


def test_the_processor_and_other_devices_have_records_of_their_own() -> None:
    watch = DecodeWatch()
    answers(watch, *[40] * 5)
    assert answers(watch, *[10] * 9, devices=()) == []
    assert answers(watch, *[10] * 9, devices=("Vulkan1",)) == []


def test_answers_at_the_same_time_say_nothing() -> None:
    watch = DecodeWatch()
    answers(watch, *[40] * 5)
    other = watch.begin()
    assert answers(watch, *[10] * 9) == []
    watch.end(other, RequestRecord("b", 0.0, Outcome.HIT), GPU, 2)
    assert len(answers(watch, *[10] * 5)) == 1
