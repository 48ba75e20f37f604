"""The view of the decisions."""

from __future__ import annotations

from PySide6.QtGui import QGuiApplication, QKeyEvent, QKeySequence, QResizeEvent
from PySide6.QtWidgets import QAbstractItemView, QListView, QWidget

from preheat_gui.dashboard.activity.delegate import ActivityDelegate
from preheat_gui.dashboard.activity.list import ActivityList
from preheat_gui.dashboard.activity.rows import DecisionRow


class ActivityView(QListView):
    """Shows an ``ActivityList``; selected decisions can be copied as text."""

    def __init__(self, activity: ActivityList, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._activity = activity
        self.setObjectName("activity_list")
        self.setAccessibleName(self.tr("What was loaded and unloaded, and why"))
        self.setModel(activity)
        self.setItemDelegate(ActivityDelegate(self))
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setResizeMode(QListView.ResizeMode.Adjust)
        self.setMouseTracking(True)

    def selected_text(self) -> str:
        """Return the selected decisions, a line each."""
        rows = sorted(index.row() for index in self.selectionModel().selectedRows())
        chosen = (self._activity.row_at(row) for row in rows)
        return "\n".join(row.whole for row in chosen if isinstance(row, DecisionRow))

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        """Copy the selected decisions; move otherwise."""
        if event.matches(QKeySequence.StandardKey.Copy):
            if text := self.selected_text():
                QGuiApplication.clipboard().setText(text)
            return
        super().keyPressEvent(event)

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        """Break the sentences anew."""
        super().resizeEvent(event)
        if event.size().width() != event.oldSize().width():
            self.scheduleDelayedItemsLayout()
