"""``preheat requests``: what was asked, and what was reused of each prompt."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Final

import typer

from preheat.cli.decisions import when
from preheat.cli.output import AsJson, JsonObject, ask, console, history_days, print_json, short_name, table
from preheat.cli.stats import since_text
from preheat.units import format_duration

if TYPE_CHECKING:
    from rich.table import Table

_MAX_SHOWN: Final = 10_000
_FOUND: Final = {"hit": "hot", "late_hit": "late", "miss": "cold"}
_COLUMNS: Final = ("When", "Client", "Model", "Found", "Prompt", "Reused", "TTFT", "Answer", "Reused from")
_NARROW: Final = 120  # characters; some columns are left out below this
_LEFT_OUT: Final = ("Found", "TTFT", "Answer")
_SOURCES: Final = (("slot_tokens", "held"), ("memory_tokens", "memory"), ("disk_tokens", "disk"))


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
    from rich.markup import escape

    out = console()
    shown = [column for column in _COLUMNS if out.width >= _NARROW or column not in _LEFT_OUT]
    rows = table(*shown, right=("Prompt", "Reused", "TTFT", "Answer"))
    rows.columns[-1].no_wrap = False
    for request in reversed(found):
        cells = {
            "When": when(request["started_at"]),
            "Client": escape(request["client"]),
            "Model": escape(short_name(request["model"], out, others=100)),
            "Found": _FOUND[request["outcome"]],
            "Prompt": f"{request['prompt_tokens']:,}",
            "Reused": f"{sum(request[name] for name, _ in _SOURCES):,}",
            "TTFT": "" if request["ttft_s"] is None else format_duration(request["ttft_s"]),
            "Answer": f"{request['completion_tokens']:,}",
            "Reused from": escape(_sources(request)),
        }
        rows.add_row(*(cells[column] for column in shown))
    return rows


def _sources(request: JsonObject) -> str:
    """Return where reused tokens came from, and why there are not more."""
    used = [words for name, words in _SOURCES if request[name]]
    return "; ".join(part for part in (", ".join(used), request["recomputed"] or "") if part)
