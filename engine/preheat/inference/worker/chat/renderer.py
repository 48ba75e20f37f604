"""The process that renders chat templates: ``python -m preheat.inference.worker.chat.renderer``.

It learns each template once, and then renders chats in the first form that the template accepts completely.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Final

from preheat.inference import Chat
from preheat.inference.worker.chat import questions
from preheat.inference.worker.chat.probes import learn
from preheat.inference.worker.chat.rendering import Rendering, TextLeftOut
from preheat.inference.worker.chat.sandbox import CompiledTemplate, TemplateFault
from preheat.inference.worker.chat.traits import TemplateTraits
from preheat.inference.worker.guarded_process import serve

_MAX_REASON_CHARACTERS: Final = 200
_EFFORT: Final = "reasoning_effort"


class Renderer:
    """Answers the questions of ``questions``."""

    def __init__(self) -> None:
        self._learned: dict[int, tuple[CompiledTemplate, TemplateTraits]] = {}

    def answer(self, question: bytes) -> bytes:
        """Return the answer to a question."""
        try:
            return self._answer(questions.decoded(question))
        except TextLeftOut:
            return questions.LEFT_OUT
        except RecursionError:
            return questions.FAULT + b"the chat is nested too deeply"
        except TemplateFault as fault:
            return questions.FAULT + str(fault)[:_MAX_REASON_CHARACTERS].encode(errors="replace")

    def _answer(self, question: Any) -> bytes:
        key = question["key"]
        if "learn" in question:
            source, bos, eos = question["learn"]
            template = CompiledTemplate(source, {"bos_token": bos, "eos_token": eos})
            self._learned[key] = template, learn(template)
            return questions.DONE
        if key not in self._learned:
            return questions.UNKNOWN
        text, tools_as_text = prompt(*self._learned[key], questions.chat_from_json(question["chat"]), question["nonce"])
        content = text.encode(errors="replace")  # a template can make lone surrogates
        if len(content) > question["max_bytes"]:
            raise TemplateFault(f"the prompt becomes longer than {question['max_bytes']:,} bytes")
        return (questions.TEXT_WITH_TOOLS if tools_as_text else questions.TEXT) + content


def prompt(template: CompiledTemplate, traits: TemplateTraits, chat: Chat, nonce: str) -> tuple[str, bool]:
    """Return the result of a ``Rendering``; a template that refuses a word for the effort gets another, or none."""
    first_fault: TemplateFault | None = None
    for form in _efforts(chat):
        try:
            return Rendering(template, traits, form, nonce).text()
        except TemplateFault as fault:
            first_fault = first_fault or fault
    raise first_fault or TextLeftOut


def _efforts(chat: Chat) -> Iterator[Chat]:
    yield chat
    if _EFFORT in chat.template_arguments:
        others = {name: value for name, value in chat.template_arguments.items() if name != _EFFORT}
        off = chat.template_arguments[_EFFORT] in ("none", "minimal")
        yield replace(chat, template_arguments={**others, _EFFORT: "none" if off else "high"})
        yield replace(chat, template_arguments=others)


if __name__ == "__main__":
    serve(Renderer().answer)
