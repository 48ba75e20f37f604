"""Commands about the application itself: its newer versions, its devices, and its end."""

from __future__ import annotations

import asyncio
import os
import signal
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from preheat._version import __version__
from preheat.control.command import Command, Risk, command
from preheat.devices import DeviceList
from preheat.errors import UnsupportedOperationError
from preheat.installation import ending_grace
from preheat.messages import Message, msg
from preheat.updates import (
    Known,
    NoUpdateAddressError,
    Release,
    UpdateCheckError,
    UpdateUnreachableError,
    installed_form,
    update_advice,
)

if TYPE_CHECKING:
    from preheat.control.host import ControlHost


_ANSWER_S: Final = 0.1
"""Time for the answer to leave before the port closes, in seconds."""


@dataclass(frozen=True, slots=True)
class UpdateState:
    """What is known about newer versions."""

    installed: str  # the version that runs
    form: str  # how it was installed: ``deb``, ``tar``, ``nsis``, ``dmg``, ``pip``, ``pipx``, ``uv``, ``source``, …
    can_check: bool  # the build has an address to check
    automatic: bool  # the setting ``update_check``
    checked_at: float | None  # Unix time of the last check; None before one
    answered_at: float | None  # Unix time of the last check that was answered; None without one
    newer: Release | None  # None if none is known
    advice: Message  # how to update

    @classmethod
    def of(cls, known: Known, *, can_check: bool, automatic: bool) -> UpdateState:
        """Return the state of this installation."""
        times = known.checked_at, known.answered_at
        return cls(__version__, installed_form(), can_check, automatic, *times, known.newer, update_advice())


@command("GET", "update", risk=Risk.USE)
class GetUpdate(Command[UpdateState]):
    """Return what is known about newer versions; sends nothing."""

    async def run(self, host: ControlHost) -> UpdateState:
        return _state(host, await asyncio.to_thread(host.engine.updates.check.known))


@command(
    "POST",
    "update/check",
    risk=Risk.MANAGE,
    errors=(NoUpdateAddressError, UpdateCheckError, UpdateUnreachableError),
    costly=True,
)
class CheckForUpdate(Command[UpdateState]):
    """Check whether a newer version exists, unless the last check is less than a day ago, or a minute with ``now``."""

    now: bool = False

    async def run(self, host: ControlHost) -> UpdateState:
        return _state(host, await host.engine.updates.check_if_due(now=self.now))


def _state(host: ControlHost, known: Known) -> UpdateState:
    engine = host.engine
    return UpdateState.of(known, can_check=bool(engine.updates.check.address), automatic=engine.settings.update_check)


@command("GET", "devices", risk=Risk.USE)
class GetDevices(Command[DeviceList]):
    """Return the devices besides the processor, such as graphics cards, and which of them models use and why."""

    async def run(self, host: ControlHost) -> DeviceList:
        return await host.engine.devices.found()


@dataclass(frozen=True, slots=True)
class Ending:
    """What ends, and how long that may take."""

    pid: int
    requests: int  # requests in progress
    grace_s: float  # time that they get to finish, in seconds


@command("POST", "quit", risk=Risk.ADMIN, errors=(UnsupportedOperationError,))
class Quit(Command[Ending]):
    """End Preheat after the requests in progress, as SIGTERM does; with ``now`` at once, as a second SIGTERM does."""

    now: bool = False

    async def run(self, host: ControlHost) -> Ending:
        if signal.getsignal(signal.SIGTERM) in (signal.SIG_DFL, signal.SIG_IGN, None):
            # The program that contains this engine would end without cleaning up.
            raise UnsupportedOperationError(msg("engine_of_other_program"))
        loop = asyncio.get_running_loop()
        for number in range(2 if self.now else 1):
            loop.call_later((number + 1) * _ANSWER_S, signal.raise_signal, signal.SIGTERM)
        engine = host.engine
        if self.now:  # the tray's engine waits for requests as long as the setting says
            engine.apply_settings(engine.settings.model_copy(update={"shutdown_grace": 0.0}))
        return Ending(os.getpid(), len(engine.snapshot.requests), ending_grace(engine.settings.shutdown_grace))
