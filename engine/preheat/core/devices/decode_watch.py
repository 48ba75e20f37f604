"""Notices models on devices that have become much slower than they were."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from preheat.devices import DecodeRecord, decode_speed
from preheat.messages import Message, msg
from preheat.usage import RequestRecord


@dataclass(slots=True, eq=False)
class OpenAnswer:
    """A request in progress."""

    shared: bool = False  # others ran at the same time


class DecodeWatch:
    """Engine's loop only. Each model has a record on the devices that it was loaded to."""

    def __init__(self) -> None:
        self._open: Final[set[OpenAnswer]] = set()
        self._records: Final[dict[tuple[str, tuple[str, ...]], DecodeRecord]] = {}
        self._reported: Final[dict[str, int]] = {}

    def begin(self) -> OpenAnswer:
        """Watch a request until ``end``."""
        answer = OpenAnswer()
        self._open.add(answer)
        if len(self._open) > 1:
            for each in self._open:
                each.shared = True
        return answer

    def end(
        self, answer: OpenAnswer, record: RequestRecord, devices: tuple[str, ...], worker_pid: int | None
    ) -> Message | None:
        """Judge a request that has ended; return what is wrong with its model, once for each worker.

        Args:
            devices: The names of the devices that the model is on.
            worker_pid: The worker that has answered; None if it has ended.
        """
        self._open.discard(answer)
        speed = decode_speed(
            tokens=record.completion_tokens,
            accepted=record.accepted_tokens,
            context_tokens=record.prompt_tokens + record.completion_tokens,
            decode_s=record.decode_s,
            shared=answer.shared,
        )
        if speed is None or not devices or worker_pid is None:
            return None
        key = record.model_id, devices
        known = self._records.get(key, DecodeRecord())
        if self._reported.get(record.model_id) not in (None, worker_pid):
            known = replace(known, latest=())  # loaded again since: its answers count from the first
            del self._reported[record.model_id]
        self._records[key] = known = known.after(speed)
        if not known.fallen or record.model_id in self._reported:
            return None
        self._reported[record.model_id] = worker_pid
        return msg("decode_fell", device=", ".join(devices), speed=_shown(known.speed), best=_shown(known.best))


def _shown(tokens_per_s: float) -> float:
    return round(tokens_per_s, 1) if tokens_per_s < 10 else round(tokens_per_s)
