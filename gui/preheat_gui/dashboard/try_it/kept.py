"""Conversations that the user chose to keep: one JSON file each, for this user only. Blocks on the disk."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, NamedTuple

from preheat import paths
from preheat.errors import EngineError, file_error
from preheat.files import read_small_file, write_atomic
from preheat.messages import msg
from preheat_gui.dashboard.try_it.conversation import Conversation, from_json, title_of

logger = logging.getLogger(__name__)

_MAX_BYTES: Final = 64 << 20
_SHOWN: Final = 20  # The newest


class Kept(NamedTuple):
    """A kept conversation."""

    path: Path
    title: str
    began_at: float  # Unix time


def folder() -> Path:
    """Return the folder of kept conversations; it may not exist."""
    return paths.data_dir() / "conversations"


def keep(began_at: float, text: str) -> None:
    """Write a conversation as JSON, in place of its last state; raises EngineError."""
    began = datetime.fromtimestamp(began_at, UTC).strftime("%Y-%m-%d-%H%M%S-%f")
    path = folder() / f"{began}.json"
    try:
        folder().mkdir(mode=0o700, parents=True, exist_ok=True)
        write_atomic(path, text, mode=0o600)
    except OSError as error:
        raise file_error("conversation_file", error, path) from error


def list_kept() -> Sequence[Kept]:
    """Return the newest kept conversations, the newest first."""
    found = []
    with suppress(OSError):
        for path in sorted(folder().glob("*.json"), reverse=True)[:_SHOWN]:
            with suppress(EngineError):
                conversation = load(path)
                found.append(Kept(path, title_of(conversation.turns), conversation.began_at))
    return found


def load(path: Path) -> Conversation:
    """Read a conversation; raises EngineError."""
    try:
        return from_json(read_small_file(path, _MAX_BYTES))
    except OSError as error:
        raise file_error("conversation_file", error, path) from error
    except ValueError as error:
        logger.warning("%s is not a conversation: %s", path.name, error)
        raise EngineError(msg("not_a_conversation", file=path.name)) from error


def delete_all() -> None:
    """Delete all kept conversations; raises EngineError."""
    for path in folder().glob("*.json"):
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            raise file_error("conversation_file", error, path) from error
