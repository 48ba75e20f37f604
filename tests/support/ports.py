"""Free ports."""

from __future__ import annotations

import random
import socket

_DICE = random.SystemRandom()  # the common one is seeded for each test: processes would find the same ports


def free_port() -> int:
    """Return a free port of the loopback interface, below those that systems give to any connection at any time."""
    while True:
        port = _DICE.randrange(20_000, 32_000)
        try:
            socket.create_server(("127.0.0.1", port)).close()
        except OSError:
            continue
        return port
