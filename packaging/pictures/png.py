"""Writes PNG files with at most 256 colours, a third of the usual size."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from PySide6.QtGui import QImage

_Array = npt.NDArray[Any]

_COLOURS: Final = 256
_MOST_COMMON: Final = 128


def write_png(image: QImage, path: Path) -> None:
    """Write a picture with its most common colours; others become the nearest of these."""
    image = image.convertToFormat(QImage.Format.Format_RGB888)
    width, height = image.width(), image.height()
    rows = np.frombuffer(image.constBits(), np.uint8).reshape(height, image.bytesPerLine())
    pixels = rows[:, : width * 3].reshape(-1, 3)
    found, places, counts = np.unique(pixels, axis=0, return_inverse=True, return_counts=True)
    chosen = _palette(found.astype(np.int32), counts)
    # In parts: all distances at once would use too much memory.
    nearest = np.concatenate(
        [
            ((part.astype(np.int32)[:, None, :] - chosen[None]) ** 2).sum(axis=2).argmin(axis=1)
            for part in np.array_split(found, len(found) // 4096 + 1)
        ]
    ).astype(np.uint8)
    indexed = np.ascontiguousarray(nearest[places.reshape(-1)].reshape(height, width))
    result = QImage(indexed.tobytes(), width, height, width, QImage.Format.Format_Indexed8)
    result.setColorTable([0xFF000000 | int(r) << 16 | int(g) << 8 | int(b) for r, g, b in chosen])
    if not result.save(str(path), quality=0):  # the smallest file
        raise OSError(f"{path} cannot be written")


def _palette(found: _Array, counts: _Array) -> _Array:
    """Return the colours to keep: the most common ones, then the most distant, such as that of a small red sign."""
    if len(found) <= _COLOURS:
        return found
    order = np.argsort(counts, kind="stable")[::-1]
    kept = list(order[:_MOST_COMMON])
    distances = np.min([((found - found[place]) ** 2).sum(axis=1) for place in kept], axis=0)
    while len(kept) < _COLOURS:
        kept.append(np.argmax(distances * np.sqrt(counts)))
        distances = np.minimum(distances, ((found - found[kept[-1]]) ** 2).sum(axis=1))
    return found[kept]
