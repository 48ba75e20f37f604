"""A keyring in memory, in the place of the package ``keyring``."""

from __future__ import annotations

import threading
from types import ModuleType, SimpleNamespace


class FakeKeyring:
    """The system's keyring.

    Attributes:
        stored: Passwords by service and user name.
        calls: The functions that were called.
        priority: What the package says of the backend; below 1 it does not protect passwords.
        failure: Raised by the next calls, if any.
        unlocked: What reading waits for, if anything.
    """

    def __init__(self) -> None:
        self.stored: dict[tuple[str, str], str] = {}
        self.calls: list[str] = []
        self.priority = 5.0
        self.failure: Exception | None = None
        self.unlocked: threading.Event | None = None

    def module(self) -> ModuleType:
        """Return the module to import as ``keyring``."""
        made = ModuleType("keyring")
        vars(made).update(
            {
                "get_keyring": lambda: SimpleNamespace(priority=self.priority),
                "get_password": self._get,
                "set_password": self._set,
                "delete_password": self._delete,
            }
        )
        return made

    def _get(self, service: str, user: str) -> str | None:
        self._called("get_password")
        return self.stored.get((service, user))

    def _set(self, service: str, user: str, password: str) -> None:
        self._called("set_password")
        self.stored[service, user] = password

    def _delete(self, service: str, user: str) -> None:
        self._called("delete_password")
        del self.stored[service, user]

    def _called(self, name: str) -> None:
        self.calls.append(name)
        if self.unlocked is not None:
            self.unlocked.wait()
        if self.failure is not None:
            raise self.failure
