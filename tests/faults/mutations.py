"""Hostile model files: mutations of a real one's header and of its tensors."""

from __future__ import annotations

import random
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Final

_POISON: Final = [0, 1, 2, 255, 1 << 16, (1 << 31) - 1, 1 << 31, 1 << 32, 1 << 60, 1 << 63, (1 << 64) - 1]
"""What a length, a count or a number is likely to become, by accident or on purpose."""

_HEADER_SHARE: Final = 0.8


def mutations(original: bytes, header_bytes: int, count: int, seed: int) -> Iterator[bytes]:
    """Yield damaged copies of a file, most of them damaged in the header.

    Args:
        original: The file's contents.
        header_bytes: Where its tensors begin.
    """
    for number in range(count):
        dice = random.Random(f"{seed}-{number}")
        content = bytearray(original)
        for _ in range(dice.choice([1, 1, 1, 2, 4, 8])):
            at = dice.randrange(header_bytes if dice.random() < _HEADER_SHARE else len(content))
            _damage(content, at, dice)
        yield bytes(content)


def _damage(content: bytearray, at: int, dice: random.Random) -> None:
    match dice.randrange(8):
        case 0:
            content[at : at + 8] = struct.pack("<Q", dice.choice(_POISON))
        case 1:
            content[at : at + 4] = struct.pack("<I", dice.choice(_POISON) & 0xFFFFFFFF)
        case 2:
            content[at : at + 1] = bytes([dice.randrange(256)])
        case 3:
            content[at : at + 1] = bytes([content[at] ^ (1 << dice.randrange(8))]) if at < len(content) else b"\0"
        case 4:
            content[at : at + 4] = struct.pack("<f", dice.choice([0.0, -1.0, float("nan"), float("inf"), 1e38]))
        case 5:
            del content[at : at + dice.choice([1, 4, 8, 100])]
        case 6:
            end = at + dice.choice([1, 8, 64])
            content[at:at] = content[at:end]
        case _:
            if dice.random() < 0.2:
                del content[at:]
            else:
                content[at : at + 4] = struct.pack("<I", dice.randrange(40))


def write_mutations(folder: Path, original: Path, header_bytes: int, count: int, seed: int) -> list[Path]:
    """Write mutations as ``mutant-NUMBER.gguf``; return their paths."""
    paths = []
    for number, content in enumerate(mutations(original.read_bytes(), header_bytes, count, seed)):
        paths.append(folder / f"mutant-{number:04}.gguf")
        paths[-1].write_bytes(content)
    return paths
