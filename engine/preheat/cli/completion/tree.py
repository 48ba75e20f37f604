"""The commands, arguments and options of the command line, read from typer's objects."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum, StrEnum
from typing import Any, Final

from preheat.paths import resource

_FIRST_SENTENCE: Final = re.compile(r".+?(?=\.(?:\s|$)|$)", re.DOTALL)

LIST_WORDS: Final = "preheat __complete"
"""A shell command that prints the words of a kind (``Value.is_asked``), without characters that shells expand."""

_SPANS: Final = {
    "pause": ("15m", "30m", "1h", "2h", "8h"),
    "log": ("1h", "12h", "24h", "7d"),
    "requests": ("1h", "12h", "24h", "7d"),
    "stats": ("1h", "12h", "24h", "7d", "30d", "all"),
}


class Value(StrEnum):
    """What an argument or an option takes."""

    NOTHING = "nothing"  # a flag
    TEXT = "text"
    WORD = "word"  # one of ``choices``
    MODEL = "model"
    LOADED = "loaded"  # a model in memory
    FAVOURITE = "favourite"
    DOWNLOAD = "download"
    SETTING_VALUE = "setting"  # of the setting that the argument before names
    FILE = "file"
    FOLDER = "folder"

    @property
    def is_asked(self) -> bool:
        """Whether the words come from ``LIST_WORDS``."""
        return self in (Value.MODEL, Value.LOADED, Value.FAVOURITE, Value.DOWNLOAD)


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
    options = tuple(_option(each, path) for each in parameters if each.param_type_name == "option")
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


def setting_values() -> Mapping[str, tuple[str, ...]]:
    """Return the values of each setting that has a few."""
    from preheat.settings import AUTO, FIELDS, choices_of, may_be_auto

    found = {}
    for name, declared in FIELDS.items():
        switch = ("true", "false") if declared.annotation is bool else ()
        auto = (AUTO,) if may_be_auto(declared) else ()
        if values := tuple(dict.fromkeys((*auto, *switch, *choices_of(declared)))):
            found[name] = values
    return found


def _option(option: Any, path: tuple[str, ...]) -> Parameter:
    choices = _choices(option) or (_SPANS.get(path[0], ()) if option.metavar == "SPAN" else ())
    named = _value(option.name, option.metavar or "", choices, path)
    value = Value.NOTHING if option.is_flag or option.count else named
    metavar = "" if value is Value.NOTHING else option.metavar or option.name.upper()
    names = (*option.opts, *option.secondary_opts)
    return Parameter(names, option.help or "", value, choices, metavar, repeats=bool(option.multiple))


def _argument(argument: Any, path: tuple[str, ...]) -> Parameter:
    metavar = (argument.metavar or argument.name.upper()).strip("[].")
    choices = _choices(argument) or _known_words(path, argument.name)
    value = _value(argument.name, metavar, choices, path)
    text = f"[{metavar}]" if not argument.required else metavar
    repeats = argument.nargs == -1
    return Parameter((text + "..." * repeats,), argument.help or "", value, choices, repeats=repeats)


def _value(name: str, metavar: str, choices: tuple[str, ...], path: tuple[str, ...]) -> Value:
    if choices:
        return Value.WORD
    if path == ("config", "set") and name == "value":
        return Value.SETTING_VALUE
    by_command = {
        ("unload",): Value.LOADED,
        ("unfavourite",): Value.FAVOURITE,
        ("favourites",): Value.FAVOURITE,
        ("downloads",): Value.DOWNLOAD,
    }
    if path in by_command:
        return by_command[path]
    by_metavar = {"MODEL": Value.MODEL, "FILE": Value.FILE, "DIR": Value.FOLDER}
    return by_metavar.get(metavar, Value.MODEL if name == "model" else Value.TEXT)


def _choices(parameter: Any) -> tuple[str, ...]:
    found = parameter.type_descriptor.choices or ()
    return tuple(str(each.value) if isinstance(each, Enum) else str(each) for each in found)


def _known_words(path: tuple[str, ...], name: str) -> tuple[str, ...]:
    """Return words for an argument that also takes others, or that typer has no words for."""
    if path[:1] == ("config",) and name == "name":
        from preheat.settings import FIELDS

        return tuple(FIELDS)
    if path == ("pull",):
        entries = tomllib.loads(resource("catalogue.toml").read_text(encoding="utf-8"))["model"]
        return tuple(entry["name"] for entry in entries)
    return _SPANS["pause"] if path == ("pause",) else ()
