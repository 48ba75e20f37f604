"""``preheat downloads``: what is being fetched, and what the user wants of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

import typer

from preheat.cli.output import AsJson, JsonObject, console, print_json, table
from preheat.cli.pull import DOWNLOAD_WORDS, progress_line
from preheat.errors import InvalidRequestError, NotRunningError

if TYPE_CHECKING:
    from preheat.models.downloads import Downloads

Action = Literal["pause", "resume", "cancel", "forget"]


def downloads(
    action: Annotated[Action | None, typer.Argument(help="What to do with one.", show_default=False)] = None,
    download_id: Annotated[str | None, typer.Argument(metavar="[ID]", help="Which.", show_default=False)] = None,
    as_json: AsJson = False,
) -> None:
    """Show the downloads; pause, resume, cancel or forget one."""
    if action is None:
        now = _all()
    elif download_id is None:
        raise InvalidRequestError(
            "No download is named", hint=f"preheat downloads {action} ID; preheat downloads shows the ids"
        )
    else:
        now = _change(action, download_id)
    if as_json:
        print_json(now)
    elif not now:
        typer.echo("There are no downloads.")
    else:
        _print(now)


def _all() -> list[JsonObject]:
    """Return the running application's downloads, or what the last one left."""
    from preheat.control.client import find_running
    from preheat.control.codec import encode

    try:
        with find_running() as running:
            found: list[JsonObject] = running.control("GET", "downloads")["downloads"]
            return found
    except NotRunningError:
        pass
    return [encode(each) for each in _left().snapshots()]


def _change(action: Action, download_id: str) -> list[JsonObject]:
    """Do it; without a running application, only what needs none."""
    from preheat.control.client import find_running, quoted

    try:
        with find_running() as running:
            if action == "forget":
                running.control("DELETE", f"downloads/{quoted(download_id)}")
            else:
                running.control("POST", f"downloads/{quoted(download_id)}/{action}")
    except NotRunningError:
        if action in ("pause", "resume"):
            raise
        left = _left()
        (left.cancel if action == "cancel" else left.forget)(download_id)
    return _all()


def _left() -> Downloads:
    """Return what the last run left; nothing of it runs."""
    from preheat.models.downloads import Downloads
    from preheat.models.hub import Hub
    from preheat.settings import load_settings

    left = Downloads(load_settings().own_models_dir, Hub(), at_once=0, room=lambda: 0)
    left.start(resume=False)
    return left


def _print(now: list[JsonObject]) -> None:
    from rich.markup import escape

    out = console()
    rows = table("Id", "Model", "State", "Progress")
    for each in now:
        rows.add_row(each["id"], escape(each["name"]), DOWNLOAD_WORDS[each["state"]], progress_line(each))
    out.print(rows)
    for each in now:
        if words := each["error"] or each["notice"]:
            hint = f" {each['hint']}." if each["hint"] else ""
            style = "red" if each["error"] else None
            out.print(f"{each['name']}: {words}.{hint}", markup=False, style=style)
