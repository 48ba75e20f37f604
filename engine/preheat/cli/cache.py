"""``preheat cache``: prompts that are kept, so that they are not computed again."""

from __future__ import annotations

import time
from typing import Annotated, Final

import typer

from preheat.cli.output import AsJson, JsonObject, ask, console, print_json, short_name, table
from preheat.units import format_ago, format_bytes

cache_app = typer.Typer(
    name="cache",
    no_args_is_help=True,
    help="List and delete prompts that are kept, so that they are not computed again.",
)

_NUMBERS: Final = ("Prompts", "Tokens", "Memory", "Disk")


@cache_app.command("list")
def list_(as_json: AsJson = False) -> None:
    """List the kept prompts by model."""
    from preheat.control import GetPrefixCache

    found = ask(GetPrefixCache())
    if as_json:
        print_json(found)
        return
    out = console()
    if found["models"]:
        rows = table("Model", *_NUMBERS, "Last used", right=_NUMBERS)
        for model in found["models"]:
            rows.add_row(
                short_name(model["model"], out, others=56),
                str(model["prompts"]),
                f"{model['tokens']:,}",
                *(format_bytes(model[tier]) if model[tier] else "" for tier in ("memory_bytes", "disk_bytes")),
                format_ago(max(time.time() - model["used_at"], 0.0)),
            )
        out.print(rows)
    else:
        typer.echo("No prompts are kept yet." if found["mode"] != "off" else "No prompts are kept.")
    out.print()
    for line in _limits(found):
        out.print(line, markup=False)
    if found["problem"]:
        out.print(f"{found['problem']}.", markup=False)


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
