from __future__ import annotations

import shlex
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from preheat.cli.examples import EXAMPLES
from preheat.cli.main import app


def leaves(command: Any, path: str = "") -> dict[str, Any]:
    """Return all commands that are no groups, by their words."""
    if not hasattr(command, "list_commands"):
        return {path: command}
    found: dict[str, Any] = {}
    for name in command.list_commands(None):
        found |= leaves(command.get_command(None, name), f"{path} {name}".strip())
    return found


COMMANDS = leaves(typer.main.get_command(app))


def test_the_help_groups_the_commands() -> None:
    lines = CliRunner().invoke(app, ["--help"], env={"COLUMNS": "80"}).stdout.splitlines()
    panels = [line.split()[1] for line in lines if line.startswith("╭")]
    assert panels == ["Options", "Run", "Models", "Memory", "Insight", "Settings"]
    assert sum(line.startswith("│ ") for line in lines) == len({name.split()[0] for name in COMMANDS}) + 2  # no wraps


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_has_examples(name: str) -> None:
    assert all(example in COMMANDS[name].epilog for example in EXAMPLES[name])


@pytest.mark.parametrize("example", [example for examples in EXAMPLES.values() for example in examples])
def test_an_example_is_a_command(example: str) -> None:
    words = shlex.split(example.removeprefix("source <(").removesuffix(")").partition(" < ")[0].partition(" > ")[0])
    program, *arguments = words
    assert program == "preheat"
    name = next(known for known in COMMANDS if words[1 : len(known.split()) + 1] == known.split())
    context = COMMANDS[name].make_context(name, arguments[len(name.split()) :])  # an error if it is wrong
    assert context.info_name == name


def test_the_examples_are_those_of_commands() -> None:
    assert EXAMPLES.keys() == COMMANDS.keys()
