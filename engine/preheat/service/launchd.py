"""The service on macOS: a launch agent, see launchd.plist(5) and launchctl(1)."""

from __future__ import annotations

import math
import os
import plistlib
import re
import sys
from pathlib import Path
from typing import Any, Final

from preheat import paths
from preheat.files import read_small_file
from preheat.messages import msg
from preheat.service.base import (
    END_S,
    Definition,
    Run,
    ServiceError,
    ServiceState,
    checked,
    refused,
    remove_description,
    run_program,
    write_description,
)

LABEL: Final = "org.preheat.serve"
_MARK: Final = b"<string>org.preheat.serve</string>"
_STATE: Final = re.compile(r"^\tstate = (.+)$", re.MULTILINE)
_PID: Final = re.compile(r"^\tpid = (\d+)$", re.MULTILINE)
_NOT_FOUND: Final = (3, 113)  # of bootout, and of print
_ALREADY_THERE: Final = 5  # of bootstrap, for a service that is still ending


class LaunchdService:
    """``~/Library/LaunchAgents/org.preheat.serve.plist``."""

    def __init__(self, run: Run = run_program, folder: Path | None = None, uid: int | None = None) -> None:
        self._run = run
        self.path = (folder or Path.home() / "Library" / "LaunchAgents") / f"{LABEL}.plist"
        self._domain = f"gui/{_uid() if uid is None else uid}"

    def install(self, definition: Definition, *, start: bool = True) -> None:
        """See ``Service``."""
        write_description(self.path, agent(definition), _MARK)
        self._bootout()
        # Otherwise a disabled service stays disabled.
        checked(self._run, ("launchctl", "enable", f"{self._domain}/{LABEL}"))
        if not start:
            return  # at the next login, launchd reads the file
        done = self._run(("launchctl", "bootstrap", self._domain, str(self.path)))
        if done.code == _ALREADY_THERE:
            done = self._run(("launchctl", "kickstart", "-k", f"{self._domain}/{LABEL}"))
        if done.code != 0:
            raise ServiceError(msg("service_not_started", reason=done.reason, log=str(_log())))

    def linger(self) -> None:
        """See ``Service``. Agents belong to a login: only an administrator's daemon starts without one."""
        raise ServiceError(msg("service_always_unsupported", command="preheat serve"))

    def remove(self) -> bool:
        """See ``Service``."""
        there = self.path.exists()
        self._bootout()
        remove_description(self.path)
        return there

    def status(self) -> ServiceState:
        """See ``Service``."""
        try:
            described = plistlib.loads(read_small_file(self.path))
        except (OSError, plistlib.InvalidFileException, ValueError):
            described = {}
        done = self._run(("launchctl", "print", f"{self._domain}/{LABEL}"))
        state = _STATE.search(done.output) if done.code == 0 else None
        pid = _PID.search(done.output) if done.code == 0 else None
        return ServiceState(
            "launchd",
            installed=bool(described),
            enabled=bool(described.get("RunAtLoad")) and not self._is_disabled(),
            running=state is not None and state[1] == "running",
            state=state[1] if state is not None else "not loaded",
            pid=int(pid[1]) if pid is not None else None,
            file=str(self.path) if described else "",
        )

    def _is_disabled(self) -> bool:
        done = self._run(("launchctl", "print-disabled", self._domain))
        return re.search(rf'"{re.escape(LABEL)}" => (disabled|true)', done.output) is not None

    def _bootout(self) -> None:
        command = ("launchctl", "bootout", f"{self._domain}/{LABEL}")
        done = self._run(command)
        if done.code not in (0, *_NOT_FOUND):
            raise refused(command, done)


def agent(definition: Definition) -> bytes:
    """Return the agent's property list.

    Raises:
        ServiceError: XML cannot carry a character of it.
    """
    content: dict[str, Any] = {
        "Label": LABEL,
        "ProgramArguments": list(definition.command),
        "EnvironmentVariables": dict(definition.environment),
        "RunAtLoad": True,
        "KeepAlive": {"SuccessfulExit": False},  # not after `preheat quit`
        "ThrottleInterval": 10,
        "ExitTimeOut": math.ceil(definition.grace_s + END_S),
        "ProcessType": "Interactive",  # otherwise launchd throttles it as a background job
        "StandardOutPath": str(_log()),
        "StandardErrorPath": str(_log()),
    }
    try:
        return plistlib.dumps(content)
    except (ValueError, UnicodeEncodeError) as error:
        raise ServiceError(msg("service_unusable_text", what=LABEL, reason=str(error))) from error


def _log() -> Path:
    return paths.log_dir() / "service.log"


def _uid() -> int:
    return os.getuid() if sys.platform != "win32" else 0
