"""``preheat update``: whether a newer version exists, and how to get it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from preheat.cli.output import AsJson, print_json, print_text
from preheat.errors import EngineStoppedError, NotRunningError
from preheat.units import format_ago

if TYPE_CHECKING:
    from preheat.control import UpdateState


def update(
    check: Annotated[
        bool, typer.Option("--check", help="Check whether a newer version exists, if the last check is a day old.")
    ] = False,
    now: Annotated[bool, typer.Option("--now", help="With --check: check even if the last one is newer.")] = False,
    as_json: AsJson = False,
) -> None:
    """Show whether a newer version exists, and how to get it.

    Downloads and changes nothing. Without --check, nothing is sent. The setting update_check makes Preheat check once
    a day.
    """
    from preheat.control import encode

    state = _state(check=check or now, now=now)
    if as_json:
        print_json(encode(state))
        return
    for line in _lines(state):
        print_text(line, indent=2)


def _state(*, check: bool, now: bool) -> UpdateState:
    """Return what the running application knows, or what this process finds out."""
    from preheat.control import CheckForUpdate, GetUpdate, UpdateState, find_running
    from preheat.settings import load_settings
    from preheat.updates import UpdateCheck

    try:
        with find_running() as running:
            return running.call(CheckForUpdate(now) if check else GetUpdate())
    except (NotRunningError, EngineStoppedError):
        mine = UpdateCheck()
        known = mine.check_if_due(for_user=True, now=now) if check else mine.known()
        return UpdateState.of(known, can_check=bool(mine.address), automatic=load_settings().update_check)


def _lines(state: UpdateState) -> list[str]:
    checked = "" if state.answered_at is None else f" (checked {_ago(state.answered_at)})"
    if state.newer is not None:
        released = f", of {state.newer.date}" if state.newer.date else ""
        lines = [f"Version {state.newer.version} is available{released}; this is {state.installed}{checked}."]
        lines.append(f"  {state.newer.url}")
        if state.newer.notes_url:
            lines.append(f"  Changes: {state.newer.notes_url}")
        return [*lines, f"To update: {state.advice}"]
    if state.answered_at is not None:
        return [f"Preheat {state.installed} is the newest version{checked}."]
    if state.checked_at is not None:
        return [f"This is Preheat {state.installed}. The last check, {_ago(state.checked_at)}, failed."]
    if not state.can_check:
        return [f"This is Preheat {state.installed}. This build has no address to check for newer versions."]
    return [f"This is Preheat {state.installed}. To check for newer versions: preheat update --check"]


def _ago(time: float) -> str:
    from preheat.clock import unix_time

    return format_ago(max(unix_time() - time, 0.0))
