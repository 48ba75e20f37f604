"""The output of an answer's parser: its state, and the parts that it gives."""

from __future__ import annotations

import uuid
from dataclasses import replace
from typing import Final, NamedTuple

from preheat.inference import ToolCallDelta
from preheat.inference.worker.chat.calls import Call

_PARAGRAPH: Final = "\n\n"
"""Separates the text after a call from that before it."""


class Part(NamedTuple):
    """A piece of an answer; one of the three is set."""

    text: str = ""
    reasoning: str = ""
    calls: tuple[ToolCallDelta, ...] = ()


class Output:
    """Text that is held back, and what becomes of it."""

    def __init__(self) -> None:
        self._buffer = ""
        self._parts: list[Part] = []
        self._drop_space = False
        self._said = False  # there was text
        self._after_call = False
        self._line_start = True
        self.calls = 0
        """Calls begun so far."""
        self.complete_calls = 0

    @property
    def held(self) -> str:
        """Text that is held back."""
        return self._buffer

    def _give_call(self, call: Call) -> None:
        self._begin_call(call.name)
        self._give_arguments(call.arguments)
        self.complete_calls += 1

    def _begin_call(self, name: str) -> None:
        delta = ToolCallDelta(self.calls, name=name, call_id=f"call_{uuid.uuid4().hex[:24]}")
        self.calls += 1
        self._parts.append(Part(calls=(delta,)))
        self._after_call = self._drop_space = True

    def _give_arguments(self, text: str) -> None:
        if not text:
            return
        last = self._parts[-1].calls if self._parts else ()
        if last and last[-1].index == self.calls - 1:  # begun in this piece
            whole = replace(last[-1], arguments=last[-1].arguments + text)
            self._parts[-1] = Part(calls=(*last[:-1], whole))
        else:
            self._parts.append(Part(calls=(ToolCallDelta(self.calls - 1, text),)))

    def _cut(self, count: int) -> None:
        self._buffer = self._buffer[count:]

    def _say(self, count: int) -> None:
        """Give the buffer's first characters as text."""
        text = self._buffer[:count]
        if not text:
            return
        self._cut(count)
        self._line_start = text.endswith("\n")
        self._parts.append(Part((_PARAGRAPH if self._after_call and self._said else "") + text))
        self._after_call = self._drop_space = False
        self._said = True

    def _reason(self, count: int) -> None:
        if count:
            self._parts.append(Part(reasoning=self._buffer[:count]))
            self._cut(count)
