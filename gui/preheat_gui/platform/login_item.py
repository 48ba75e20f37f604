"""Start at login. The system's own entry is the only record of it; no setting repeats it. No Qt."""

from __future__ import annotations

import os
import plistlib
import re
import subprocess
import sys
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from configparser import ConfigParser, Error
from contextlib import suppress
from pathlib import Path, PureWindowsPath
from typing import Final, Protocol

from preheat.errors import EngineError
from preheat.files import write_atomic
from preheat.messages import msg

_TO_QUOTE: Final = re.compile(r'["`$\\]')
_PLAIN: Final = re.compile(r"[\w@+=:,./-]+", re.ASCII)
_LABEL: Final = "org.preheat.tray"
RUN: Final = r"Software\Microsoft\Windows\CurrentVersion\Run"
# The Task Manager's record of switched-off programs: the first byte is odd
APPROVED: Final = r"Software\Microsoft\Windows\CurrentVersion\Explorer\StartupApproved\Run"
_NAME: Final = "Preheat"


class LoginItemError(EngineError):
    """The entry for starting at login could not be changed."""

    code = "login_item_failed"


class LoginItem(Protocol):
    """Whether Preheat starts at login."""

    def is_on(self) -> bool:
        """Return whether the system will start Preheat at the next login."""

    def switch(self, on: bool) -> None:
        """Add or remove the entry. May raise ``LoginItemError``."""


class FileLoginItem(ABC):
    """An entry that is a file."""

    path: Path

    def switch(self, on: bool) -> None:
        try:
            if on:
                write_atomic(self.path, self._content())
            else:
                self.path.unlink(missing_ok=True)
        except OSError as error:
            raise LoginItemError(msg("login_item_not_written", reason=error.strerror, file=str(self.path))) from error

    @abstractmethod
    def _content(self) -> str | bytes:
        """Return the file's content."""


class AutostartEntry(FileLoginItem):
    """``~/.config/autostart/preheat.desktop``; the environment is by default this process's."""

    def __init__(self, command: Sequence[str], environ: Mapping[str, str] | None = None) -> None:
        self._command = tuple(command)
        # The specification ignores relative paths.
        config = Path((os.environ if environ is None else environ).get("XDG_CONFIG_HOME", ""))
        self.path = (config if config.is_absolute() else Path.home() / ".config") / "autostart" / "preheat.desktop"

    def is_on(self) -> bool:
        """Return whether there is an entry that the desktop's settings have not switched off."""
        parser = ConfigParser(interpolation=None, strict=False, allow_no_value=True)
        try:
            parser.read_string(self.path.read_text(encoding="utf-8", errors="replace"))
            entry = parser["Desktop Entry"]
        except (OSError, Error, KeyError):
            return False
        hidden = entry.get("Hidden", "false").lower() == "true"
        enabled = entry.get("X-GNOME-Autostart-enabled", "true").lower() != "false"
        return bool(entry.get("Exec")) and enabled and not hidden

    def _content(self) -> str:
        return (
            "[Desktop Entry]\n"
            "Type=Application\n"
            "Name=Preheat\n"
            "Comment=Keeps local AI models ready\n"
            f"Exec={' '.join(map(_quoted, self._command))}\n"
            "Icon=preheat\n"
            "Terminal=false\n"
            "X-GNOME-Autostart-enabled=true\n"
        )


def _quoted(word: str) -> str:
    """Return a word of the command as the key ``Exec`` needs it: quoted, then escaped as any value in the file."""
    word = word.replace("%", "%%")
    if _PLAIN.fullmatch(word):
        return word
    return '"' + _TO_QUOTE.sub(lambda found: "\\" + found[0], word).replace("\\", "\\\\") + '"'


class LaunchAgent(FileLoginItem):
    """``~/Library/LaunchAgents/org.preheat.tray.plist``, which launchd reads at login."""

    def __init__(self, command: Sequence[str], folder: Path | None = None) -> None:
        self._command = list(command)
        self.path = (folder or Path.home() / "Library" / "LaunchAgents") / f"{_LABEL}.plist"

    def is_on(self) -> bool:
        """Return whether there is an agent that starts at login."""
        try:
            agent = plistlib.loads(self.path.read_bytes())
        except (OSError, plistlib.InvalidFileException, ValueError):
            return False
        return bool(agent.get("RunAtLoad")) and not agent.get("Disabled", False)

    def _content(self) -> bytes:
        return plistlib.dumps(
            {
                "Label": _LABEL,
                "ProgramArguments": self._command,
                "RunAtLoad": True,
                "ProcessType": "Interactive",  # otherwise launchd throttles it as a background job
                "LimitLoadToSessionType": "Aqua",
            }
        )


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

    def switch(self, on: bool) -> None:
        try:
            if on:
                self._registry.write(RUN, _NAME, subprocess.list2cmdline(_without_console(self._command)))
            else:
                self._registry.delete(RUN, _NAME)
            # The Task Manager's record was about the former value.
            self._registry.delete(APPROVED, _NAME)
        except OSError as error:
            raise LoginItemError(msg("login_item_refused", reason=error.strerror)) from error


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


def login_command() -> tuple[str, ...]:
    """Return the command that starts the tray of this installation without a window."""
    # PyInstaller: the executable is the application.
    own = (sys.executable,) if getattr(sys, "frozen", False) else (sys.executable, "-m", "preheat")
    return (*own, "tray", "--login")


def login_item(command: Sequence[str] = (), platform: str = sys.platform) -> LoginItem:
    """Return this system's entry, which starts ``command``, by default ``login_command()``."""
    command = tuple(command) or login_command()
    if platform == "darwin":
        return LaunchAgent(command)
    if platform == "win32":
        return RunKey(command)

    return AutostartEntry(command)
