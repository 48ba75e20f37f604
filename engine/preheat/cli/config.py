"""``preheat config``: see, change and check the settings."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Annotated, Any, Final

import typer

from preheat import paths
from preheat.errors import EngineError, NotRunningError, SettingsError
from preheat.settings import FIELDS, Settings, find_problems, merge_settings, to_toml_value
from preheat.settings.check import HIDDEN, Merged, field_of, is_secret, unknown_setting, value_of
from preheat.settings.layers import Origin, variable_of
from preheat.settings.names import MODELS, canonical, keys_of, model_setting
from preheat.settings.texts import to_text

EXIT_WRONG_SETTINGS: Final = 2

config_app = typer.Typer(name="config", help="See, change and check the settings.", no_args_is_help=True)

Reveal = Annotated[bool, typer.Option("--reveal", help="Show API keys as they are.")]


@config_app.command("get")
def get(
    name: Annotated[str | None, typer.Argument(help="One setting; all without it.", show_default=False)] = None,
    as_json: Annotated[bool, typer.Option("--json", help="For scripts: values with where they come from.")] = False,
    reveal: Reveal = False,
    overrides: Annotated[
        list[str] | None, typer.Option("--set", metavar="NAME=VALUE", help="As if this option were given to Preheat.")
    ] = None,
) -> None:
    """Print the settings that hold now, and where each comes from."""
    with _errors_shown():
        if name is not None:
            name = _known(name)
        merged = merge_settings(parse_overrides(overrides or ()))
        names = [*FIELDS, *_model_names(merged)] if name is None else [name]
        values = {each: _shown_value(merged.settings, each, reveal=reveal) for each in names}
        if as_json:
            typer.echo(json.dumps({each: _described(merged, each, values[each]) for each in names}, indent=2))
        elif name is not None:
            typer.echo(to_text(values[name]))
        else:
            for each in names:
                typer.echo(f"{each} = {_as_toml(values[each])}  # {merged.places.get(each, Origin.DEFAULT)}")


# Otherwise `set gpu_layers -1` would be an unknown option.
@config_app.command("set", context_settings={"ignore_unknown_options": True})
def set_(
    name: Annotated[str, typer.Argument(help="The setting's name.")],
    value: Annotated[str, typer.Argument(help="Lists are comma separated.")],
) -> None:
    """Write a setting into the settings file."""
    from preheat.settings.file import set_value

    with _errors_shown():
        name = _known(name)
        written = set_value(name, value)
    secret = name in FIELDS and is_secret(FIELDS[name])
    typer.echo(f"{name} = {_as_toml(_hidden(written) if secret else written)}")
    _tell_when_it_holds(name)


@config_app.command("unset")
def unset(name: Annotated[str, typer.Argument(help="The setting's name.")]) -> None:
    """Take a setting out of the settings file, so that its default holds again."""
    from preheat.settings import file as settings_file

    with _errors_shown():
        name = canonical(name)
        was_set = settings_file.unset(name)
    if not was_set:
        typer.echo(f"{name} was not set.")
        return
    if name not in FIELDS:
        typer.echo(f"{name} was taken out.")
    else:
        typer.echo(f"{name} = {_as_toml(to_toml_value(FIELDS[name].default))}")
    _tell_when_it_holds(name)


@config_app.command("path")
def path() -> None:
    """Print where the settings file is, or would be."""
    typer.echo(paths.settings_path())


@config_app.command("check")
def check(
    as_json: Annotated[bool, typer.Option("--json", help="For scripts: the problems as a list.")] = False,
) -> None:
    """Say all that is wrong in the settings file and the PREHEAT_ variables; exit code 2 if anything is."""
    problems = find_problems()
    if as_json:
        described = [{"setting": each.param, "title": each.title, "hint": each.hint} for each in problems]
        typer.echo(json.dumps({"path": str(paths.settings_path()), "problems": described}, indent=2))
    elif problems:
        for problem in problems:
            _show(problem)
    else:
        there = "is right" if paths.settings_path().exists() else "does not exist; the defaults hold"
        typer.echo(f"{paths.settings_path()} {there}.")
    if problems:
        raise typer.Exit(EXIT_WRONG_SETTINGS)


def parse_overrides(options: Iterable[str]) -> dict[str, str]:
    """Turn the values of ``--set NAME=VALUE`` into what ``load_settings`` takes; the last of a name holds.

    Raises:
        SettingsError: There is no ``=`` in one.
    """
    overrides = {}
    for option in options:
        name, equals, value = option.partition("=")
        if not equals:
            raise SettingsError(f"--set {option} has no value", hint="Write it as --set name=value", param=option)
        overrides[name] = value
    return overrides


def _known(name: str) -> str:
    """Return a setting's name as it is declared.

    Raises:
        SettingsError: There is no such setting.
    """
    known = canonical(name)
    if field_of(Settings, known) is None or known == MODELS:
        raise unknown_setting(Settings, name)
    return known


def _model_names(merged: Merged[Settings]) -> Iterator[str]:
    """Return the names of what single models have for themselves."""
    for model_id, own in merged.settings.models.items():
        for name, value in own:
            if value is not None:
                yield model_setting(model_id, name)


def _shown_value(settings: Settings, name: str, *, reveal: bool) -> object:
    keys = keys_of(name)
    if len(keys) == 1:
        value = to_toml_value(getattr(settings, name))
        return value if reveal or not is_secret(FIELDS[name]) else _hidden(value)
    own = value_of(settings, name)
    return to_toml_value(own if own is not None else getattr(settings, keys[-1], None))


def _hidden(value: object) -> object:
    """Return a secret without what is secret: how many keys there are may be seen."""
    return [HIDDEN for _ in value] if isinstance(value, list) else HIDDEN


def _described(merged: Merged[Settings], name: str, value: object) -> Mapping[str, Any]:
    return {"value": value, "origin": merged.origins.get(name, Origin.DEFAULT), "place": merged.places.get(name)}


def _as_toml(value: object) -> str:
    # These values are written alike in JSON and in TOML.
    return json.dumps(value, ensure_ascii=False)


def _tell_when_it_holds(name: str) -> None:
    if variable_of(name) in os.environ:
        typer.echo(f"{variable_of(name)} is set in this environment and goes before the file.", err=True)
        return
    from preheat.control.client import find_running

    try:
        with find_running() as running:
            answer = running.control("POST", "settings/reload")
    except NotRunningError:
        typer.echo("It holds from the next start of Preheat.", err=True)
    except EngineError as error:
        typer.echo(f"The running Preheat keeps its settings: {error.title}.", err=True)
    else:
        later = name in answer["restart_needed"]
        typer.echo(
            "It holds from the next start of Preheat." if later else "It holds from now on.",
            err=True,
        )


@contextmanager
def _errors_shown() -> Iterator[None]:
    """Turn a SettingsError into its words on standard error and exit code 2."""
    try:
        yield
    except SettingsError as error:
        _show(error)
        raise typer.Exit(EXIT_WRONG_SETTINGS) from error


def _show(error: EngineError) -> None:
    typer.echo(f"{error.title}.", err=True)
    if error.hint:
        typer.echo(f"  {error.hint}.", err=True)
