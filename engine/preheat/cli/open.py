"""``preheat open``: shows the web page of the running Preheat."""

from __future__ import annotations

import os
import sys
from typing import Annotated

import typer


def open_(print_only: Annotated[bool, typer.Option("--print", help="Only print the address.")] = False) -> None:
    """Open the web page of the running Preheat in a browser.

    The page shows memory, models and requests live. Without a desktop, the command prints its address.
    """
    from preheat.control import find_running

    with find_running() as running:
        address = f"{running.url}/"
    if print_only or not _has_desktop() or not _open(address):
        typer.echo(address)


def _has_desktop() -> bool:
    """Return whether a browser would have a window. Text browsers would take the terminal."""
    return sys.platform != "linux" or bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def _open(address: str) -> bool:
    import webbrowser

    return webbrowser.open(address)
