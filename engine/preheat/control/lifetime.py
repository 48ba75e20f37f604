"""The command that ends the application."""

from __future__ import annotations

import asyncio
import os
import signal
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from preheat.control.command import Command, Risk, command
from preheat.errors import UnsupportedOperationError
from preheat.installation import ending_grace
from preheat.messages import msg

if TYPE_CHECKING:
    from preheat.control.host import ControlHost

_ANSWER_S: Final = 0.1
"""Time for the answer to leave before the port closes, in seconds."""


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
