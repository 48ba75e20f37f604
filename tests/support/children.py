"""Finds the parts of a window by their names, as a screen reader's user would."""

from __future__ import annotations

from typing import TypeVar

from PySide6.QtCore import QObject

T = TypeVar("T", bound=QObject)


def child(parent: QObject, kind: type[T], name: str) -> T:
    """Return the one part with this objectName; fail the test if there is none."""
    found = parent.findChild(kind, name)
    assert found is not None, f"there is no {name}"
    return found
