"""``preheat downloads``: list and control downloads."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, Literal

import typer

from preheat.cli.output import AsJson, JsonObject, console, print_json, table
from preheat.cli.pull import DOWNLOAD_WORDS, progress_line
from preheat.errors import InvalidRequestError
from preheat.messages import msg

Action = Literal["pause", "resume", "cancel", "forget"]


def downloads(
    action: Annotated[Action | None, typer.Argument(help="What to do with a download.", show_default=False)] = None,
    download_id: Annotated[
        str | None, typer.Argument(metavar="[ID]", help="The download's id.", show_default=False)
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Show the downloads; pause, resume, cancel or forget one."""
    from preheat import control

    if action is not None and download_id is None:
        raise InvalidRequestError(msg("cli_no_download_named", action=action))
    commands: dict[Action, Callable[[str], control.Command[Any]]] = {
        "pause": control.PauseDownload,
        "resume": control.ResumeDownload,
        "cancel": control.CancelDownload,
        "forget": control.ForgetDownload,
    }
    with control.open_client() as client:
        if action is not None and download_id is not None:
            client.call(commands[action](download_id))
        now = control.encode(client.call(control.ListDownloads()))["downloads"]
    if as_json:
        print_json(now)
    elif not now:
        typer.echo("There are no downloads.")
    else:
        _print(now)


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
