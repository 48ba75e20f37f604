"""Jinja's sandbox for chat templates.

Templates come from model files, which are untrusted: they run with a time limit, and cannot change their input. The
environment is the one of Hugging Face transformers (``apply_chat_template``), for which templates are written.
"""

from __future__ import annotations

import ctypes
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import Any, Final, NoReturn

from jinja2 import TemplateError, nodes
from jinja2.exceptions import SecurityError
from jinja2.ext import Extension, loopcontrols
from jinja2.parser import Parser
from jinja2.sandbox import ImmutableSandboxedEnvironment

from preheat.inference.worker.chat.values import TESTS, printed, tojson

MAX_PROMPT_CHARACTERS: Final = 16 << 20
"""Longest text that ``*`` in a template may build; a long context is a few megabytes."""

# A template is a program of unknown origin.
_ORDINARY_FAULTS: Final = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError)
_TEMPLATE_FAULTS: Final = (TemplateError, RecursionError, MemoryError, *_ORDINARY_FAULTS)


class RenderTimeout(BaseException):  # not an Exception, so that templates cannot catch it
    """Raised inside a template that runs too long."""


class TemplateFault(Exception):  # noqa: N818 # an internal signal: clients get an InvalidRequestError
    """The template failed, or called ``raise_exception``; the text is its reason."""


class _Sandbox(ImmutableSandboxedEnvironment):
    def is_safe_attribute(self, obj: Any, attr: str, value: Any) -> bool:
        # Some templates (Kimi K2) collect call ids in a list of their own. The input has other types.
        return (type(obj) is list and attr in ("append", "pop")) or super().is_safe_attribute(obj, attr, value)

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
    raise TemplateFault(str(message))


class CompiledTemplate:
    """A template's program. One that does not parse fails in ``render``."""

    def __init__(self, source: str, constants: Mapping[str, str]) -> None:
        environment = _Sandbox(
            trim_blocks=True, lstrip_blocks=True, extensions=[loopcontrols, _GenerationBlocks], finalize=printed
        )
        environment.filters["tojson"] = tojson
        environment.tests.update(TESTS)
        environment.globals["raise_exception"] = _raise_exception
        environment.globals["strftime_now"] = lambda form: datetime.now().astimezone().strftime(form)
        self._constants = dict(constants)
        self.source: Final = source
        self._broken: str | None = None
        try:
            self._template = environment.from_string(source)
        # SyntaxError: nested too deeply for Python's compiler.
        except (*_TEMPLATE_FAULTS, SyntaxError) as error:
            self._broken = str(error)

    def render(self, variables: Mapping[str, Any]) -> str:
        """Return the template's text; raises TemplateFault."""
        if self._broken is not None:
            raise TemplateFault(self._broken)
        try:
            return self._template.render({**self._constants, **variables})
        except _TEMPLATE_FAULTS as error:
            raise TemplateFault(str(error)) from error


@contextmanager
def time_limit(limit_s: float) -> Iterator[None]:
    """Raise ``RenderTimeout`` in this thread when the block takes longer; only interrupts Python code."""
    thread_id = ctypes.c_ulong(threading.get_ident())
    lock = threading.Lock()
    running = True

    def interrupt() -> None:
        with lock:
            if running:
                ctypes.pythonapi.PyThreadState_SetAsyncExc(thread_id, ctypes.py_object(RenderTimeout))

    timer = threading.Timer(limit_s, interrupt)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        with lock:
            running = False
        timer.cancel()
