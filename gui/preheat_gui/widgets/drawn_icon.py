"""Icons that Python draws. GUI thread.

PySide (seen in 6.11) treats the ownership of icon engines wrongly in two places. Both end the process:

- An engine becomes the child of the ``QIcon`` that it was made into, and returns to Python when Python's collector
  takes both apart. It is then deleted twice.
- What ``clone()`` returns stays Python's, although Qt deletes it.
"""

from __future__ import annotations

from abc import abstractmethod
from typing import ClassVar, Self

from PySide6.QtCore import QRect, QSize
from PySide6.QtGui import QIcon, QIconEngine, QPainter, QPixmap
from shiboken6 import isValid


class DrawnIcon(QIconEngine):
    """Draws an icon in ``pixmap()``, at any size."""

    _copies: ClassVar[list[DrawnIcon]] = []

    @abstractmethod
    def copy(self) -> Self:
        """Return another engine that draws the same."""

    @abstractmethod
    def pixmap(self, size: QSize, mode: QIcon.Mode, state: QIcon.State) -> QPixmap: ...

    def icon(self) -> QIcon:
        """Return the icon that this engine draws. Call it once."""
        return QIcon(QIcon(self))  # only the first one, which ends here, has the engine as its child

    def clone(self) -> QIconEngine:
        """Return a copy for Qt, and keep it until Qt has deleted it."""
        copies = DrawnIcon._copies
        copies[:] = [*filter(isValid, copies), self.copy()]
        return copies[-1]

    def paint(self, painter: QPainter, rect: QRect, mode: QIcon.Mode, state: QIcon.State) -> None:
        ratio = painter.device().devicePixelRatioF()
        painter.drawPixmap(rect, self.pixmap(rect.size() * ratio, mode, state))
