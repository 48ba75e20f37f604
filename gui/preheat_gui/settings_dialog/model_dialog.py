"""The settings of one model."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Final

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QCheckBox, QDialog, QDialogButtonBox, QWidget

from preheat.control import EstimateMemory, GetModel, MemoryEstimate, ModelFacts, SettingsChange
from preheat.errors import EngineError, SettingsError
from preheat.settings import AUTO, ModelSettings, Settings, checked_value, keys_of, model_setting, to_text
from preheat_gui.bridge import EngineBridge
from preheat_gui.settings_dialog.declarations import Declaration, choice_words, model_declarations
from preheat_gui.settings_dialog.draft import sentence_of
from preheat_gui.settings_dialog.editors import Editor, NumberEditor, editor_for, set_row
from preheat_gui.settings_dialog.page import FieldRow
from preheat_gui.widgets import (
    GROUP_GAP,
    MARGIN,
    Banner,
    Card,
    ElidedLabel,
    KeepsFocus,
    heading_font,
    named,
    set_role,
    text_label,
    timer,
    vbox,
)
from preheat_gui.words import format_memory

_WIDTH: Final = 520
DEFAULT: Final = "default"  # The text of a setting that uses the value for all models
_TYPING_PAUSE_MS: Final = 250
_FIRST: Final = {
    "context_length": "8192",
    "keep_alive": "600",
    "parallel": "4",
}  # Numbers to begin with in place of "auto"


class OwnEditor(Editor):
    """A field with a check box for the value for all models, ``usual``."""

    def __init__(self, declaration: Declaration, usual: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._first = _FIRST.get(declaration.name, usual) if usual == AUTO else usual
        self._default = QCheckBox(self.tr("Default ({})").format(choice_words(usual)), self)
        self._default.setObjectName(f"default_{declaration.name}")
        self._default.setAccessibleName(f"{declaration.label}: {self._default.text()}")
        self._default.clicked.connect(self._emit)
        # Without a value for all models, the check box replaces the field's own one for "auto".
        optional = declaration.optional and declaration.inherits
        self._field = editor_for(replace(declaration, optional=optional), 0, self)
        self._field.edited.connect(self.edited)
        set_row(self, self._default, self._field, spacing=GROUP_GAP)
        self.setMinimumHeight(self._field.sizeHint().height())  # the same height with a hidden field

    def text(self) -> str:
        """Return the model's own text, or ``DEFAULT``."""
        return DEFAULT if self._default.isChecked() else self._field.text()

    def set_text(self, text: str) -> None:
        """Show the model's own text, or the value for all models."""
        own = text != DEFAULT
        self._default.setChecked(not own)
        self._field.set_text(text if own else self._first)
        self._field.setVisible(own)

    def set_maximum(self, maximum: float) -> None:
        """Let the arrows of a number stop here."""
        if isinstance(self._field, NumberEditor):
            self._field.set_maximum(maximum)

    def mark(self, wrong: bool) -> None:
        self._field.mark(wrong)

    def main_widget(self) -> QWidget:
        return self._default if self._default.isChecked() else self._field.main_widget()


class ModelSettingsDialog(KeepsFocus, QDialog):
    """Context length, slots, repacking, layers on devices and keep-alive of one model."""

    def __init__(self, bridge: EngineBridge, model_id: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("model_settings_dialog")
        self.setWindowTitle(self.tr("Model settings"))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._bridge = bridge
        self._model_id = model_id
        self._settings = bridge.settings
        self._texts: dict[str, str] = {}
        self._problems: dict[str, str] = {}
        own = self._settings.models.get(model_id, ModelSettings())
        shown = model_declarations(own, has_devices=bool(bridge.snapshot.devices.devices))
        self._rows = {each.name: self._row(each) for each in shown}
        self._lay_out()
        self._typing = timer(self, _TYPING_PAUSE_MS, self._ask_memory)
        bridge.settings_changed.connect(self._take_settings)
        bridge.ask(GetModel(model_id), self._take_facts, self._take_no_facts)
        self._refresh()
        self.resize(_WIDTH, self.sizeHint().height())

    # Building

    def _row(self, declaration: Declaration) -> FieldRow:
        usual = to_text(getattr(self._settings, declaration.name)) if declaration.inherits else AUTO
        editor = OwnEditor(declaration, usual)
        editor.edited.connect(partial(self._write, declaration.name))
        return FieldRow(declaration, editor, self)

    def _lay_out(self) -> None:
        name = ElidedLabel(self._model_id, self)
        name.setFont(heading_font())
        card = Card(parent=self)
        card.body.setSpacing(GROUP_GAP)
        width = max(row.label_width() for row in self._rows.values()) + 2
        for row in self._rows.values():
            row.set_label_width(width)
            card.body.addWidget(row)
        self._memory = text_label("", "memory_estimate", self)
        self._banner = Banner(self)
        buttons = QDialogButtonBox.StandardButton
        box = QDialogButtonBox(buttons.Ok | buttons.Cancel, self)
        self._ok, cancel = named(box.button(buttons.Ok), "ok"), named(box.button(buttons.Cancel), "cancel")
        self._ok.setText(self.tr("&OK"))
        cancel.setText(self.tr("Cancel"))
        set_role(self._ok, "main")
        box.accepted.connect(self._apply)
        box.rejected.connect(self.reject)
        layout = vbox(name, self._banner, card, self._memory, None, box, parent=self, spacing=GROUP_GAP)
        layout.setContentsMargins(MARGIN, MARGIN, MARGIN, GROUP_GAP)

    # Editing

    def _current_text(self, name: str) -> str:
        value = getattr(self._settings.models.get(self._model_id, ModelSettings()), name)
        return DEFAULT if value is None else to_text(value)

    def _text(self, name: str) -> str:
        return self._texts.get(name, self._current_text(name))

    def _write(self, name: str, text: str) -> None:
        self._texts[name] = text
        self._drop_unchanged()
        self._problems = {}
        for edited, edited_text in self._texts.items():
            try:
                if edited_text != DEFAULT:
                    checked_value(model_setting(self._model_id, edited), edited_text)
            except SettingsError as error:
                self._problems[edited] = sentence_of(error)
        self._refresh()
        self._typing.start()

    def _take_settings(self, settings: Settings) -> None:
        self._settings = settings
        self._drop_unchanged()
        self._refresh()

    def _drop_unchanged(self) -> None:
        self._texts = {name: text for name, text in self._texts.items() if text != self._current_text(name)}

    def _refresh(self) -> None:
        for name, row in self._rows.items():
            row.editor.set_text(self._text(name))
            row.show_remark(self._problems.get(name, ""), wrong=name in self._problems)
        self._ok.setEnabled(not self._problems)
        if not self._texts:
            self._show_memory(0)

    # Memory

    def _ask_memory(self) -> None:
        if not self._problems and self._texts:
            texts = dict(self._texts)
            question = EstimateMemory(self._model_id, self._values())
            self._bridge.ask(question, partial(self._take_estimate, texts), self._take_no_estimate)

    def _take_estimate(self, texts: dict[str, str], estimate: MemoryEstimate) -> None:
        if texts == self._texts:
            self._show_memory(estimate.growth_bytes)

    def _take_no_estimate(self, error: EngineError) -> None:
        self._memory.clear()
        self._show_problem(error)

    def _take_facts(self, facts: ModelFacts) -> None:
        editor = self._rows["context_length"].editor
        if facts.trained_context and isinstance(editor, OwnEditor):
            editor.set_maximum(facts.trained_context)

    def _take_no_facts(self, _error: EngineError) -> None:
        """Keep the usual maximum: the file may have been deleted."""

    def _show_memory(self, growth_bytes: int) -> None:
        model = self._bridge.snapshot.model(self._model_id)
        if model is None:
            self._memory.clear()
            return
        now, limit = model.expected_bytes, self._bridge.snapshot.memory.limit_bytes
        then = max(now + growth_bytes, 0)
        words = self.tr("Needs about {now} of memory.")
        if format_memory(then) != format_memory(now):
            words = self.tr("Will need about {then} of memory instead of {now}.")
        text = words.format(now=format_memory(now), then=format_memory(then))
        if limit and then > limit:
            text += " " + self.tr("That exceeds the memory limit of {}.").format(format_memory(limit))
        self._memory.setText(text)

    # Applying

    def _apply(self) -> None:
        if not self._texts:
            self.accept()
            return
        self._bridge.change_model_settings(self._model_id, self._values(), self._applied, self._failed)

    def _values(self) -> dict[str, str | None]:
        return {name: None if text == DEFAULT else text for name, text in self._texts.items()}

    def _applied(self, _change: SettingsChange) -> None:
        self.accept()

    def _failed(self, error: EngineError) -> None:
        if not self._show_problem(error):
            self._banner.show_problem(sentence_of(error))

    def _show_problem(self, error: EngineError) -> bool:
        """Show an error at its setting; return whether it is about one."""
        name = keys_of(error.param)[-1] if error.param else ""
        if name not in self._texts:
            return False
        self._problems[name] = sentence_of(error)
        self._refresh()
        return True
