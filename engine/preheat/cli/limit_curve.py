"""``preheat limit-curve``: what each memory limit would have brought, for the settings window to draw."""

from __future__ import annotations

from typing import Annotated, Final

import typer

from preheat.cli.output import print_json

_DAYS: Final = 56
_DAY_S: Final = 86_400.0


def limit_curve(
    limits: Annotated[str, typer.Argument(metavar="BYTES", help="Memory limits in bytes, with commas between.")],
) -> None:
    """Print the figures of the last weeks under other memory limits, as JSON; no points without any use on record."""
    from datetime import datetime

    from preheat.cli.replay import recorded_use, strategy_under
    from preheat.errors import InvalidRequestError
    from preheat.replay.machine import Machine
    from preheat.replay.replay import replay
    from preheat.settings import load_settings

    settings = load_settings()
    try:
        trace = recorded_use(settings, None, _DAYS)
    except InvalidRequestError:
        print_json({"days": 0.0, "requests": 0, "points": []})
        return
    timezone = datetime.now().astimezone().tzinfo
    assert timezone is not None
    strategy = strategy_under(settings)
    runs = [replay(trace, Machine(int(limit)), strategy, timezone=timezone) for limit in limits.split(",")]
    points = [
        {
            "limit_bytes": run.limit_bytes,
            "preload_hit_rate": run.overall.preload_hit_rate,
            "waited_s": run.overall.waited_s,
        }
        for run in runs
    ]
    days = (trace.events[-1].at - trace.events[0].at) / _DAY_S
    print_json({"days": days, "requests": runs[0].overall.requests, "points": points})
