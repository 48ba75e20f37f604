"""All commands of ``preheat``, with their arguments and options."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from typing import Any, Final

import typer

from preheat.cli.examples import EXAMPLES
from preheat.cli.main import app

# Typer's own copy of click has no public name.
Command = Any
Parameter = Any

_WIDTH: Final = 84  # of a block in a page
_FIXED: Final = "\N{NO-BREAK SPACE}"
_CODE_OF: Final = {"bool": "", "int": "N", "float": "NUMBER", "str": "TEXT", "Path": "PATH"}


def command_reference() -> str:
    """Return all commands in the order of ``preheat --help``, in Markdown."""
    group: Command = typer.main.get_command(app)
    # With a command, since the group alone prints its help.
    context = group.make_context("preheat", ["version"], resilient_parsing=True)
    names = group.list_commands(context)
    return "\n\n".join(part for name in names for part in _command(group.get_command(context, name), f"preheat {name}"))


def _command(command: Command, words: str) -> Iterator[str]:
    if command.hidden:
        return
    subcommands = getattr(command, "commands", None)
    if subcommands is None:
        yield "\n".join(_lines(command, words))
        return
    yield f"### `{words}`\n\n{_text(command.help)}"
    for name, subcommand in subcommands.items():
        yield from _command(subcommand, f"{words} {name}")


def _lines(command: Command, words: str) -> Iterator[str]:
    # The others are Typer's own: --help and the completion of a shell.
    params = [param for param in command.params if param.help and not getattr(param, "hidden", False)]
    yield f"### `{words}`\n"
    yield f"{_text(command.help)}\n"
    # A part with a space in it stays on one line.
    parts = [words, *map(_usage, params)]
    usage = textwrap.fill(" ".join(part.replace(" ", _FIXED) for part in parts), _WIDTH, subsequent_indent="    ")
    yield f"```text\n{usage.replace(_FIXED, ' ')}\n```"
    examples = EXAMPLES[words.removeprefix("preheat ")]
    yield f"\nExample{'s' if len(examples) > 1 else ''}: {', '.join(f'`{example}`' for example in examples)}"
    if params:
        yield "\n| argument or option | meaning |\n| --- | --- |"
    for param in params:
        yield f"| {_spelling(param)} | {_meaning(param)} |"


def _usage(param: Parameter) -> str:
    name = _value(param) if param.param_type_name == "argument" else f"{param.opts[0]} {_value(param)}".rstrip()
    # Flags have one of their values by default, and a second name for the other one.
    name = "|".join([name, *param.secondary_opts])
    repeats = "..." if getattr(param, "multiple", False) else ""
    return f"{name}{repeats}" if param.required else f"[{name}]{repeats}"


def _spelling(param: Parameter) -> str:
    if param.param_type_name == "argument":
        return f"`{_value(param)}`"
    return ", ".join(f"`{f'{name} {_value(param)}'.rstrip()}`" for name in (*param.opts, *param.secondary_opts))


def _value(param: Parameter) -> str:
    """Return the placeholder of a parameter's value; empty for a flag."""
    if getattr(param, "is_flag", False):
        return ""
    if param.metavar:
        return str(param.metavar).strip("[]")
    if param.param_type_name == "argument":
        return str(param.name).upper()
    kind = param.type_descriptor.annotation
    return _CODE_OF.get(getattr(kind, "__name__", ""), "TEXT")


def _meaning(param: Parameter) -> str:
    shown = param.default is not None and param.default is not False and not param.required
    default = f" Default: `{param.default}`." if shown and isinstance(param.default, str | int | float) else ""
    bounds = f" From {param.min} to {param.max}." if param.min is not None and param.max is not None else ""
    return f"{_text(param.help)}{bounds}{default}"


def _text(text: str) -> str:
    """Return a docstring or help text as Markdown."""
    return " ".join(text.split()).replace("``", "`").replace("|", "&#124;")
