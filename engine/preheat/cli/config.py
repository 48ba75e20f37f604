"""``preheat config``: show, change and check the settings."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Annotated, Any

import typer

from preheat import paths
from preheat.cli.output import EXIT_WRONG_SETTINGS, AsJson, print_json, show_error
from preheat.errors import EngineError, NotRunningError, SettingsError
from preheat.messages import msg
from preheat.settings import (
    FIELDS,
    HIDDEN,
    Merged,
    Origin,
    Settings,
    SettingsChange,
    SettingsStore,
    canonical,
    check_name,
    find_problems,
    is_secret,
    keys_of,
    merge_settings,
    model_setting,
    to_text,
    to_toml_value,
    value_of,
)

config_app = typer.Typer(
    name="config", help="Show, change and check the settings.", no_args_is_help=True, add_completion=False
)


@config_app.command("get")
def get(
    name: Annotated[str | None, typer.Argument(help="One setting; default: all.", show_default=False)] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print values and their origins as JSON.")] = False,
    reveal: Annotated[bool, typer.Option("--reveal", help="Show API keys.")] = False,
    overrides: Annotated[
        list[str] | None, typer.Option("--set", metavar="NAME=VALUE", help="As if Preheat had this option.")
    ] = None,
) -> None:
    """Print the current settings and the origin of each."""
    if name is not None:
        name = _known(name)
    merged = merge_settings(parse_overrides(overrides or ()))
    names = [*FIELDS, *_model_names(merged)] if name is None else [name]
    values = {each: _shown_value(merged.settings, each, reveal=reveal) for each in names}
    if as_json:
        print_json({each: _described(merged, each, values[each]) for each in names})
    elif name is not None:
        typer.echo(to_text(values[name]))
    else:
        for each in names:
            typer.echo(f"{each} = {_as_toml(values[each])}  # {merged.place(each) or Origin.DEFAULT}")


# Otherwise `set gpu_layers -1` would be an unknown option.
@config_app.command("set", context_settings={"ignore_unknown_options": True})
def set_(
    name: Annotated[str, typer.Argument(help="The setting's name.")],
    value: Annotated[str, typer.Argument(help="Lists are comma separated.")],
) -> None:
    """Write a setting to the settings file."""
    name = _known(name)
    change = SettingsStore().set({name: value})
    written = change.written[name]
    secret = name in FIELDS and is_secret(FIELDS[name])
    typer.echo(f"{name} = {_as_toml(_hidden(written) if secret else written)}")
    _apply(name, change)


@config_app.command("unset")
def unset(name: Annotated[str, typer.Argument(help="The setting's name.")]) -> None:
    """Remove a setting from the settings file, which restores its default."""
    name = canonical(name)
    change = SettingsStore().unset(name)
    if not change.written:
        typer.echo(f"{name} was not set.")
        return
    if name in FIELDS:
        typer.echo(f"{name} = {_as_toml(to_toml_value(FIELDS[name].default))}")
    else:
        typer.echo(f"{name} was removed.")
    _apply(name, change)


@config_app.command("path")
def path() -> None:
    """Print the path of the settings file, which need not exist."""
    typer.echo(paths.settings_path())


@config_app.command("check")
def check(as_json: AsJson = False) -> None:
    """Print all problems of the settings file and the PREHEAT_ variables; exit code 2 if there are any."""
    problems = find_problems()
    if as_json:
        described = [{"setting": each.param, "title": each.title, "hint": each.hint} for each in problems]
        print_json({"path": str(paths.settings_path()), "problems": described})
    elif problems:
        for problem in problems:
            show_error(problem)
    else:
        state = "is correct" if paths.settings_path().exists() else "does not exist; the defaults apply"
        typer.echo(f"{paths.settings_path()} {state}.")
    if problems:
        raise typer.Exit(EXIT_WRONG_SETTINGS)


def parse_overrides(options: Iterable[str]) -> dict[str, str]:
    """Parse ``--set NAME=VALUE`` options; the last one of a name applies.

    Raises:
        SettingsError: One has no ``=``.
    """
    overrides = {}
    for option in options:
        name, equals, value = option.partition("=")
        if not equals:
            raise SettingsError(msg("setting_without_value", option=option), param=option)
        overrides[name] = value
    return overrides


def _known(name: str) -> str:
    """Return a setting's name as it is declared.

    Raises:
        SettingsError: There is no such setting.
    """
    known = canonical(name)
    check_name(known)
    return known


def _model_names(merged: Merged) -> Iterator[str]:
    """Yield the names of single models' own settings."""
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
    """Return a secret's value hidden; only the number of keys shows."""
    return [HIDDEN for _ in value] if isinstance(value, list) else HIDDEN


def _described(merged: Merged, name: str, value: object) -> Mapping[str, Any]:
    place = merged.place(name)
    return {
        "value": value,
        "origin": merged.origins.get(name, Origin.DEFAULT),
        "place": None if place is None else str(place),
    }


def _as_toml(value: object) -> str:
    # These values look the same in JSON and TOML.
    return json.dumps(value, ensure_ascii=False)


def _apply(name: str, change: SettingsChange) -> None:
    """Reload the file in the running application, and print when the setting takes effect."""
    if name in change.overridden:
        typer.echo(f"{change.overridden[name]} overrides the settings file.", err=True)
        return
    from preheat.control import GetSettings, ReloadSettings, find_running

    try:
        with find_running() as running:
            applied = running.call(ReloadSettings())
            source = running.call(GetSettings()).overridden.get(name)
    except NotRunningError:
        typer.echo("Takes effect at the next start of Preheat.", err=True)
    except EngineError as error:
        typer.echo(f"The running Preheat keeps its settings: {error.title}.", err=True)
    else:
        if source is not None:  # a variable of that process, or an option of its start
            typer.echo(f"The running Preheat was started with {source}, which overrides the settings file.", err=True)
            return
        later = name in applied.restart_needed
        typer.echo("Takes effect after a restart." if later else "Takes effect now.", err=True)
