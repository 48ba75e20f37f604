"""The entry that starts Preheat at login: whether there is one, and whether its command exists."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator

from preheat.doctor.context import short
from preheat.doctor.report import Finding, broken, good, to_do
from preheat.installation import is_bundle, tray_command
from preheat.login_item import login_item


def check_autostart() -> Iterator[Finding]:
    """Check the entry of this system, which the tray's settings write."""
    item = login_item()
    if not item.is_on():
        yield good("doctor_autostart_off")
        return
    command = item.command()
    if not command:
        yield to_do("doctor_autostart_unclear")
        return
    program = command[0]
    if shutil.which(program) is None:
        yield broken("doctor_autostart_dangling", program=short(program))
        return
    yield good("doctor_autostart_on", command=" ".join(map(short, command)))
    if _resolved(tray_command()[0]) != _resolved(program):
        yield to_do("doctor_autostart_other", program=short(program), own=short(tray_command()[0]))


def _resolved(program: str) -> str:
    """Return a program's path; of a bundle, without the links of a package, but every venv links to one Python."""
    found = shutil.which(program) or program
    return os.path.realpath(found) if is_bundle() else os.path.abspath(found)  # noqa: PTH100 - keeps the links
