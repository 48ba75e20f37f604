"""``preheat devices``: graphics cards and the like, and which of them models use."""

from __future__ import annotations

from typing import Any, Final

import typer

from preheat.cli.output import AsJson, ask, print_json, print_table, print_text
from preheat.cli.tables import Column
from preheat.units import format_memory, format_token_rate

_COLUMNS: Final = (
    Column("Name"),
    Column("Device", name=True),
    Column("Kind", worth=3),
    Column("Memory", worth=4, right=True),
    Column("Driver", worth=1, name=True),
    Column("Id", worth=2),
    Column("Used"),
    Column("Why", sentence=True),
)
_SPEEDS: Final = (
    Column("Name"),
    Column("Models of this shape", name=True),
    Column("Decode", right=True),
    Column("Prefill", worth=1, right=True),
    Column("Gain", right=True),
)


def devices(as_json: AsJson = False) -> None:
    """List graphics cards and the like, and whether models use them.

    The setting devices chooses: auto, cpu, or names of this list.
    """
    from preheat.control import GetDevices

    found = ask(GetDevices())
    if as_json:
        print_json(found)
        return
    if found["devices"]:
        rows = [
            (
                device["name"],
                device["description"],
                device["kind"],
                format_memory(device["total_bytes"]),
                device["driver"],
                device["device_id"],
                "yes" if device["in_use"] else "no",
                device["reason"],
            )
            for device in found["devices"]
        ]
        print_table(_COLUMNS, rows)
        typer.echo()
    if measured := [(device["name"], speed) for device in found["devices"] for speed in device["speeds"]]:
        speeds = [
            (
                name,
                speed["shape"],
                _against(speed, "decode"),
                _against(speed, "prefill"),
                f"{speed['gain']:.2f}x",
            )
            for name, speed in measured
        ]
        print_table(_SPEEDS, speeds)
        print_text("Tokens per second on the device / on the processor.")
        typer.echo()
    print_text(f"{found['outcome']}.")
    for each in found["problems"]:
        known = each["problem"] in found["outcome"]
        hint = each["problem_message"]["hint"]
        print_text(" ".join(f"{part}." for part in ("" if known else f"Problem: {each['problem']}", hint) if part))


def _against(speed: dict[str, Any], what: str) -> str:
    """Return a speed on the device and on the processor: ``41 / 23``; empty if it was not measured."""
    device, processor = speed["device"][what], speed["processor"][what]
    return f"{format_token_rate(device)} / {format_token_rate(processor)}" if device and processor else ""
