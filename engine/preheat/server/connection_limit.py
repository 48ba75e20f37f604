"""How many connections the port keeps open, and which of them make room for others."""

from __future__ import annotations

import logging
import sys
from enum import IntEnum
from typing import Final

if sys.platform != "win32":
    import resource

logger = logging.getLogger(__name__)

MAX_CONNECTIONS: Final = 512
MIN_CONNECTIONS: Final = 16

RESERVED_DESCRIPTORS: Final = 128
"""Open files that are kept for workers, model files, databases and downloads."""

_WANTED_DESCRIPTORS: Final = 4096


class Use(IntEnum):
    """What a connection is used for. When there are too many, the lowest one ends first."""

    NOTHING = 0  # no request so far
    IDLE = 1  # no request now
    BODY = 2  # a request arrives
    UNREAD_ANSWER = 3  # the client does not read
    SUBSCRIPTION = 4  # an answer without an end
    ANSWER = 5  # never ends for another connection


def raise_descriptor_limit() -> None:
    """Raise the limit of open files of this process as far as it may be raised, and is useful."""
    if sys.platform != "win32":
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        wanted = _WANTED_DESCRIPTORS if hard == resource.RLIM_INFINITY else min(hard, _WANTED_DESCRIPTORS)
        if soft != resource.RLIM_INFINITY and soft < wanted:
            try:
                resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
            except (OSError, ValueError) as error:
                logger.info("the limit of open files stays at %d: %s", soft, error)


def connection_limit() -> int:
    """Return how many connections may be open: descriptors have to be left for everything else."""
    if sys.platform == "win32":
        return MAX_CONNECTIONS
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return MAX_CONNECTIONS if soft == resource.RLIM_INFINITY else connections_for(soft)


def connections_for(descriptors: int) -> int:
    """Return how many connections may be open with this limit of open files. Pure."""
    return min(MAX_CONNECTIONS, max(MIN_CONNECTIONS, descriptors - RESERVED_DESCRIPTORS))
