"""Offers to move the models when another models folder is chosen. GUI thread."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QMessageBox, QWidget

from preheat import control, paths
from preheat.control import ModelsMove
from preheat.errors import EngineError
from preheat.settings import AUTO, checked_value
from preheat_gui.bridge import EngineBridge
from preheat_gui.widgets import ask
from preheat_gui.words import format_bytes


class FolderChange(QObject):
    """Shows what a move of the models would do, and moves them or leaves them where they are."""

    def __init__(
        self,
        bridge: EngineBridge,
        window: QWidget,
        on_ready: Callable[[], None],  # The settings can be written now
        on_error: Callable[[EngineError], None],  # The move failed
        on_cancel: Callable[[], None],  # The user wants neither
    ) -> None:
        super().__init__(window)
        self._bridge = bridge
        self._window = window
        self._on_ready = on_ready
        self._on_error = on_error
        self._on_cancel = on_cancel

    def begin(self, text: str) -> None:
        """Plan a move to the new value of ``models_dir``, then ask the user."""
        value = checked_value("models_dir", text, relative=False)
        folder = str(paths.models_dir() if value == AUTO else value)
        self._bridge.ask(control.MoveModels(folder, dry_run=True), self._on_plan, self._on_no_plan)

    def _on_no_plan(self, _error: EngineError) -> None:
        # The folder may be the user's own, with models in it: it is used as it is.
        self._on_ready()

    def _on_plan(self, plan: ModelsMove) -> None:
        if not plan.files:
            self._on_ready()
            return
        files = self.tr("1 file") if len(plan.files) == 1 else self.tr("{count} files").format(count=len(plan.files))
        detail = self.tr("From {old}\nto {new}\n{files}, {size}").format(
            old=plan.old_path, new=plan.path, files=files, size=format_bytes(plan.total_bytes)
        )
        if plan.others:
            stays = self.tr("{count} other files stay where they are, such as {name}.")
            if plan.others == 1:
                stays = self.tr("Another file stays where it is: {name}.")
            detail = "\n\n".join((detail, stays.format(count=plan.others, name=plan.named_others[0])))
        ask(
            self._window,
            "move_models_question",
            self.tr("Move Preheat's models to the new folder?"),
            detail,
            yes=(self.tr("&Move them"), partial(self._move, plan.path)),
            no=(self.tr("&Leave them"), self._on_ready),
            cancel=(self.tr("Cancel"), self._on_cancel),
            role=QMessageBox.ButtonRole.AcceptRole,
        )

    def _move(self, folder: str) -> None:
        self._bridge.ask(control.MoveModels(folder), self._on_moved, self._on_error)

    def _on_moved(self, _move: ModelsMove) -> None:
        self._on_ready()
