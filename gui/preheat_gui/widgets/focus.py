"""Keyboard focus that does not jump when its widget is hidden or disabled. GUI thread."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QEvent, QObject, QPoint, QRect, Qt, Signal
from PySide6.QtWidgets import QWidget
from shiboken6 import isValid

SETTINGS_KEY: Final = "Ctrl+,"  # Opens the settings, in every window
HELP_KEY: Final = "F1"  # Opens the help, likewise

_APPEARS: Final = (QEvent.Type.Show, QEvent.Type.EnabledChange)


class FocusWait(QObject):
    """Gives the focus from ``holder`` to the first of some widgets that can have it, as soon as one can.

    Ends when the focus leaves ``holder`` in another way.
    """

    _posted = Signal()

    def __init__(
        self,
        holder: QWidget,
        wanted: Sequence[QWidget],
        reason: Qt.FocusReason,
        place: QRect | None = None,  # Global; a widget that appears here is wanted, too
    ) -> None:
        super().__init__(holder)
        self._holder = holder
        self._wanted = wanted
        self._reason = reason
        self._place = place
        holder.setFocus(reason)
        for widget in wanted:
            widget.installEventFilter(self)
        # Others that are visible already may move to the place, but replace nothing.
        self._hidden = [each for each in holder.window().findChildren(QWidget) if not _takes_tab(each)]
        if place is not None:  # looked for after the present event, which may show it
            self._posted.connect(self._take_place, Qt.ConnectionType.QueuedConnection)
            self._posted.emit()

    def eventFilter(self, _watched: QObject, event: QEvent) -> bool:  # noqa: N802
        if event.type() in _APPEARS:
            if self._holder.window().focusWidget() is not self._holder:
                self._end()
            elif (found := first_focusable(self._wanted)) is not None:
                self._end()
                found.setFocus(self._reason)
        return False

    def _take_place(self) -> None:
        if self._place is None or self._holder.window().focusWidget() is not self._holder:
            return
        for widget in self._hidden:
            if isValid(widget) and _takes_tab(widget) and _rect_of(widget).contains(self._place.center()):
                self._end()
                widget.setFocus(self._reason)
                return

    def _end(self) -> None:
        for widget in self._wanted:
            widget.removeEventFilter(self)
        self._place, self._hidden = None, []
        self.deleteLater()


def give_focus(holder: QWidget, wanted: Sequence[QWidget], reason: Qt.FocusReason) -> None:
    """Focus the first of some widgets that is visible and enabled; ``holder`` keeps the focus until one is."""
    found = first_focusable(wanted)
    if found is not None:
        found.setFocus(reason)
    else:
        FocusWait(holder, wanted, reason)


def first_focusable(widgets: Sequence[QWidget]) -> QWidget | None:
    """Return the first widget that is, or will be with its window, visible and enabled; None without one."""
    return next((widget for widget in widgets if widget.isVisibleTo(widget.window()) and widget.isEnabled()), None)


class KeepsFocus(QWidget if TYPE_CHECKING else object):  # type: ignore[misc]
    """A mixin for windows. The focus stays in place when its widget is hidden or disabled.

    Qt gives it to the next widget: a second press of the same key would then press another button. Here it goes to what
    replaces the widget in its place. Without a replacement the surrounding widget has it until the user moves it, or
    until the first widget returns.
    """

    def focusNextPrevChild(self, next: bool) -> bool:  # noqa: N802
        lost = self.focusWidget()
        if lost is None or (lost.isVisible() and lost.isEnabled()) or not self.isVisible():
            return bool(super().focusNextPrevChild(next))
        holder = lost.parentWidget()
        while holder is not None and not (holder.isVisible() and holder.isEnabled() and holder.focusProxy() is None):
            holder = holder.parentWidget()
        if holder is None:
            return bool(super().focusNextPrevChild(next))
        FocusWait(holder, [lost], Qt.FocusReason.OtherFocusReason, _rect_of(lost))
        return True


def _takes_tab(widget: QWidget) -> bool:
    tab = bool(widget.focusPolicy() & Qt.FocusPolicy.TabFocus)
    return tab and widget.isVisible() and widget.isEnabled()


def _rect_of(widget: QWidget) -> QRect:
    return QRect(widget.mapToGlobal(QPoint()), widget.size())
