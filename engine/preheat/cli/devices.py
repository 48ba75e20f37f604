"""``preheat devices``: graphics cards and the like, and which of them models use."""

from __future__ import annotations

from typing import Final

import typer

from preheat.cli.output import AsJson, ask, print_json, print_table, print_text
from preheat.cli.tables import Column
from preheat.units import format_memory

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


def devices(as_json: AsJson = False) -> None:
    """List the devices besides the processor, such as graphics cards, and which of them models use.

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
    print_text(f"{found['outcome']}.")
    for each in found["problems"]:
        if each["problem"] not in found["outcome"]:
            print_text(f"{each['problem'][:1].upper()}{each['problem'][1:]}.")
