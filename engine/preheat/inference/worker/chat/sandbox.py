"""Jinja's sandbox for chat templates.

Templates come from model files, which are untrusted: they cannot change their input. This runs in a guarded process,
which limits their time and memory. The environment is the one of Hugging Face transformers (``apply_chat_template``),
for which templates are written.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final, NoReturn

from jinja2 import nodes
from jinja2.ext import Extension, loopcontrols
from jinja2.parser import Parser
from jinja2.sandbox import ImmutableSandboxedEnvironment

from preheat.inference.worker.chat.values import TESTS, printed, tojson


class TemplateFault(Exception):  # noqa: N818 # an internal signal: clients get an EngineError
    """The template failed, or called ``raise_exception``; the text is its reason."""


class _Sandbox(ImmutableSandboxedEnvironment):
    def is_safe_attribute(self, obj: Any, attr: str, value: Any) -> bool:
        # Some templates (Kimi K2) collect call ids in a list of their own. The input has other types.
        return (type(obj) is list and attr in ("append", "pop")) or super().is_safe_attribute(obj, attr, value)


class _GenerationBlocks(Extension):
    """Ignores ``{% generation %}`` tags, which mark the assistant's text for training."""

    tags = {"generation"}  # noqa: RUF012 # as Extension declares it

    def parse(self, parser: Parser) -> list[nodes.Node]:
        next(parser.stream)
        return parser.parse_statements(("name:endgeneration",), drop_needle=True)


def _raise_exception(message: str) -> NoReturn:
    raise TemplateFault(str(message))


class CompiledTemplate:
    """A template's program; raises TemplateFault if it does not parse."""

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
        try:
            self._template = environment.from_string(source)
        except MemoryError as error:  # also Python's parser, of deeply nested blocks
            raise TemplateFault("it is too large, or nested too deeply") from error
        except Exception as error:
            raise TemplateFault(str(error)) from error

    def render(self, variables: Mapping[str, Any]) -> str:
        """Return the template's text; raises TemplateFault, and MemoryError at the process's limit."""
        try:
            return self._template.render({**self._constants, **variables})
        except (TemplateFault, MemoryError):
            raise
        except Exception as error:  # a template is a program of unknown origin: it may raise anything
            raise TemplateFault(str(error)) from error
