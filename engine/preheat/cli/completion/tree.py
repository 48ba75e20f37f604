"""The commands, arguments and options of the command line, read from typer's objects."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum, StrEnum
from typing import Any, Final

_FIRST_SENTENCE: Final = re.compile(r".+?(?=\.(?:\s|$)|$)", re.DOTALL)

LIST_MODELS: Final = r"""preheat list --json 2>/dev/null | sed -n 's/^    "id": "\([[:alnum:]._:@/+-]*\)",*$/\1/p'"""
"""A shell command that prints the ids of all models, except those with characters that shells could take as code."""


class Value(StrEnum):
    """What an argument or an option takes."""

    NOTHING = "nothing"  # a flag
    TEXT = "text"
    WORD = "word"  # one of ``choices``
    MODEL = "model"
    FILE = "file"
    FOLDER = "folder"


@dataclass(frozen=True, slots=True)
class Parameter:
    """An argument, or an option with its names."""

    names: tuple[str, ...]  # such as --verbose and -v; of an argument, its metavar
    help: str
    value: Value
    choices: tuple[str, ...] = ()
    metavar: str = ""  # the name of an option's value
    repeats: bool = False


@dataclass(frozen=True, slots=True)
class Command:
    """A command with its subcommands. ``help`` is its whole text, ``summary`` the first sentence."""

    path: tuple[str, ...]  # without "preheat"
    help: str
    options: tuple[Parameter, ...]
    arguments: tuple[Parameter, ...]
    commands: Mapping[str, Command] = field(default_factory=dict)

    @property
    def summary(self) -> str:
        """The first sentence of the help, without its period."""
        return first_sentence(self.help)

    def walk(self) -> Iterator[Command]:
        """Yield this command, then all commands below it."""
        yield self
        for command in self.commands.values():
            yield from command.walk()


def first_sentence(text: str) -> str:
    """Return the first sentence of a text, on one line and without its period."""
    found = _FIRST_SENTENCE.match(text)
    return " ".join(found[0].split()) if found else ""


def read_tree(command: Any, path: tuple[str, ...] = ()) -> Command:
    """Return the tree of a typer command, without what is hidden."""
    parameters = [each for each in command.params if not each.hidden]
    options = tuple(_option(each) for each in parameters if each.param_type_name == "option")
    below = {}
    for name in command.list_commands(None) if hasattr(command, "list_commands") else ():
        child = command.get_command(None, name)
        if not child.hidden:
            below[name] = read_tree(child, (*path, name))
    return Command(
        path,
        (command.help or "").strip(),
        (*options, Parameter(("--help", "-h"), "Show the help.", Value.NOTHING)),
        tuple(_argument(each, path) for each in parameters if each.param_type_name == "argument"),
        below,
    )


def _option(option: Any) -> Parameter:
    choices = _choices(option)
    value = Value.NOTHING if option.is_flag or option.count else _value(option.name, option.metavar or "", choices)
    metavar = "" if value is Value.NOTHING else option.metavar or option.name.upper()
    names = (*option.opts, *option.secondary_opts)
    return Parameter(names, option.help or "", value, choices, metavar, repeats=bool(option.multiple))


def _argument(argument: Any, path: tuple[str, ...]) -> Parameter:
    choices = _setting_names() if path[:1] == ("config",) and argument.name == "name" else _choices(argument)
    metavar = (argument.metavar or argument.name.upper()).strip("[].")
    value = _value(argument.name, metavar, choices)
    text = f"[{metavar}]" if not argument.required else metavar
    repeats = argument.nargs == -1
    return Parameter((text + "..." * repeats,), argument.help or "", value, choices, repeats=repeats)


def _value(name: str, metavar: str, choices: tuple[str, ...]) -> Value:
    if choices:
        return Value.WORD
    by_metavar = {"MODEL": Value.MODEL, "FILE": Value.FILE, "DIR": Value.FOLDER}
    return by_metavar.get(metavar, Value.MODEL if name == "model" else Value.TEXT)


def _choices(parameter: Any) -> tuple[str, ...]:
    found = parameter.type_descriptor.choices or ()
    return tuple(str(each.value) if isinstance(each, Enum) else str(each) for each in found)


def _setting_names() -> tuple[str, ...]:
    from preheat.settings import FIELDS

    return tuple(FIELDS)
