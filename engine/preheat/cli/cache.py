"""``preheat cache``: prompts that are kept, so that they are not computed again."""

from __future__ import annotations

import time
from typing import Annotated, Final

import typer

from preheat.cli.output import AsJson, JsonObject, ask, print_json, print_table, print_text
from preheat.cli.tables import Column
from preheat.units import format_ago, format_bytes

cache_app = typer.Typer(
    name="cache",
    no_args_is_help=True,
    help="List and delete the prompts that are kept.",
)

_INDENT: Final = 10
_COLUMNS: Final = (
    Column("Model", name=True),
    Column("Prompts", worth=1, right=True),
    Column("Tokens", worth=4, right=True),
    Column("Memory", worth=3, right=True),
    Column("Disk", worth=3, right=True),
    Column("Last used", worth=2),
)


@cache_app.command("list")
def list_(as_json: AsJson = False) -> None:
    """List the kept prompts by model."""
    from preheat.control import GetPrefixCache

    found = ask(GetPrefixCache())
    if as_json:
        print_json(found)
        return
    if found["models"]:
        rows = [
            (
                model["model"],
                str(model["prompts"]),
                f"{model['tokens']:,}",
                *(format_bytes(model[tier]) if model[tier] else "" for tier in ("memory_bytes", "disk_bytes")),
                format_ago(max(time.time() - model["used_at"], 0.0)),
            )
            for model in found["models"]
        ]
        print_table(_COLUMNS, rows)
    else:
        typer.echo("No prompts are kept yet." if found["mode"] != "off" else "No prompts are kept.")
    typer.echo()
    for line in _limits(found):
        print_text(line, indent=_INDENT)
    if found["problem"]:
        print_text(f"{found['problem']}.")


@cache_app.command()
def clear(
    model: Annotated[
        str | None,
        typer.Argument(metavar="MODEL", help="The model's id, or a unique prefix of it; all models without it."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Delete the kept prompts of a model, or of all models."""
    from preheat.control import ClearPrefixCache

    done = ask(ClearPrefixCache(model))
    if as_json:
        print_json(done)
    elif done["freed_bytes"]:
        which = f"prompts of {done['model']}" if done["model"] else "kept prompts"
        typer.echo(f"The {which} were deleted; {format_bytes(done['freed_bytes'])} are free again.")
    else:
        typer.echo(f"No prompts of {done['model']} are kept." if done["model"] else "No prompts are kept.")


def _limits(found: JsonObject) -> list[str]:
    match found["mode"]:
        case "off":
            return ["The setting prefix_cache is off."]
        case "memory":
            return [f"Memory    {format_bytes(found['memory_bytes'])} of {format_bytes(found['memory_limit_bytes'])}"]
    memory = [f"Memory    {format_bytes(found['memory_bytes'])}, on the way to the disk"]
    return [
        f"Disk      {format_bytes(found['disk_bytes'])} of {format_bytes(found['disk_limit_bytes'])}",
        *(memory if found["memory_bytes"] else ()),
        f"Written   {format_bytes(found['written_today_bytes'])} of {format_bytes(found['daily_limit_bytes'])} today",
    ]
