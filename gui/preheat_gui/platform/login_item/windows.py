"""Start at login on Windows: a value under the user's Run key."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from pathlib import PureWindowsPath
from typing import Final, Protocol

from preheat_gui.platform.login_item.login_item import LoginItemError

RUN: Final = r"Software\Microsoft\Windows\CurrentVersion\Run"
APPROVED: Final = r"Software\Microsoft\Windows\CurrentVersion\Explorer\StartupApproved\Run"
"""Where the Task Manager notes what the user has switched off: the first byte is odd then."""

_NAME: Final = "Preheat"


class Registry(Protocol):
    """What is needed of the user's part of the registry (HKEY_CURRENT_USER)."""

    def read(self, key: str, name: str) -> str | bytes | None:
        """Return a value; None if there is none."""

    def write(self, key: str, name: str, value: str) -> None:
        """Write a text. Raises OSError."""

    def delete(self, key: str, name: str) -> None:
        """Remove a value if it is there. Raises OSError."""


class RunKey:
    """The value ``Preheat`` under ``HKCU\\...\\Run``.

    Args:
        registry: Instead of this machine's.
    """

    def __init__(self, command: Sequence[str], registry: Registry | None = None) -> None:
        self._command = tuple(command)
        self._registry = registry or _user_registry()

    def is_on(self) -> bool:
        """Return whether there is a value, and the Task Manager has not switched it off."""
        if not self._registry.read(RUN, _NAME):
            return False
        approved = self._registry.read(APPROVED, _NAME)
        return not (isinstance(approved, bytes) and approved[:1] and approved[0] % 2)

    def switch(self, on: bool) -> None:
        """Write the value, or remove it.

        Raises:
            LoginItemError: The registry refuses it.
        """
        try:
            if on:
                self._registry.write(RUN, _NAME, subprocess.list2cmdline(_without_console(self._command)))
            else:
                self._registry.delete(RUN, _NAME)
            # Whatever the Task Manager noted is about the former value.
            self._registry.delete(APPROVED, _NAME)
        except OSError as error:
            raise LoginItemError(
                f"Start at login could not be changed: {error.strerror}",
                hint="An administrator may have locked the startup programs",
            ) from error


def _without_console(command: tuple[str, ...]) -> tuple[str, ...]:
    """Return the command with the interpreter that opens no console window."""
    program = PureWindowsPath(command[0])
    if program.name.lower() == "python.exe":
        return (str(program.with_name("pythonw.exe")), *command[1:])
    return command


if sys.platform == "win32":
    import winreg
    from contextlib import suppress

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
        raise LoginItemError("There is no registry on this system")
