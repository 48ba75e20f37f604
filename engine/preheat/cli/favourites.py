"""``preheat favourite``, ``unfavourite``, ``favourites``: the models to keep hot whenever they fit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from preheat.cli.output import AsJson, print_json
from preheat.errors import InvalidRequestError
from preheat.messages import msg

if TYPE_CHECKING:
    from preheat.control import ControlClient, Favourites, FavouritesChange

Names = Annotated[list[str], typer.Argument(metavar="MODEL", help="Model ids, or unique prefixes of them.")]


def favourite(models: Names, as_json: AsJson = False) -> None:
    """Keep models in memory whenever they fit."""
    _set(models, on=True, as_json=as_json)


def unfavourite(models: Names, as_json: AsJson = False) -> None:
    """Keep models in memory only while they are used."""
    _set(models, on=False, as_json=as_json)


def favourites(
    models: Annotated[list[str] | None, typer.Argument(metavar="MODEL", help="With --order: the first ones.")] = None,
    order: Annotated[bool, typer.Option("--order", help="Put these models first, in this order.")] = False,
    as_json: AsJson = False,
) -> None:
    """List the favourites in their order, or change it."""
    from preheat.control import GetFavourites, OrderFavourites, open_client

    if models and not order:
        raise InvalidRequestError(msg("cli_models_need_order"))
    if order and not models:
        raise InvalidRequestError(msg("cli_order_needs_models"))
    with open_client() as client:
        if models:
            _show_change(client.call(OrderFavourites(tuple(models))), as_json)
        else:
            _show(client.call(GetFavourites()), as_json)


def _set(names: list[str], *, on: bool, as_json: bool) -> None:
    from preheat.control import AddFavourite, DropFavourite, open_client

    with open_client() as client:
        _check_names(client, names)
        changes = [client.call(AddFavourite(name) if on else DropFavourite(name)) for name in names]
    _show_change(changes[-1], as_json)


def _check_names(client: ControlClient, names: list[str]) -> None:
    """Check all names before anything changes.

    Raises:
        ModelNotFoundError, AmbiguousModelError: A name does not stand for one model or missing favourite.
    """
    from preheat.control import ExplainModel, GetFavourites

    missing = client.call(GetFavourites()).missing
    for name in names:
        if name not in missing:
            client.call(ExplainModel(name))


def _show_change(change: FavouritesChange, as_json: bool) -> None:
    if change.overridden_by is not None:
        typer.echo(f"The settings file was changed, but {change.overridden_by} overrides it.", err=True)
    _show(change, as_json)


def _show(found: Favourites, as_json: bool) -> None:
    if as_json:
        print_json(found.ordered)
        return
    if not found.ordered:
        typer.echo("There are no favourites.")
    for place, name in enumerate(found.ordered, 1):
        typer.echo(f"{place}. {name}" + (" (missing)" if name in found.missing else ""))
