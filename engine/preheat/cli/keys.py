"""``preheat keys``: who may use the port."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from preheat.cli.output import AsJson, JsonObject, ask, print_json, print_table
from preheat.cli.tables import Column

if TYPE_CHECKING:
    from preheat.control import Command

keys_app = typer.Typer(
    name="keys",
    no_args_is_help=True,
    help="List, make and revoke API keys.\n\nFrom the first key on, every request needs one.",
)

_COLUMNS: Final = (
    Column("Name", name=True),
    Column("Scope"),
    Column("Models", sentence=True),
    Column("Priority", worth=1),
    Column("Made", worth=2),
)

Name = Annotated[str, typer.Argument(metavar="NAME", help="For example the program or machine that gets the key.")]


@keys_app.command("list")
def list_(as_json: AsJson = False) -> None:
    """List the keys."""
    from preheat.control import ListKeys

    _show(_ask(ListKeys()), as_json)


@keys_app.command()
def add(
    name: Name,
    scope: Annotated[str, typer.Option(help="read, use, manage or admin; each includes the ones before.")] = "use",
    model: Annotated[list[str] | None, typer.Option(help="A model that it may run; can be repeated.")] = None,
    low_priority: Annotated[bool, typer.Option("--low-priority", help="Its requests wait for all others.")] = False,
    as_json: AsJson = False,
) -> None:
    """Make a key, and print it this once."""
    from preheat.control import CreateKey, parse_command

    body = {"name": name, "scope": scope, "models": list(model or ()), "low_priority": low_priority}
    created = _ask(parse_command(CreateKey, {}, {}, body))
    if as_json:
        print_json(created)
        return
    typer.echo(created["secret"])
    typer.echo("Copy it now: only its hash is stored.", err=True)


@keys_app.command()
def revoke(name: Name, as_json: AsJson = False) -> None:
    """Revoke a key: requests with it are refused from now on."""
    from preheat.control import RevokeKey

    _show(_ask(RevokeKey(name)), as_json)


def _ask(command: Command[Any]) -> Any:
    # An engine of this process opens no port. Settings that open it to other machines are refused without a key, and
    # must not prevent the first one.
    return ask(command, host="127.0.0.1")


def _show(found: JsonObject, as_json: bool) -> None:
    if as_json:
        print_json(found["keys"])
        return
    if not found["keys"]:
        typer.echo("There are no named keys.")
        return
    rows = [
        (
            key["name"],
            key["scope"],
            ", ".join(key["models"]) or "all",
            "low" if key["low_priority"] else "normal",
            datetime.fromtimestamp(key["created_at"]).astimezone().strftime("%Y-%m-%d"),
        )
        for key in found["keys"]
    ]
    print_table(_COLUMNS, rows)
