"""Rows of models or sizes to choose from."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass

from preheat_gui.dashboard.rows import Row
from preheat_gui.widgets import Token


@dataclass(frozen=True, slots=True)
class Badge:
    """The most important fact about a choice.

    Attributes:
        sign: A symbol's name.
    """

    text: str
    sign: str
    token: Token


@dataclass(frozen=True, slots=True)
class ChoiceRow(Row):
    """A model or size to choose.

    Attributes:
        key: Unique in the list.
        sentence: Smaller, under the title; up to two lines.
        figure: At the end of the first line, such as a size.
        badge: Under the figure.
        mark: A recommendation next to the title; may be empty.
    """

    key: str
    title: str
    sentence: str = ""
    figure: str = ""
    badge: Badge | None = None
    mark: str = ""

    @property
    def identity(self) -> Hashable:
        """The key."""
        return ChoiceRow, self.key

    @property
    def text(self) -> str:
        """The title."""
        return self.title

    @property
    def whole(self) -> str:
        """Everything in one line."""
        parts = (self.title, self.mark, self.figure, self.badge.text if self.badge else "", self.sentence)
        return ", ".join(part.rstrip(".") for part in parts if part)
