"""The service on Linux: a unit of systemd's manager of the user."""

from __future__ import annotations

import math
import os
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from preheat.messages import msg
from preheat.service.base import (
    END_S,
    Definition,
    Done,
    Run,
    ServiceError,
    ServiceState,
    refused,
    remove_description,
    run_program,
    write_description,
)

UNIT: Final = "preheat.service"
_MARK: Final = "# Written by: preheat service install"
_LOG: Final = f"journalctl --user -u {UNIT} -n 20"
_NO_BUS: Final = ("Failed to connect to bus", "Failed to get D-Bus connection", "System has not been booted")
_SHELL: Final = ("/bin/sh", "-c", 'exec "$0" "$@"')
"""Runs a program with a path that systemd refuses: see ``string_is_safe`` in systemd's source."""

_REFUSED_IN_PATH: Final = re.compile(r"[\x00-\x1f\x7f\"'\\]")
_PROPERTIES: Final = "LoadState,UnitFileState,ActiveState,SubState,MainPID,FragmentPath"

# Options that need no privileges: a user's manager cannot mount or map users everywhere. Memory must stay executable
# for ctypes. OOMPolicy: when the system kills a worker for lack of memory, Preheat itself loads the model again.
_UNIT: Final = f"""{_MARK}
# The next installation overwrites changes. For your own, use: systemctl --user edit {UNIT}
[Unit]
Description=Preheat, local models ready before they are requested
StartLimitIntervalSec=600
StartLimitBurst=10

[Service]
Type=notify
ExecStart={{command}}
{{environment}}WorkingDirectory=~
Restart=on-failure
RestartSec=10
TimeoutStartSec=300
TimeoutStopSec={{stop_s}}
KillMode=mixed
OOMPolicy=continue
NoNewPrivileges=yes
LockPersonality=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
SystemCallArchitectures=native

[Install]
WantedBy=default.target
"""


class SystemdService:
    """``~/.config/systemd/user/preheat.service``."""

    def __init__(self, run: Run | None = None) -> None:
        self._run = run or _run
        # The specification ignores relative paths.
        config = Path(os.environ.get("XDG_CONFIG_HOME", ""))
        self.path = (config if config.is_absolute() else Path.home() / ".config") / "systemd" / "user" / UNIT

    def install(self, definition: Definition, *, start: bool = True) -> None:
        """See ``Service``."""
        if os.environ.get("SUDO_USER", "root") != "root":
            raise ServiceError(msg("service_under_sudo"))
        self._control("show", "--property=Version")  # before anything is written
        write_description(self.path, unit(definition), _MARK.encode())
        self._control("daemon-reload")
        self._control("enable", UNIT)
        if start:
            self._start()

    def linger(self) -> None:
        """See ``Service``."""
        command = ("loginctl", "enable-linger")
        done = self._run(command)
        if done.code != 0:
            raise ServiceError(msg("service_no_linger", reason=done.reason, user=_user()))

    def remove(self) -> bool:
        """See ``Service``."""
        there = self.status().installed
        if there:
            self._control("disable", "--now", UNIT)
        remove_description(self.path)
        self._control("daemon-reload")
        if there:
            self._run(_systemctl("reset-failed", UNIT))  # fails if it did not fail
        return there

    def status(self) -> ServiceState:
        """See ``Service``."""
        output = self._control("show", f"--property={_PROPERTIES}", UNIT).output
        now = dict(line.partition("=")[::2] for line in output.splitlines())
        linger = self._run(("loginctl", "show-user", _user(), "--property=Linger", "--value"))
        pid = int(now.get("MainPID") or 0)
        return ServiceState(
            "systemd",
            installed=now.get("LoadState") not in (None, "not-found"),
            enabled=now.get("UnitFileState", "").startswith("enabled"),
            running=now.get("ActiveState") in ("active", "reloading"),
            state=f"{now.get('ActiveState', '')} ({now.get('SubState', '')})",
            pid=pid or None,
            file=now.get("FragmentPath", ""),
            linger=linger.output.strip() == "yes" if linger.code == 0 else None,
        )

    def _start(self) -> None:
        command = _systemctl("restart", UNIT)
        done = self._run(command)
        if done.code != 0:
            raise ServiceError(msg("service_not_started", reason=self.status().state, log=_LOG))

    def _control(self, *arguments: str) -> Done:
        command = _systemctl(*arguments)
        done = self._run(command)
        if done.code != 0 and any(words in done.errors for words in _NO_BUS):
            raise ServiceError(msg("service_no_user_manager", reason=done.reason))
        if done.code != 0:
            raise refused(command, done)
        return done


def unit(definition: Definition) -> str:
    """Return the text of the unit. Pure. See systemd.service(5) and systemd.exec(5).

    Raises:
        ServiceError: A variable of the environment has characters that systemd does not take.
    """
    program, *arguments = definition.command
    if _REFUSED_IN_PATH.search(program):
        program, *arguments = (*_SHELL, *definition.command)
    # The colon: no variables are replaced in the command.
    command = " ".join(map(quoted, (f":{program}", *arguments)))
    environment = "".join(
        f"Environment={quoted(_assignment(name, value))}\n" for name, value in definition.environment.items()
    )
    return _UNIT.format(command=command, environment=environment, stop_s=math.ceil(definition.grace_s + END_S))


def quoted(word: str) -> str:
    """Return a word in the syntax of systemd.syntax(7), with any character but NUL. Pure."""
    encoded = "".join(_escaped(char) for char in word.replace("%", "%%"))
    return f'"{encoded}"'


def _escaped(char: str) -> str:
    if char in '"\\':
        return f"\\{char}"
    if " " <= char < "\x7f" or (char > "\x9f" and char.isprintable()):
        return char
    # The bytes of names that are not UTF-8 are surrogates here.
    return "".join(f"\\x{byte:02x}" for byte in char.encode("utf-8", "surrogateescape"))


def _assignment(name: str, value: str) -> str:
    if not re.fullmatch(r"[^\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]*", value):
        raise ServiceError(msg("service_unusable_text", what=name, reason=msg("path_control_character")))
    return f"{name}={value}"


def _systemctl(*arguments: str) -> tuple[str, ...]:
    return ("systemctl", "--user", "--no-pager", *arguments)


def _user() -> str:
    return str(os.getuid()) if sys.platform != "win32" else ""


def _run(command: Sequence[str]) -> Done:
    """Run a program. After su, the variable that leads to the manager is missing, but its folder may be there."""
    folder = Path("/run/user") / _user()
    missing = not os.environ.get("XDG_RUNTIME_DIR") and folder.is_dir()
    return run_program(command, environ={"XDG_RUNTIME_DIR": str(folder)} if missing else None)
