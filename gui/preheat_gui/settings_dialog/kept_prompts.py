"""The row of the settings dialog with the size of the kept prompts, and the button that deletes them. GUI thread."""

from __future__ import annotations

from PySide6.QtWidgets import QMessageBox, QWidget

from preheat.control import ClearedCache, ClearPrefixCache, EngineSnapshot
from preheat.errors import EngineError
from preheat_gui.bridge import EngineBridge
from preheat_gui.settings_dialog.page import ExtraRow, Remark, lay_out_row
from preheat_gui.widgets import ask, button, caption, hbox, named, text_label
from preheat_gui.words import error_text, format_bytes, kept_words, message_sentences, written_words


class KeptPromptsRow(ExtraRow):
    """Follows the snapshots."""

    def __init__(self, bridge: EngineBridge, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._bridge = bridge
        self._side = text_label(self.tr("Kept now"), "kept_label", self)
        self.search_text = self._side.text().casefold()
        self._size = text_label("", "kept_size", self)
        self._clear = button(self.tr("&Delete…"), "clear_prompts", self._on_clear, self)
        self._clear.setAccessibleName(self.tr("Delete all kept prompts"))
        self._written = named(caption(parent=self), "written_today")
        self._remark = named(Remark(self), "remark_kept_prompts")
        self._clearing = False
        self._outcome = ""  # Of the last deletion
        self._failed = False
        field = QWidget(self)
        hbox((self._size, 1), self._clear, parent=field)
        lay_out_row(self, self._side, field, self._written, self._remark)
        bridge.snapshot_changed.connect(self._show)
        self._show(bridge.snapshot)

    def set_label_width(self, width: int) -> None:
        """Align with the labels of the other rows."""
        self._side.setFixedWidth(width)

    def _show(self, snapshot: EngineSnapshot) -> None:
        figures = snapshot.prefixes
        self._size.setText(kept_words(figures))
        self._written.setText(written_words(figures))
        self._written.setVisible(figures.mode == "disk")
        self._clear.setEnabled(not self._clearing and figures.disk_bytes + figures.memory_bytes > 0)
        problem = message_sentences(figures.problem)
        self._remark.show_words(problem or self._outcome, wrong=bool(problem) or self._failed)

    def _on_clear(self) -> None:
        ask(
            self,
            "clear_prompts_question",
            self.tr("Delete all kept prompts?"),
            self.tr("Their models compute them again when an app sends them. That takes longer once."),
            yes=(self.tr("&Delete"), self._delete),
            no=(self.tr("Cancel"), None),
            icon=QMessageBox.Icon.Warning,
        )

    def _delete(self) -> None:
        self._clearing, self._outcome = True, ""
        self._show(self._bridge.snapshot)
        self._bridge.ask(ClearPrefixCache(), self._on_cleared, self._on_error)

    def _on_cleared(self, cleared: ClearedCache) -> None:
        freed = self.tr("{size} were deleted.").format(size=format_bytes(cleared.freed_bytes))
        self._end(freed, wrong=False)

    def _on_error(self, error: EngineError) -> None:
        self._end(error_text(error), wrong=True)

    def _end(self, words: str, *, wrong: bool) -> None:
        self._clearing, self._outcome, self._failed = False, words, wrong
        self._show(self._bridge.snapshot)
