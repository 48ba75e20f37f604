"""Adds model files from this computer: dropped on the window, or chosen. GUI thread."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from functools import partial
from pathlib import Path, PurePath
from typing import Final

from PySide6.QtCore import QEvent, QMimeData, QObject, QRectF, Qt, Signal
from PySide6.QtGui import QColor, QDragEnterEvent, QDragMoveEvent, QDropEvent, QPainter, QPaintEvent, QPen, QResizeEvent
from PySide6.QtWidgets import QFileDialog, QMessageBox, QWidget

from preheat import control
from preheat.control import ImportedFile
from preheat.errors import EngineError
from preheat_gui.bridge import EngineBridge
from preheat_gui.widgets import GROUP_GAP, RADIUS, Banner, Token, ask, heading_font, theme
from preheat_gui.words import error_text, error_title

_ENDING: Final = ".gguf"
_NO_ROOM: Final = "disk_full"


class ImportBanner(Banner):
    """Adds files one at a time and shows the progress; hidden otherwise."""

    model_requested = Signal(str)  # The user wants to see the added model (model_id; empty while unknown)

    def __init__(self, bridge: EngineBridge, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("import_banner")
        self._bridge = bridge
        self._queue: deque[Path] = deque()
        self._current: Path | None = None
        self._added: list[str] = []
        self._failures: list[str] = []
        self.clicked.connect(self._on_clicked)

    def add_files(self, paths: Sequence[Path]) -> None:
        """Add files after those already queued."""
        if self._current is None:
            self._added.clear()
            self._failures.clear()
        self._queue += paths
        if self._current is None:
            self._next()

    def choose_files(self) -> None:
        dialog = QFileDialog(self.window(), self.tr("Add model files"))
        dialog.setObjectName("choose_model_files")
        dialog.setFileMode(QFileDialog.FileMode.ExistingFiles)
        dialog.setNameFilters([self.tr("Models (*.gguf)"), self.tr("All files (*)")])
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.filesSelected.connect(self._on_chosen)
        dialog.open()

    def _on_chosen(self, names: list[str]) -> None:
        self.add_files([Path(name) for name in names])

    def _next(self) -> None:
        if not self._queue:
            self._current = None
            self._show_result()
            return
        path = self._current = self._queue.popleft()
        self.show_note(self.tr("Adding {file}. A large file takes a while.").format(file=path.name))
        self._bridge.ask(control.ImportFile(str(path.absolute())), self._on_added, self._on_error)

    def _on_added(self, imported: ImportedFile) -> None:
        self._added.append(PurePath(imported.path).name)
        self._next()

    def _on_error(self, error: EngineError) -> None:
        path = self._current
        if path is not None and error.code == _NO_ROOM:
            self._ask_to_move(path, error)
            return
        self._fail(error)

    def _fail(self, error: EngineError) -> None:
        self._failures.append(error_text(error))
        self._next()

    def _ask_to_move(self, path: Path, error: EngineError) -> None:
        """Offer to move the file: there is no room for a copy."""
        ask(
            self.window(),
            "move_question",
            error_title(error),
            self.tr("Preheat can move {file} instead of copying it.").format(file=path.name),
            yes=(self.tr("&Move it"), partial(self._move, path)),
            no=(self.tr("&Leave it"), self._next),
            role=QMessageBox.ButtonRole.AcceptRole,
        )

    def _move(self, path: Path) -> None:
        self._bridge.ask(control.ImportFile(str(path.absolute()), "move"), self._on_added, self._fail)

    def _show_result(self) -> None:
        if self._failures:
            self.show_problem(" ".join(self._failures))
        elif len(self._added) == 1:
            self.show_note(self.tr("{file} was added.").format(file=self._added[0]), self.tr("Show &it"))
        elif self._added:
            self.show_note(self.tr("{count} files were added.").format(count=len(self._added)), self.tr("Show &them"))
        else:
            self.hide()

    def _on_clicked(self) -> None:
        self.hide()
        names = [model.model_id for model in self._bridge.snapshot.models if PurePath(model.path).name in self._added]
        self.model_requested.emit(names[0] if len(names) == 1 else "")


class DropOverlay(QWidget):
    """Covers a window while files are dragged over it."""

    dropped = Signal(object)  # Files were dropped (list[Path])

    def __init__(self, window: QWidget) -> None:
        super().__init__(window)
        self._window = window
        self.setObjectName("drop_overlay")
        self.setAccessibleName(self.tr("Drop to add"))
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.hide()
        window.setAcceptDrops(True)
        window.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802
        """Follow the window's size and drags over it."""
        if isinstance(event, QResizeEvent):
            self.resize(event.size())
        elif isinstance(event, QDragEnterEvent | QDragMoveEvent) and _acceptable(event):
            self._appear()
            return True
        elif event.type() == QEvent.Type.DragLeave:
            self.hide()
        elif isinstance(event, QDropEvent):
            self.hide()
            if _acceptable(event):
                self.dropped.emit(model_files(event.mimeData()))
                return True
        return super().eventFilter(watched, event)

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        """Draw the drop frame."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        ground = QColor(theme().colour(Token.BACKGROUND))
        ground.setAlphaF(0.92)
        painter.fillRect(self.rect(), ground)
        frame = QRectF(self.rect()).adjusted(GROUP_GAP, GROUP_GAP, -GROUP_GAP, -GROUP_GAP)
        painter.setPen(QPen(theme().colour(Token.ACCENT), 2.0, Qt.PenStyle.DashLine))
        painter.drawRoundedRect(frame, RADIUS, RADIUS)
        painter.setFont(heading_font())
        painter.setPen(theme().colour(Token.TEXT))
        painter.drawText(frame, Qt.AlignmentFlag.AlignCenter, self.tr("Drop to add"))

    def _appear(self) -> None:
        if not self.isVisible():
            self.resize(self._window.size())
            self.raise_()
            self.show()


def model_files(data: QMimeData) -> list[Path]:
    """Return the dragged GGUF files of this computer."""
    paths = [Path(url.toLocalFile()) for url in data.urls() if url.isLocalFile()]
    return [path for path in paths if path.suffix.lower() == _ENDING]


def _acceptable(event: QDropEvent) -> bool:
    """Accept the event if it carries model files; return whether it does."""
    # After a move the other program would delete the file, so only copies are accepted.
    if not event.possibleActions() & Qt.DropAction.CopyAction or not model_files(event.mimeData()):
        return False
    event.setDropAction(Qt.DropAction.CopyAction)
    event.accept()
    return True
