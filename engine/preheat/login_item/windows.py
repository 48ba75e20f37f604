"""Start at login on Windows: a value of the registry's Run key."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import PureWindowsPath
from typing import Final, Protocol

from preheat.errors import reason_of
from preheat.login_item.base import LoginItemError
from preheat.messages import msg

RUN: Final = r"Software\Microsoft\Windows\CurrentVersion\Run"
# The Task Manager's record of switched-off programs: the first byte is odd
APPROVED: Final = r"Software\Microsoft\Windows\CurrentVersion\Explorer\StartupApproved\Run"
_NAME: Final = "Preheat"
_PROGRAM: Final = re.compile(r'\s*(?:"([^"]*)"|(\S+))\s*(.*)')


class Registry(Protocol):
    """The parts of HKEY_CURRENT_USER in use."""

    def read(self, key: str, name: str) -> str | bytes | None:
        """Return a value, if there is one."""

    def write(self, key: str, name: str, value: str) -> None:
        """Write a text. May raise OSError."""

    def delete(self, key: str, name: str) -> None:
        """Remove a value if there is one. May raise OSError."""


class RunKey:
    """The value ``Preheat`` under ``HKCU\\...\\Run``; the registry is by default this machine's."""

    def __init__(self, command: Sequence[str], registry: Registry | None = None) -> None:
        self._command = tuple(command)
        self._registry = registry or _user_registry()

    def is_on(self) -> bool:
        """Return whether there is a value that the Task Manager has not switched off."""
        if not self._registry.read(RUN, _NAME):
            return False
        approved = self._registry.read(APPROVED, _NAME)
        return not (isinstance(approved, bytes) and approved[:1] and approved[0] % 2)

    def command(self) -> tuple[str, ...]:
        """Return the program and the rest of the command line; Windows leaves its parsing to each program."""
        value = self._registry.read(RUN, _NAME)
        found = _PROGRAM.match(value) if isinstance(value, str) else None
        return tuple(filter(None, (found[1] or found[2], found[3]))) if found else ()

    def switch(self, on: bool) -> None:
        try:
            if on:
                self._registry.write(RUN, _NAME, subprocess.list2cmdline(_without_console(self._command)))
            else:
                self._registry.delete(RUN, _NAME)
            # The Task Manager's record was about the former value.
            self._registry.delete(APPROVED, _NAME)
        except OSError as error:
            raise LoginItemError(msg("login_item_refused", reason=reason_of(error))) from error


def _without_console(command: tuple[str, ...]) -> tuple[str, ...]:
    program = PureWindowsPath(command[0])
    if program.name.lower() == "python.exe":
        return (str(program.with_name("pythonw.exe")), *command[1:])
    return command


if sys.platform == "win32":
    import winreg

    class _UserRegistry:
        """HKEY_CURRENT_USER."""

        def read(self, key: str, name: str) -> str | bytes | None:
            try:
                with winreg.OpenKey(winreg.HKEY_CURRENT_USER, key) as opened:
                    value, _ = winreg.QueryValueEx(opened, name)
            except OSError:
                return None
            return value if isinstance(value, str | bytes) else None

        def write(self, key: str, name: str, value: str) -> None:
            with winreg.CreateKey(winreg.HKEY_CURRENT_USER, key) as opened:
                winreg.SetValueEx(opened, name, 0, winreg.REG_SZ, value)

        def delete(self, key: str, name: str) -> None:
            with (
                suppress(FileNotFoundError),
                winreg.OpenKey(winreg.HKEY_CURRENT_USER, key, access=winreg.KEY_SET_VALUE) as opened,
            ):
                winreg.DeleteValue(opened, name)

    def _user_registry() -> Registry:
        return _UserRegistry()

else:

    def _user_registry() -> Registry:
        raise LoginItemError("This system has no registry")
