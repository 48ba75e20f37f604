"""Chat templates that are rendered in the test's own process, without its limits."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from preheat.inference.worker.chat import ChatTemplate
from preheat.inference.worker.chat.renderer import Renderer


class LocalRenderer:
    """A helper without a process."""

    def __init__(self) -> None:
        self._renderer = Renderer()

    @contextmanager
    def borrow(self) -> Iterator[LocalRenderer]:
        yield self

    def ask(self, question: bytes, timeout_s: float) -> bytes:
        return self._renderer.answer(question)


def local_template(template: str | None, tool_use: str | None = None, *, bos: str = "", eos: str = "") -> ChatTemplate:
    """Return a template that is rendered here."""
    return ChatTemplate(template, tool_use, helpers=LocalRenderer(), bos=bos, eos=eos)
