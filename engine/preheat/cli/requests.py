"""``preheat requests``: what was asked, and what was reused of each prompt."""

from __future__ import annotations

from typing import Annotated, Final

import typer

from preheat.cli.decisions import when
from preheat.cli.output import (
    AsJson,
    Count,
    JsonObject,
    OnlyModel,
    OnlySince,
    ask,
    history_days,
    print_json,
    print_table,
)
from preheat.cli.stats import since_text
from preheat.cli.tables import Column
from preheat.units import format_duration

_FOUND: Final = {"hit": "hot", "late_hit": "late", "miss": "cold"}
_COLUMNS: Final = (
    Column("When", worth=8),
    Column("Client", worth=7),
    Column("Model", name=True),
    Column("Found", worth=5),
    Column("Prompt", worth=3, right=True),
    Column("Reused", worth=4, right=True),
    Column("TTFT", worth=6, right=True),
    Column("Answer", worth=2, right=True),
    Column("Tokens/s", worth=1, right=True),
    Column("Reused from", sentence=True),
)
_SOURCES: Final = (("slot_tokens", "loaded model"), ("memory_tokens", "memory"), ("disk_tokens", "disk"))


def requests(
    count: Count = 20,
    since: OnlySince = None,
    model: OnlyModel = None,
    app: Annotated[str | None, typer.Option("--app", metavar="NAME", help="Only this program, of any version.")] = None,
    as_json: AsJson = False,
) -> None:
    """Show past requests, and what was reused of their prompts.

    Also says why not more was reused. The newest entry is the last.
    """
    from preheat.control import ListRequests

    command = ListRequests(count, None if since is None else since_text(since), model, app)
    found = ask(command, history_days=history_days())["requests"]
    if as_json:
        print_json(found)
    elif found:
        print_table(_COLUMNS, [_row(request) for request in reversed(found)])
    else:
        typer.echo("There were no requests.")


def _row(request: JsonObject) -> tuple[str, ...]:
    return (
        when(request["started_at"]),
        request["client"],
        request["model"],
        _FOUND[request["outcome"]],
        f"{request['prompt_tokens']:,}",
        f"{_reused(request):,}",
        "" if request["ttft_s"] is None else format_duration(request["ttft_s"]),
        f"{request['completion_tokens']:,}",
        "" if request["tokens_per_s"] is None else f"{request['tokens_per_s']:,.0f}",
        _sources(request),
    )


def _reused(request: JsonObject) -> int:
    return sum(request[name] for name, _ in _SOURCES)


def _sources(request: JsonObject) -> str:
    """Return where reused tokens came from, and why there are not more."""
    used = [words for name, words in _SOURCES if request[name]]
    return "; ".join(part for part in (", ".join(used), request["recomputed"] or "") if part)
