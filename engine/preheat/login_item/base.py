"""What every system's entry for starting at login has in common. No Qt."""

from __future__ import annotations

from abc import ABC, abstractmethod
from pathlib import Path
from typing import Protocol

from preheat.errors import EngineError, reason_of
from preheat.files import write_atomic
from preheat.messages import msg


class LoginItemError(EngineError):
    """The entry for starting at login could not be changed."""

    code = "login_item_failed"


class LoginItem(Protocol):
    """Whether Preheat starts at login."""

    def is_on(self) -> bool:
        """Return whether the system will start Preheat at the next login."""

    def switch(self, on: bool) -> None:
        """Add or remove the entry. May raise ``LoginItemError``."""


class LoginEntry(LoginItem, Protocol):
    """The system's entry."""

    def command(self) -> tuple[str, ...]:
        """Return the program and arguments of the entry; none if there is no entry, or it cannot be read."""


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
            raise LoginItemError(msg("login_item_not_written", reason=reason_of(error), file=str(self.path))) from error

    @abstractmethod
    def _content(self) -> str | bytes:
        """Return the file's content."""
