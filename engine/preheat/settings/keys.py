"""Named API keys: made once, shown once, stored as hashes, revoked one by one.

They are in ``keys.json``, next to the settings file but not in it: that one is edited by hand and copied around.
"""

from __future__ import annotations

import hashlib
import json
import logging
import re
import secrets
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final

from preheat import paths
from preheat.errors import EngineError, InvalidRequestError, file_error, reason_of
from preheat.files import FileLock, read_json, write_atomic
from preheat.messages import msg

logger = logging.getLogger(__name__)

MAX_KEYS: Final = 100
MAX_NAME: Final = 64
_PREFIX: Final = "ph-"
_SECRET_BYTES: Final = 24
_SHA256: Final = re.compile(r"[0-9a-f]{64}")
_MAX_TIME: Final = 1e11


class KeyNotFoundError(EngineError, code="key_not_found", status=404):
    """There is no API key of this name."""


class KeyScope(StrEnum):
    """What the holder of a key may do; each includes the ones before."""

    READ = "read"
    """Read lists, states and figures. Never runs a model."""

    USE = "use"
    """Run models, and load them for that."""

    MANAGE = "manage"
    """Manage preloading, models and downloads."""

    ADMIN = "admin"
    """Change settings, files and keys."""

    def covers(self, needed: KeyScope) -> bool:
        """Return whether this includes ``needed``."""
        order = list(KeyScope)
        return order.index(self) >= order.index(needed)


@dataclass(frozen=True, slots=True)
class NamedKey:
    """One key. ``sha256`` is that of its secret: 192 random bits need no slow hash."""

    name: str
    sha256: str
    created_at: int  # Unix time in seconds
    scope: KeyScope = KeyScope.USE
    models: tuple[str, ...] = ()  # ids of the models that it may run; empty means all
    low_priority: bool = False  # its requests wait for all others


_NOBODYS: Final = NamedKey("?", "", 0, KeyScope.READ)
_UNREADABLE: Final = (OSError, ValueError, LookupError, TypeError, AttributeError, ArithmeticError)


class KeyStore:
    """The file of keys. Every change is written at once; other processes' changes are seen. Any thread.

    A damaged file is an error for changes, and for reading means one key that nobody has: access stays closed.
    """

    def __init__(self, path: Path | None = None) -> None:
        self._path = path or paths.keys_file()
        self._seen: tuple[int, int] | None = None  # time and size of the file that ``_keys`` are from
        self._keys: tuple[NamedKey, ...] = ()

    def read(self) -> tuple[NamedKey, ...]:
        """Return all keys, oldest first."""
        try:
            status = self._path.stat()
            if (status.st_mtime_ns, status.st_size) != self._seen:
                self._seen = (status.st_mtime_ns, status.st_size)
                self._keys = _read(self._path)
        except FileNotFoundError:
            self._seen, self._keys = None, ()
        except _UNREADABLE as error:
            # Not the words of other errors, which may quote the file.
            reason = reason_of(error) if isinstance(error, OSError) else type(error).__name__
            logger.error("%s cannot be read: every key is refused: %s", self._path.name, reason)
            self._keys = (_NOBODYS,)
        return self._keys

    def read_strictly(self) -> tuple[NamedKey, ...]:
        """Return all keys, oldest first; ``read`` for a program that reports what is wrong with the file.

        Raises:
            FileNotFoundError: There is none.
            OSError: It cannot be read.
            ValueError: It is damaged.
        """
        try:
            return _read(self._path)
        except OSError:
            raise
        except _UNREADABLE as error:
            raise ValueError("it is damaged") from error

    def find(self, secret: bytes) -> NamedKey | None:
        """Return the key with this secret. The time tells nothing about the secret: its hash is compared."""
        digest = hashlib.sha256(secret).hexdigest()
        return next((key for key in self.read() if secrets.compare_digest(key.sha256, digest)), None)

    def create(
        self, name: str, scope: KeyScope = KeyScope.USE, models: tuple[str, ...] = (), *, low_priority: bool = False
    ) -> tuple[NamedKey, str]:
        """Return a new key and its secret, which is stored nowhere.

        Raises:
            InvalidRequestError: The name is empty, too long or taken, or there are too many keys.
            FolderError, DiskFullError: The file cannot be written; ``revoke`` likewise.
        """
        name = " ".join(name.split())
        if not name or len(name) > MAX_NAME or not name.isprintable():
            raise InvalidRequestError(msg("key_name_invalid", limit=MAX_NAME), param="name")
        secret = _PREFIX + secrets.token_urlsafe(_SECRET_BYTES)
        sha256 = hashlib.sha256(secret.encode()).hexdigest()
        key = NamedKey(name, sha256, int(time.time()), scope, models, low_priority)
        with self._locked():
            keys = self._current()
            if any(name.casefold() == other.name.casefold() for other in keys):
                raise InvalidRequestError(msg("key_name_taken", name=name), param="name")
            if len(keys) >= MAX_KEYS:
                raise InvalidRequestError(msg("too_many_keys", limit=MAX_KEYS), param="name")
            self._write((*keys, key))
        return key, secret

    def revoke(self, name: str) -> None:
        """Remove a key; requests with it are refused from now on.

        Raises:
            KeyNotFoundError: There is none of this name.
        """
        with self._locked():
            keys = self._current()
            left = tuple(key for key in keys if key.name.casefold() != name.strip().casefold())
            if len(left) == len(keys):
                raise KeyNotFoundError(msg("key_not_found", name=name), param="name")
            self._write(left)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        try:
            with FileLock(self._path.with_suffix(".lock")):
                yield
        except OSError as error:
            raise file_error("keys_unwritable", error, self._path) from error

    def _current(self) -> tuple[NamedKey, ...]:
        try:
            return _read(self._path)
        except FileNotFoundError:
            return ()
        except _UNREADABLE as error:
            raise EngineError(msg("keys_unreadable", path=str(self._path))) from error

    def _write(self, keys: tuple[NamedKey, ...]) -> None:
        content = json.dumps({"version": 1, "keys": [asdict(key) for key in keys]}, indent=1)
        write_atomic(self._path, content + "\n", mode=0o600)


def _read(path: Path) -> tuple[NamedKey, ...]:
    """Return the keys in the file; raises one of ``_UNREADABLE``."""
    return tuple(_key(**value) for value in read_json(path)["keys"])


def _key(name: str, sha256: str, created_at: int, scope: str, models: Sequence[str], low_priority: bool) -> NamedKey:
    texts = (name, sha256, *models)
    if not all(isinstance(text, str) for text in texts) or not isinstance(models, list):
        raise TypeError("a value has the wrong type")
    if not _SHA256.fullmatch(sha256) or not 0 <= created_at < _MAX_TIME:
        raise ValueError("a value is out of range")
    return NamedKey(name, sha256, int(created_at), KeyScope(scope), tuple(models), bool(low_priority))
