"""The token of the user's Hugging Face account, in the system's keyring.

It is never in a file of Preheat's, in the log, or in an answer of the port. The windows and the command write it to
the keyring, and the engine reads it there. A small file without it says that there is one: a keyring may ask the user
to unlock it, so it is only opened where that is of use. Functions block; call them in a thread.
"""

from __future__ import annotations

import json
import logging
import re
import sys
import threading
import time
from contextlib import suppress
from importlib import import_module
from typing import Any, Final

from preheat import paths
from preheat.errors import EngineError, InvalidRequestError, file_error, reason_of
from preheat.files import read_json, write_atomic
from preheat.messages import Message, msg

logger = logging.getLogger(__name__)

_SERVICE: Final = "Preheat"
_ACCOUNT: Final = "Hugging Face"
_TOKEN: Final = re.compile(r"[!-~]{8,512}")
_BACKENDS: Final = {"darwin": "macOS", "win32": "Windows"}
"""The system's own backend. A bundle has no list of plug-ins, so it is imported by name."""

_RECOMMENDED: Final = 1  # keyring's own mark; below it are backends that store plain text, or nothing


_RETRY_S: Final = 300.0


class KeyringError(EngineError, code="keyring_unavailable", status=501):
    """The system has no keyring that Preheat can use."""


class HubToken:
    """The stored token. Any thread.

    Args:
        wait_s: Longest wait for a keyring that asks the user to unlock it, in seconds.
    """

    def __init__(self, *, wait_s: float = 5.0) -> None:
        self._marker = paths.hub_token_marker()
        self._wait_s = wait_s
        self._lock = threading.Lock()
        self._read_at = 0.0  # ``saved_at`` of the token that ``_token`` is
        self._token: str | None = None
        self._problem: Message | None = None
        self._reader: threading.Thread | None = None
        self._locked_for = 0.0  # ``saved_at`` of the token when the keyring did not answer in time
        self._retry_at = 0.0  # when a keyring that refused is asked again

    @property
    def saved_at(self) -> float:
        """Unix time of the last ``write``; 0 without a token. Reads a small file only."""
        try:
            saved_at = read_json(self._marker)["saved_at"]
            return float(saved_at)
        except (OSError, ValueError, LookupError, TypeError, EngineError):
            return 0.0

    @property
    def problem(self) -> Message | None:
        """Why the last ``read`` did not return a token that is there."""
        return self._problem

    def read(self) -> str | None:
        """Return the token; None without one, or if the keyring does not answer within a few seconds."""
        saved_at = self.saved_at
        if not saved_at:
            self._token, self._read_at, self._problem = None, 0.0, None
            return None
        if saved_at == self._read_at and (self._token or time.monotonic() < self._retry_at):
            return self._token
        with self._lock:
            if self._reader is None or not self._reader.is_alive():
                # A daemon: the system's question to the user may stay open for hours.
                self._reader = threading.Thread(target=self._fetch, args=(saved_at,), name="keyring", daemon=True)
                self._reader.start()
            reader = self._reader
        if saved_at != self._locked_for:  # with a locked keyring, later requests do not wait again
            reader.join(self._wait_s)
        if reader.is_alive():
            self._locked_for, self._problem = saved_at, msg("keyring_locked")
            return None
        return self._token

    def write(self, token: str) -> None:
        """Store a token in the keyring; it replaces the one before.

        Raises:
            InvalidRequestError: The text cannot be a token.
            KeyringError: There is no keyring, or it refuses.
            FolderError, DiskFullError: The file that says so cannot be written.
        """
        text = token.strip()
        if _TOKEN.fullmatch(text) is None:
            raise InvalidRequestError(msg("hub_token_malformed"), param="token")
        _call("set_password", _SERVICE, _ACCOUNT, text)
        try:
            self._marker.parent.mkdir(parents=True, exist_ok=True)
            write_atomic(self._marker, json.dumps({"saved_at": time.time()}))
        except OSError as error:
            raise file_error("hub_token_unwritable", error, self._marker) from error

    def remove(self) -> None:
        """Remove the token from the keyring; nothing happens without one.

        Raises:
            KeyringError: There is no keyring, or it refuses.
        """
        if not self.saved_at:
            return
        if _call("get_password", _SERVICE, _ACCOUNT) is not None:
            _call("delete_password", _SERVICE, _ACCOUNT)
        with suppress(FileNotFoundError):
            self._marker.unlink()

    def _fetch(self, saved_at: float) -> None:
        token, problem = None, None
        try:
            token = _call("get_password", _SERVICE, _ACCOUNT)
            problem = msg("keyring_lost") if not token else None
        except KeyringError as error:
            logger.warning("the token for Hugging Face is not used: %s", error)
            problem = error.message
        self._locked_for, self._retry_at = 0.0, time.monotonic() + _RETRY_S
        self._token, self._problem, self._read_at = token, problem, saved_at


def keyring_problem() -> Message | None:
    """Return why no token can be stored; None if it can. Asks the system."""
    try:
        _keyring()
    except KeyringError as error:
        return error.message
    return None


def _keyring() -> Any:
    """Return the module ``keyring``, with a backend that protects what it stores."""
    try:
        keyring = import_module("keyring")  # late: 0.1 s, and an extra of the windows
        with suppress(ImportError):
            import_module(f"keyring.backends.{_BACKENDS.get(sys.platform, 'SecretService')}")
        priority = keyring.get_keyring().priority
    except ImportError as error:
        raise KeyringError(msg("keyring_not_installed")) from error
    except Exception as error:  # backends are plug-ins, and raise whatever their libraries do
        raise KeyringError(msg("keyring_failed", reason=reason_of(error))) from error
    if priority < _RECOMMENDED:
        raise KeyringError(msg("keyring_none"))
    return keyring


def _call(function: str, *arguments: str) -> str | None:
    keyring = _keyring()
    try:
        answer = getattr(keyring, function)(*arguments)
    except Exception as error:  # likewise
        # Not the error's own arguments or traceback: a backend may repeat there what it was given.
        raise KeyringError(msg("keyring_failed", reason=type(error).__name__)) from None
    return answer if isinstance(answer, str) else None
