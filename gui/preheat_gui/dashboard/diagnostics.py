"""A button that saves the file of diagnostics, for people without a terminal. GUI thread."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

from PySide6.QtCore import QStandardPaths, Qt
from PySide6.QtWidgets import QFileDialog, QMessageBox, QPushButton, QWidget

from preheat.bugs import failure_of
from preheat.errors import EngineError
from preheat_gui.bridge import GuiDispatcher, TaskRunner, weak_callback
from preheat_gui.dashboard.reveal import reveal
from preheat_gui.widgets import ask, inform, named, symbol
from preheat_gui.words import error_text, error_title


class DiagnosticsButton(QPushButton):
    """Asks for a file name, checks the installation on another thread, and shows what was saved."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._dispatcher = GuiDispatcher(self)
        self._tasks = TaskRunner()
        self.setIcon(symbol("download"))
        tooltip = self.tr("Save the log, the settings and a check of this installation for a report of a problem")
        named(self, "save_diagnostics", tooltip=tooltip)
        self.clicked.connect(self._choose)
        self._show_busy(False)

    def _show_busy(self, busy: bool) -> None:
        self.setEnabled(not busy)
        self.setText(self.tr("Checking…") if busy else self.tr("Save &diagnostics…"))

    def _choose(self) -> None:
        from preheat.doctor import default_name  # most sessions never need it

        dialog = QFileDialog(self.window(), self.tr("Save diagnostics"))
        dialog.setObjectName("choose_diagnostics_file")
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setNameFilters([self.tr("Zip files (*.zip)")])
        dialog.setDefaultSuffix("zip")
        dialog.setDirectory(QStandardPaths.writableLocation(QStandardPaths.StandardLocation.DocumentsLocation))
        dialog.selectFile(default_name())
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.fileSelected.connect(self._save)
        dialog.open()

    def _save(self, name: str) -> None:
        self._show_busy(True)
        path = Path(name)
        done, failed = weak_callback(self._on_saved), weak_callback(self._on_failed)
        self._tasks.run(partial(_save, path, self._dispatcher, done, failed))

    def _on_saved(self, path: Path, contents: Mapping[str, str]) -> None:
        self._show_busy(False)
        ask(
            self.window(),
            "diagnostics_saved",
            self.tr("The diagnostics are in {file}").format(file=path.name),
            self.tr(
                "Keys, the names of you and this computer, and texts of apps were removed. "
                "Look at the file before you send it to anyone.\n\nIt contains: {names}."
            ).format(names=", ".join(contents)),
            yes=(self.tr("&Show file"), partial(reveal, path, self)),
            no=(self.tr("&Close"), None),
            icon=QMessageBox.Icon.Information,
            role=QMessageBox.ButtonRole.AcceptRole,
        )

    def _on_failed(self, error: EngineError) -> None:
        self._show_busy(False)
        inform(self.window(), "diagnostics_failed", error_title(error), error_text(error))


def _save(path: Path, dispatcher: GuiDispatcher, done: Callable[..., None], failed: Callable[..., None]) -> None:
    from preheat.doctor import examine, write_bundle

    try:
        # The dialog has asked whether an existing file may be overwritten.
        contents = write_bundle(path, examine(), overwrite=True)
    except Exception as error:
        dispatcher.post(partial(failed, failure_of("saving diagnostics", error)))
    else:
        dispatcher.post(partial(done, path, contents))
