"""``preheat requests``: what was asked, and what was reused of each prompt."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Final

import typer

from preheat.cli.decisions import when
from preheat.cli.output import AsJson, JsonObject, ask, console, history_days, print_json, short_name, table
from preheat.cli.stats import since_text
from preheat.units import format_duration

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

_MAX_SHOWN: Final = 10_000
_FOUND: Final = {"hit": "hot", "late_hit": "late", "miss": "cold"}
_NARROW: Final = 120  # characters; a request takes two lines below this
_SOURCES: Final = (("slot_tokens", "loaded model"), ("memory_tokens", "memory"), ("disk_tokens", "disk"))


def requests(
    count: Annotated[int, typer.Option("--count", "-n", min=1, max=_MAX_SHOWN, help="Number of entries.")] = 20,
    since: Annotated[str | None, typer.Option("--since", metavar="SPAN", help="Only the last 2h, 7d, ...")] = None,
    model: Annotated[str | None, typer.Option("--model", "-m", help="Only this model.")] = None,
    as_json: AsJson = False,
) -> None:
    """Show requests that have ended, what was reused of their prompts, and why not more; the newest last."""
    from preheat.control import ListRequests

    command = ListRequests(count, None if since is None else since_text(since), model)
    found = ask(command, history_days=history_days())["requests"]
    if as_json:
        print_json(found)
    elif found:
        console().print(_table(found))
    else:
        typer.echo("There were no requests.")


def _table(found: list[JsonObject]) -> Table:
    out = console()
    make = _wide_table if out.width >= _NARROW else _narrow_table
    rows = make(list(reversed(found)), out)
    rows.columns[-1].no_wrap = False
    return rows


def _wide_table(found: list[JsonObject], out: Console) -> Table:
    from rich.markup import escape

    numbers = ("Prompt", "Reused", "TTFT", "Answer")
    rows = table("When", "Client", "Model", "Found", *numbers, "Reused from", right=numbers)
    for request in found:
        rows.add_row(
            when(request["started_at"]),
            escape(request["client"]),
            escape(short_name(request["model"], out, others=132)),
            _FOUND[request["outcome"]],
            f"{request['prompt_tokens']:,}",
            f"{_reused(request):,}",
            "" if request["ttft_s"] is None else format_duration(request["ttft_s"]),
            f"{request['completion_tokens']:,}",
            escape(_sources(request)),
        )
    return rows


def _narrow_table(found: list[JsonObject], out: Console) -> Table:
    from rich.markup import escape

    rows = table("When", "Client, model", "Reused, why not more")
    for request in found:
        rows.add_row(
            when(request["started_at"]),
            escape(f"{request['client']}\n{short_name(request['model'], out, others=56)}"),
            escape(f"{_reused(request):,} of {request['prompt_tokens']:,}\n{_sources(request)}".rstrip()),
        )
    return rows


def _reused(request: JsonObject) -> int:
    return sum(request[name] for name, _ in _SOURCES)


def _sources(request: JsonObject) -> str:
    """Return where reused tokens came from, and why there are not more."""
    used = [words for name, words in _SOURCES if request[name]]
    return "; ".join(part for part in (", ".join(used), request["recomputed"] or "") if part)
