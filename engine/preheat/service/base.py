"""What the services of all systems have in common."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple, Protocol

from preheat.errors import EngineError, reason_of
from preheat.files import read_small_file, write_atomic
from preheat.installation import own_command
from preheat.messages import msg

END_S: Final = 15.0
"""Time to end beyond the grace of requests, in seconds: that of workers."""

_ANSWER_S: Final = 330.0
"""Longest wait for a service manager, which waits for the start of the service, in seconds."""

_CARRIED: Final = (
    *("PREHEAT_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME"),
    *("HF_HOME", "HF_HUB_CACHE", "HF_ENDPOINT", "OLLAMA_MODELS", "LLAMA_CACHE"),
)
"""Variables that say where files are: services do not get the shell's environment."""


class ServiceError(EngineError, code="service_failed"):
    """The service could not be installed, removed or asked about."""


@dataclass(frozen=True, slots=True)
class Definition:
    """What a service runs.

    Attributes:
        grace_s: Time that requests get to finish when the service is stopped, in seconds.
    """

    command: tuple[str, ...]
    environment: Mapping[str, str]
    grace_s: float

    @classmethod
    def of(cls, *options: str, grace_s: float, environ: Mapping[str, str] = os.environ) -> Definition:
        """Return the definition that runs ``serve`` of this installation with these options."""
        carried = {name: environ[name] for name in _CARRIED if environ.get(name)}
        return cls(tuple(own_command("serve", *options)), carried, grace_s)


@dataclass(frozen=True, slots=True)
class ServiceState:
    """The state of the service."""

    manager: str  # systemd, launchd or Task Scheduler
    installed: bool
    enabled: bool = False  # the system starts it by itself
    running: bool = False
    state: str = ""  # the manager's own words
    pid: int | None = None
    file: str = ""  # its description
    linger: bool | None = None  # runs without a login; None if unknown or not possible


class Service(Protocol):
    """The service in this system's manager. Every method blocks, and may raise ``ServiceError``."""

    def install(self, definition: Definition, *, start: bool = True) -> None:
        """Install or replace the service; start it, or restart it if it runs.

        Args:
            start: Otherwise only the next login starts it.
        """

    def linger(self) -> None:
        """Let the service run without a login, from the start of the machine on."""

    def remove(self) -> bool:
        """Stop and remove the service; return whether there was one. The user's data stays."""

    def status(self) -> ServiceState:
        """Return the state of the service."""


class Done(NamedTuple):
    """The result of a program."""

    code: int
    output: str
    errors: str

    @property
    def reason(self) -> str:
        """The last line that the program printed."""
        lines = (self.errors.strip() or self.output.strip()).splitlines()
        return lines[-1].strip().rstrip(".") if lines else f"exit code {self.code}"


Run = Callable[[Sequence[str]], Done]


def run_program(command: Sequence[str], *, environ: Mapping[str, str] | None = None) -> Done:
    """Run a program of the system, with English output.

    Raises:
        ServiceError: It is missing or does not answer.
    """
    try:
        done = subprocess.run(
            command,
            env={**os.environ, **(environ or {}), "LC_ALL": "C"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_ANSWER_S,
            check=False,
        )
    except FileNotFoundError as error:
        raise ServiceError(
            msg("service_no_manager", program=command[0], command=" ".join(own_command("serve")))
        ) from error
    except subprocess.TimeoutExpired as error:
        raise ServiceError(msg("service_manager_hangs", program=command[0])) from error
    return Done(done.returncode, done.stdout, done.stderr)


def refused(command: Sequence[str], done: Done) -> ServiceError:
    """Return the error for a program that failed."""
    return ServiceError(msg("service_manager_refused", program=command[0], reason=done.reason))


def checked(run: Run, command: Sequence[str]) -> Done:
    """Run a program that must succeed; raises ServiceError if it fails."""
    done = run(command)
    if done.code != 0:
        raise refused(command, done)
    return done


def write_description(path: Path, content: str | bytes, mark: bytes) -> None:
    """Write the description of a service; ``mark`` is in every one that Preheat has written.

    Raises:
        ServiceError: There is one that Preheat has not written, or it cannot be written.
    """
    try:
        if mark not in read_small_file(path):
            raise ServiceError(msg("service_foreign_file", path=str(path)))
    except FileNotFoundError:
        pass
    except OSError as error:
        raise ServiceError(msg("service_foreign_file", path=str(path))) from error
    try:
        write_atomic(path, content)
    except OSError as error:
        raise ServiceError(msg("service_file_unwritable", path=str(path), reason=reason_of(error))) from error


def remove_description(path: Path) -> None:
    """Remove the description of a service, if there is one."""
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        raise ServiceError(msg("service_file_unwritable", path=str(path), reason=reason_of(error))) from error
