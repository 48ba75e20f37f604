"""The head of a response and what follows, on a recording transport."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import cast

from preheat.server.joined_writes import JoinedWrites


class RecordingTransport:
    """Records each system call that a transport would make."""

    def __init__(self) -> None:
        self.sent: list[bytes] = []
        self.closed = False

    def write(self, data: bytes) -> None:
        assert not self.closed
        self.sent.append(data)

    def writelines(self, pieces: Iterable[bytes]) -> None:
        self.write(b"".join(pieces))

    def close(self) -> None:
        self.closed = True

    def is_closing(self) -> bool:
        return self.closed


def joined() -> tuple[JoinedWrites, RecordingTransport]:
    transport = RecordingTransport()
    return JoinedWrites(cast(asyncio.Transport, transport)), transport


async def test_head_and_body_are_sent_at_once_and_later_pieces_by_themselves() -> None:
    writes, transport = joined()
    for data in (b"head", b"body", b"more"):
        writes.write(data)
    await asyncio.sleep(0)
    assert transport.sent == [b"headbody", b"more"]


async def test_a_head_without_a_body_is_sent_in_the_next_iteration() -> None:
    writes, transport = joined()
    writes.write(b"head")
    assert transport.sent == []
    await asyncio.sleep(0)
    writes.write(b"body")
    assert transport.sent == [b"head", b"body"]


async def test_closing_sends_the_head_first() -> None:
    writes, transport = joined()
    writes.write(b"head")
    writes.close()
    await asyncio.sleep(0)
    assert transport.sent == [b"head"]
    assert writes.is_closing()
