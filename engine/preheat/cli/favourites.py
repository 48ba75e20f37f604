"""``preheat favourite``, ``unfavourite``, ``favourites``: the models to keep hot whenever they fit."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from preheat.cli.output import AsJson, print_json
from preheat.errors import InvalidRequestError, NotRunningError

if TYPE_CHECKING:
    from preheat.models import ModelFile

Names = Annotated[list[str], typer.Argument(metavar="MODEL...", help="Ids, or unique beginnings of them.")]

Change = Callable[[Sequence[str], Sequence[str]], list[str]]
"""From the favourites and the models that were named to the new favourites."""


def favourite(models: Names, as_json: AsJson = False) -> None:
    """Keep models in memory whenever they fit."""
    _show(_changed(models, added), as_json)


def unfavourite(models: Names, as_json: AsJson = False) -> None:
    """Keep models in memory only as long as they are used."""
    _show(_changed(models, removed), as_json)


def favourites(
    models: Annotated[
        list[str] | None, typer.Argument(metavar="[MODEL...]", help="With --order: these come first.")
    ] = None,
    order: Annotated[bool, typer.Option("--order", help="Put the models that follow first, in this order.")] = False,
    as_json: AsJson = False,
) -> None:
    """Show the models to keep in memory, the most important first, or change their order."""
    if models and not order:
        raise InvalidRequestError(
            "Models are named here to order them", hint="preheat favourites --order A B, or preheat favourite A"
        )
    if order and not models:
        raise InvalidRequestError("There is nothing to order", hint="Name the models: preheat favourites --order A B")
    _show(_changed(models or [], ordered), as_json)


def added(favourites: Sequence[str], named: Sequence[str]) -> list[str]:
    """Return the favourites with these at their end."""
    return list(dict.fromkeys([*favourites, *named]))


def removed(favourites: Sequence[str], named: Sequence[str]) -> list[str]:
    """Return the favourites without these."""
    return [name for name in favourites if name not in named]


def ordered(favourites: Sequence[str], named: Sequence[str]) -> list[str]:
    """Return the favourites with these before all others."""
    return list(dict.fromkeys([*named, *favourites]))


def models_on_disk() -> tuple[ModelFile, ...]:
    """Return the models in Preheat's folder, in those of the settings, and those of other programs.

    Raises:
        SettingsError: The settings cannot be read.
    """
    from preheat.models import look_once
    from preheat.settings import load_settings

    settings = load_settings()
    return look_once(settings.models_dirs, settings.sources, settings.own_models_dir).models


def _changed(names: Sequence[str], change: Change) -> list[str]:
    """Make the change, in the running application or in the file, and return the favourites that hold then.

    Raises:
        ModelNotFoundError, AmbiguousModelError: No one model has one of the names.
    """
    from preheat.control.client import find_running, quoted

    try:
        with find_running() as running:
            before = running.control("GET", "favourites")["favourites"]
            # `why` resolves a name as every other endpoint does.
            named = [running.control("GET", f"models/{quoted(name)}/why")["id"] for name in names]
            wanted = change(before, named)
            if wanted == before:
                return list(before)
            answer = running.control("PUT", "favourites", {"favourites": wanted})
            _tell_what_goes_before(answer["overridden_by"])
            return list(answer["favourites"])
    except NotRunningError:
        return _changed_in_file(names, change)


def _changed_in_file(names: Sequence[str], change: Change) -> list[str]:
    from preheat.models import resolve
    from preheat.preload.favourites import choose_favourites
    from preheat.settings import SettingsStore, merge_settings

    models, merged = models_on_disk(), merge_settings()
    before = list(choose_favourites(merged.settings.favourites, models))
    wanted = change(before, [resolve(name, models).model_id for name in names])
    if wanted == before:
        return before
    done = SettingsStore().set({"favourites": json.dumps(wanted, ensure_ascii=False)})
    if done.overridden:
        _tell_what_goes_before(done.overridden["favourites"])
        return before
    return wanted


def _tell_what_goes_before(place: str | None) -> None:
    if place is not None:
        typer.echo(f"It is in the settings file, but {place} goes before that.", err=True)


def _show(names: Sequence[str], as_json: bool) -> None:
    if as_json:
        print_json(list(names))
        return
    if not names:
        typer.echo("There are no favourites.")
    for place, name in enumerate(names, 1):
        typer.echo(f"{place}. {name}")
