"""The settings dialog."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Final

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QListWidget, QStackedWidget, QWidget

from preheat.control import SettingsChange, total_memory
from preheat.errors import EngineError, SettingsError
from preheat.login_item import LoginItem, login_item
from preheat.settings import GROUP_LABELS, PORT_SETTINGS, RESTART_SETTINGS, Group, Settings
from preheat_gui.bridge import EngineBridge, LimitCurve
from preheat_gui.settings_dialog.declarations import Declaration, choice_words, declarations, translated
from preheat_gui.settings_dialog.devices import DevicesRow
from preheat_gui.settings_dialog.draft import Draft, sentence_of
from preheat_gui.settings_dialog.editors import Editor, editor_for
from preheat_gui.settings_dialog.hub_account import HubAccountRow
from preheat_gui.settings_dialog.kept_prompts import KeptPromptsRow
from preheat_gui.settings_dialog.limit_editor import LimitEditor
from preheat_gui.settings_dialog.list_editors import ChoicesEditor, DevicesEditor, FoldersEditor, KeysEditor, ListEditor
from preheat_gui.settings_dialog.moving import FolderChange
from preheat_gui.settings_dialog.page import FieldRow, LoginRow, SettingsPage
from preheat_gui.widgets import (
    GAP,
    GROUP_GAP,
    MARGIN,
    Banner,
    EmptyState,
    KeepsFocus,
    SearchBox,
    hbox,
    named,
    set_role,
    vbox,
)
from preheat_gui.words import device_choices

_SIZE: Final = QSize(760, 600)
_MIN_SIZE: Final = QSize(720, 400)  # Wide enough for each page
_SIDE_WIDTH: Final = 18 * GAP
_AT_START: Final = frozenset({"language"})  # Settings that the windows read only at the start


class SettingsDialog(KeepsFocus, QDialog):
    """All settings, by page. Changes take effect with Apply or OK."""

    def __init__(
        self,
        bridge: EngineBridge,
        parent: QWidget | None = None,
        *,
        login: LoginItem | None = None,  # The entry for starting at login; by default this system's
        curve: LimitCurve | None = None,  # The curve of memory limits, for tests
    ) -> None:
        super().__init__(parent)
        self.setObjectName("settings_dialog")
        self.setWindowTitle(self.tr("Settings"))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.resize(_SIZE)
        self.setMinimumSize(_MIN_SIZE)
        self._bridge = bridge
        self._draft = Draft(bridge.settings, self)
        self._notes: dict[str, str] = {}
        self._folder_change = FolderChange(bridge, self, self._write, self._failed, self._keep_open)
        self._closing = False
        self._total_bytes = bridge.snapshot.memory.total_bytes or total_memory()
        self._curve = curve or LimitCurve(bridge, self)
        # Tab goes through them in the order in which they are made.
        self._search = SearchBox(self, "settings_search", self.tr("Search"), self.tr("Search the settings (Ctrl+F)"))
        self._search.setParent(self)
        self._search.textChanged.connect(self._show_found)
        self._side = named(QListWidget(self), "pages", self.tr("Pages"))
        self._login = LoginRow(login or login_item(), self)
        self._pages = {group: self._page(group) for group in Group}
        self._rows = {row.declaration.name: row for page in self._pages.values() for row in page.rows}
        self._login.edited.connect(self._refresh)
        self._login.set_label_width(self._pages[Group.APPLICATION].label_width)
        self._pages[Group.APPLICATION].insert_row(self._login)
        kept = KeptPromptsRow(bridge, self)
        kept.set_label_width(self._pages[Group.PROMPTS].label_width)
        self._pages[Group.PROMPTS].append_row(kept)
        devices = DevicesRow(bridge, self)
        devices.set_label_width(self._pages[Group.DEVICES].label_width)
        self._pages[Group.DEVICES].insert_row(devices)
        account = HubAccountRow(bridge, self)
        account.set_label_width(self._pages[Group.MODELS].label_width)
        self._pages[Group.MODELS].append_row(account)
        self._lay_out()
        self._draft.changed.connect(self._refresh)
        bridge.settings_changed.connect(self._take_settings)
        bridge.opened.connect(self._refresh)
        self._refresh()
        bridge.reload_settings()  # the file may have changed since it was read

    def show_page(self, group: Group | str) -> None:
        self._side.setCurrentRow(list(Group).index(Group(group)))

    def propose(self, name: str, text: str) -> None:
        """Show a setting with another value, which the user may apply."""
        editor = self._rows[name].editor
        editor.set_text(text)
        self._draft.write(name, text)
        self._reveal(name)
        editor.setFocus(Qt.FocusReason.OtherFocusReason)

    # Building

    def _page(self, group: Group) -> SettingsPage:
        page = SettingsPage(group.value, declarations(group), self._editor, self)
        for row in page.rows:
            row.editor.edited.connect(partial(self._draft.write, row.declaration.name))
            if not row.declaration.secret:  # a reset must not delete keys
                row.add_reset(self._shown_default(row.declaration))
                row.reset_requested.connect(partial(self._reset, (row,)))
        return page

    def _editor(self, declaration: Declaration) -> Editor:
        if declaration.name == "memory_limit":
            return LimitEditor(declaration, self._draft.settings, self._total_bytes, self._curve, self._bridge)
        if declaration.name == "models_dirs":
            return FoldersEditor(declaration)
        if declaration.name == "devices":
            return DevicesEditor(declaration, lambda: device_choices(self._bridge.snapshot.devices))
        if declaration.secret:
            return KeysEditor(declaration)
        if declaration.is_list:
            return ChoicesEditor(declaration) if declaration.choices else ListEditor(declaration)
        # Shares of something else than the memory are not shown in bytes.
        other = declaration.name in ("prefix_cache_disk", "device_memory_limit")
        return editor_for(declaration, 0 if other else self._total_bytes)

    def _lay_out(self) -> None:
        self._side.addItems([translated(GROUP_LABELS[group]) for group in Group])
        self._side.setFixedWidth(_SIDE_WIDTH)
        self._search.setFixedWidth(_SIDE_WIDTH)
        set_role(self._side, "sidebar")
        self._stack = stack = named(QStackedWidget(self), "page_stack")
        for page in self._pages.values():
            stack.addWidget(page)
        texts = (self.tr("Nothing matches"), self.tr("No setting has these words."), self.tr("&Show all settings"))
        self._nothing = named(EmptyState(*texts, self), "settings_nothing")
        self._nothing.clicked.connect(self._search.clear)
        stack.addWidget(self._nothing)
        self._side.currentRowChanged.connect(self._show_current)
        self._banner = named(Banner(self), "settings_problem")
        self._notice = named(Banner(self), "port_notice")
        content = vbox(self._banner, stack, self._notice, spacing=GROUP_GAP)
        side = vbox(self._search, self._side)
        middle = hbox(side, content, spacing=GROUP_GAP)
        layout = vbox(middle, self._button_box(), parent=self, spacing=GROUP_GAP)
        layout.setContentsMargins(GROUP_GAP, MARGIN, GROUP_GAP, GROUP_GAP)
        self._side.setCurrentRow(0)
        self._side.setFocus()

    def _button_box(self) -> QDialogButtonBox:
        buttons = QDialogButtonBox.StandardButton
        box = QDialogButtonBox(buttons.Ok | buttons.Cancel | buttons.Apply, self)
        self._ok, self._apply, cancel = box.button(buttons.Ok), box.button(buttons.Apply), box.button(buttons.Cancel)
        texts = (
            (self._ok, "ok", self.tr("&OK")),
            (self._apply, "apply", self.tr("&Apply")),
            (cancel, "cancel", self.tr("Cancel")),
        )
        self._reset_page = box.addButton(self.tr("&Reset page"), QDialogButtonBox.ButtonRole.ResetRole)
        named(self._reset_page, "reset_page", "", self.tr("Show this page's defaults. They apply with OK or Apply."))
        self._reset_page.clicked.connect(self._reset_shown_page)
        for button, name, text in texts:
            named(button, name).setText(text)
        set_role(self._ok, "main")
        self._ok.clicked.connect(self._apply_and_close)
        self._apply.clicked.connect(self._apply_changes)
        cancel.clicked.connect(self.reject)
        return box

    # Showing

    def _take_settings(self, settings: Settings) -> None:
        self._draft.take_settings(settings)
        editor = self._rows["memory_limit"].editor
        assert isinstance(editor, LimitEditor)
        editor.take_settings(settings)
        self._refresh()

    def _refresh(self) -> None:
        problems = self._draft.problems
        for name, row in self._rows.items():
            row.editor.set_text(self._draft.text(name))
            row.editor.setEnabled(name not in self._bridge.overridden)
            row.show_reset(self._is_resettable(row))
            wrong = name in problems
            row.show_remark(sentence_of(problems[name]) if wrong else self._note(name), wrong=wrong)
        for index, (group, page) in enumerate(self._pages.items()):
            wrong = any(row.declaration.name in problems for row in page.rows)
            label = translated(GROUP_LABELS[group])
            self._side.item(index).setText(f"{label}  ⚠" if wrong else label)
        self._apply.setEnabled((bool(self._draft.texts) or self._login.is_edited) and not problems)
        self._ok.setEnabled(not problems)
        self._reset_page.setEnabled(any(map(self._is_resettable, self._shown_rows())))
        self._show_port_notice()

    def _show_current(self, index: int) -> None:
        self._stack.setCurrentIndex(index)
        self._reset_page.setEnabled(any(map(self._is_resettable, self._shown_rows())))

    def _show_found(self, text: str) -> None:
        """Show the settings with these words; without words, all of them."""
        words = text.casefold().split()
        found = [page.search(words, translated(GROUP_LABELS[group]).casefold()) for group, page in self._pages.items()]
        for index, any_found in enumerate(found):
            self._side.item(index).setHidden(not any_found)
        if not any(found):
            self._stack.setCurrentWidget(self._nothing)
            self._reset_page.setEnabled(False)
            return
        if not found[self._side.currentRow()]:
            self._side.setCurrentRow(found.index(True))
        self._show_current(self._side.currentRow())

    # Resetting

    def _shown_rows(self) -> list[FieldRow]:
        rows = self._pages[list(Group)[self._side.currentRow()]].rows
        return [row for row in rows if not row.isHidden()]  # a search hides the others

    def _is_resettable(self, row: FieldRow) -> bool:
        name, default = row.declaration.name, row.declaration.default
        return not row.declaration.secret and name not in self._bridge.overridden and self._draft.text(name) != default

    def _shown_default(self, declaration: Declaration) -> str:
        """Return the default as the field shows it; empty if that is more than a word."""
        if declaration.kind is bool:
            return choice_words("on" if declaration.default == "true" else "off")
        return "" if declaration.is_list else choice_words(declaration.default)

    def _reset(self, rows: Sequence[FieldRow]) -> None:
        """Write the defaults as the user's texts."""
        for row in filter(self._is_resettable, rows):
            self._draft.write(row.declaration.name, row.declaration.default)

    def _reset_shown_page(self) -> None:
        self._reset(self._shown_rows())

    def _note(self, name: str) -> str:
        if fixed := self._bridge.why_fixed(name):
            return fixed
        if self._draft.changed_elsewhere(name):
            shown = "•••" if self._rows[name].declaration.secret else self._draft.current_text(name)
            return self.tr("Changed elsewhere to {}. Your text is kept.").format(shown)
        if name in self._draft.texts and (name in RESTART_SETTINGS or name in _AT_START):
            return self._restart_note()
        return self._notes.get(name, "")

    def _restart_note(self) -> str:
        return self.tr("Applies after restart.")

    def _show_port_notice(self) -> None:
        if set(PORT_SETTINGS).isdisjoint(self._draft.texts):
            self._notice.hide()
        elif self._bridge.attached:
            self._notice.show_note(self.tr("Applies when the running Preheat is restarted."))
        else:
            self._notice.show_note(self.tr("Applying this closes and reopens the port."))

    # Applying

    def _apply_and_close(self) -> None:
        self._closing = True
        self._apply_changes()

    def _apply_changes(self) -> None:
        self._banner.hide()
        if not self._login.apply():
            self._closing = False
            self.show_page(Group.APPLICATION)
        elif "models_dir" in self._draft.texts:
            self._apply.setEnabled(False)  # until the user has answered
            self._ok.setEnabled(False)
            self._folder_change.begin(self._draft.texts["models_dir"])
        else:
            self._write()

    def _write(self) -> None:
        if texts := dict(self._draft.texts):
            self._bridge.change_settings(texts, partial(self._applied, tuple(texts)), self._failed)
        else:
            self._finish()

    def _applied(self, names: tuple[str, ...], change: SettingsChange) -> None:
        later = {*change.restart_needed, *_AT_START.intersection(names)}
        self._notes = dict.fromkeys(later, self._restart_note())
        self._draft.applied(names)
        self._finish()

    def _finish(self) -> None:
        self._refresh()
        if self._closing:
            self.accept()

    def _keep_open(self) -> None:
        self._closing = False
        self._refresh()

    def _failed(self, error: EngineError) -> None:
        self._keep_open()
        if isinstance(error, SettingsError) and self._draft.refuse(error):
            self._reveal(str(error.param))
        else:
            self._banner.show_problem(sentence_of(error))

    def _reveal(self, name: str) -> None:
        for group, page in self._pages.items():
            if any(row.declaration.name == name for row in page.rows):
                self.show_page(group)
                page.reveal(name)
