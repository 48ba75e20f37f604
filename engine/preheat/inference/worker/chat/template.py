"""Chat messages to prompt text, by the chat template of the model file.

Templates come from model files, which are untrusted: they run in Jinja's sandbox with a time limit, and cannot change
their input. The environment is the one of Hugging Face transformers (``apply_chat_template``), for which templates are
written.
"""

from __future__ import annotations

import ctypes
import json
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any, Final, NoReturn

from jinja2 import TemplateError, nodes
from jinja2.exceptions import SecurityError
from jinja2.ext import Extension, loopcontrols
from jinja2.parser import Parser
from jinja2.sandbox import ImmutableSandboxedEnvironment

from preheat.errors import InvalidRequestError
from preheat.inference import Chat, JsonObject, Message, Role, ToolDefinition, message_to_json, text_message
from preheat.messages import msg

RENDER_LIMIT_S: Final = 2.0
MAX_PROMPT_CHARACTERS: Final = 16 << 20
"""Longest text that ``*`` in a template may build; a long context is a few megabytes."""

CHATML: Final = (
    "{% for message in messages %}<|im_start|>{{ message.role }}\n{{ message.content }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
"""Template for files without one: the format of most models' training."""

_MARK: Final = "the user's message"
_MARKED: Final = Chat(messages=(text_message(Role.USER, _MARK),))

# A template is a program of unknown origin.
_ORDINARY_FAULTS: Final = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError)
_TEMPLATE_FAULTS: Final = (TemplateError, RecursionError, MemoryError, *_ORDINARY_FAULTS)


class _RenderTimeout(BaseException):
    """Raised inside a template that runs too long; not an Exception, so that templates cannot catch it."""


class _ModelTemplateError(Exception):
    """The template itself called ``raise_exception``."""


class _Sandbox(ImmutableSandboxedEnvironment):
    # A product or a padded format can ask for gigabytes in one uninterruptible step.
    intercepted_binops = frozenset({"*", "**", "%"})

    def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
        if operator == "*":
            for text, times in ((left, right), (right, left)):
                is_repeated = isinstance(text, str | list | tuple) and isinstance(times, int)
                if is_repeated and len(text) * times > MAX_PROMPT_CHARACTERS:
                    raise SecurityError("the text becomes too long")
        elif operator == "**" or isinstance(left, str):
            raise SecurityError(f"the operator {operator} is not allowed here")
        return super().call_binop(context, operator, left, right)


class _GenerationBlocks(Extension):
    """Ignores ``{% generation %}`` tags, which mark the assistant's text for training."""

    tags = {"generation"}  # noqa: RUF012 # as Extension declares it

    def parse(self, parser: Parser) -> list[nodes.Node]:
        next(parser.stream)
        return parser.parse_statements(("name:endgeneration",), drop_needle=True)


def _raise_exception(message: str) -> NoReturn:
    raise _ModelTemplateError(message)


def _tojson(value: Any, indent: int | None = None, **_: Any) -> str:
    # Jinja's own filter escapes <, > and & for HTML, and models were trained on plain JSON.
    return json.dumps(value, ensure_ascii=False, indent=indent)


class ChatTemplate:
    """One model's chat template: Jinja source, ChatML by default, with the model's start and end tokens as text.

    A template that does not parse fails in ``render``, so that the model still serves plain completions.
    """

    def __init__(self, template: str | None, *, bos: str = "", eos: str = "", limit_s: float = RENDER_LIMIT_S) -> None:
        environment = _Sandbox(trim_blocks=True, lstrip_blocks=True, extensions=[loopcontrols, _GenerationBlocks])
        environment.filters["tojson"] = _tojson
        environment.globals["raise_exception"] = _raise_exception
        environment.globals["strftime_now"] = lambda form: datetime.now().astimezone().strftime(form)
        self._special = {"bos_token": bos, "eos_token": eos}
        self._limit_s = limit_s
        self._broken: str | None = None
        try:
            self._template = environment.from_string(CHATML if template is None else template)
        # SyntaxError: nested too deeply for Python's compiler.
        except (*_TEMPLATE_FAULTS, SyntaxError) as error:
            self._broken = str(error)

    def render(self, chat: Chat) -> str:
        """Return the prompt for this chat; raises InvalidRequestError if the template rejects them or fails."""
        if self._broken is not None:
            raise _template_error(self._broken)
        plain = [_template_message(message) for message in chat.messages]
        tools = [_template_tool(tool) for tool in chat.tools]
        # Templates of models without a system role (Gemma) reject it; the user message then carries its text.
        failure: _ModelTemplateError | None = None
        for attempt in (plain, _system_into_user(plain)):
            if attempt is not None:
                try:
                    return self._render(attempt, tools)
                except _ModelTemplateError as error:
                    failure = error
        raise _template_error(str(failure)) from failure

    def fixed_beginning(self) -> str:
        """Return the template's text before every chat without a system message; may be empty."""
        try:
            beginning, mark, _ = self.render(_MARKED).partition(_MARK)
        except InvalidRequestError:
            return ""
        return beginning if mark else ""

    def _render(self, messages: list[JsonObject], tools: Sequence[JsonObject]) -> str:
        try:
            with _time_limit(self._limit_s):
                return self._template.render(
                    messages=messages, tools=list(tools) or None, add_generation_prompt=True, **self._special
                )
        except _RenderTimeout:
            raise InvalidRequestError(msg("template_too_slow", limit_s=self._limit_s), param="messages") from None
        except _TEMPLATE_FAULTS as error:
            raise _template_error(str(error)) from error


def _template_error(reason: str) -> InvalidRequestError:
    return InvalidRequestError(msg("template_failed", reason=reason[:200]), param="messages")


def _template_message(message: Message) -> JsonObject:
    """Return the message as templates expect it: text content, tool arguments as objects."""
    value = message_to_json(message)
    if "tool_calls" in value:
        value["tool_calls"] = [_normal_tool_call(call) for call in value["tool_calls"]]
    return value


def _template_tool(tool: ToolDefinition) -> JsonObject:
    function: JsonObject = {"name": tool.name, "parameters": tool.parameters}
    if tool.description:
        function = {"name": tool.name, "description": tool.description, "parameters": tool.parameters}
    return {"type": "function", "function": function}


def _normal_tool_call(call: JsonObject) -> JsonObject:
    function = call.get("function")
    if not isinstance(function, dict) or not isinstance(function.get("arguments"), str):
        return call
    try:
        arguments = json.loads(function["arguments"])
    except (ValueError, RecursionError):
        return call
    # Templates write the arguments as JSON themselves: a text would be quoted twice.
    return {**call, "function": {**function, "arguments": arguments}} if isinstance(arguments, dict) else call


def _system_into_user(messages: list[JsonObject]) -> list[JsonObject] | None:
    """Return the chat with its leading system message moved into the first user message; None if it has none."""
    if len(messages) < 2 or messages[0].get("role") != "system" or messages[1].get("role") != "user":
        return None
    system, user, *rest = messages
    return [{**user, "content": f"{system['content']}\n\n{user['content']}"}, *rest]


@contextmanager
def _time_limit(limit_s: float) -> Iterator[None]:
    """Raise ``_RenderTimeout`` in this thread when the block takes longer; only interrupts Python code."""
    thread_id = ctypes.c_ulong(threading.get_ident())
    lock = threading.Lock()
    running = True

    def interrupt() -> None:
        with lock:
            if running:
                ctypes.pythonapi.PyThreadState_SetAsyncExc(thread_id, ctypes.py_object(_RenderTimeout))

    timer = threading.Timer(limit_s, interrupt)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        with lock:
            running = False
        timer.cancel()
