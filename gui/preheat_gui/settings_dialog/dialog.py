"""The settings window."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

import psutil
from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QHBoxLayout,
    QListWidget,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from preheat.core.live_settings import PORT_SETTINGS, START_SETTINGS
from preheat.errors import EngineError, SettingsError
from preheat.settings import GROUP_LABELS, Group, Settings
from preheat_gui.platform import LoginItem, login_item
from preheat_gui.settings_dialog.declarations import Declaration, declarations, translated
from preheat_gui.settings_dialog.draft import Draft
from preheat_gui.settings_dialog.editors import Editor, editor_for
from preheat_gui.settings_dialog.limit_curve import LimitCurve
from preheat_gui.settings_dialog.limit_editor import LimitEditor
from preheat_gui.settings_dialog.list_editors import FoldersEditor, KeysEditor, ListEditor
from preheat_gui.settings_dialog.login_row import LoginRow
from preheat_gui.settings_dialog.origins import overridden
from preheat_gui.settings_dialog.page import SettingsPage
from preheat_gui.settings_dialog.sentences import sentence_of
from preheat_gui.widgets import GAP, GROUP_GAP, MARGIN, Banner, set_role

if TYPE_CHECKING:
    from preheat.core.live_settings import SettingsChange
    from preheat_gui.bridge import EngineBridge

_SIZE: Final = QSize(760, 600)
_SMALLEST: Final = QSize(560, 400)
_SIDE_WIDTH: Final = 18 * GAP
_AT_START: Final = frozenset({"language"})
"""What the windows read once, before they are made."""


class SettingsDialog(QDialog):
    """All settings, by page. Nothing is changed before Apply or OK; Cancel forgets what was typed.

    Args:
        login: Instead of this system's entry for starting at login.
        curve: Instead of one that asks another process.
    """

    def __init__(
        self,
        bridge: EngineBridge,
        parent: QWidget | None = None,
        *,
        login: LoginItem | None = None,
        curve: LimitCurve | None = None,
    ) -> None:
        super().__init__(parent)
        self.setObjectName("settings_dialog")
        self.setWindowTitle(self.tr("Settings"))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.resize(_SIZE)
        self.setMinimumSize(_SMALLEST)
        self._bridge = bridge
        self._draft = Draft(bridge.settings, self)
        self._overridden: dict[str, str] = {}
        self._noted: dict[str, str] = {}
        self._closing = False
        self._total_bytes = bridge.snapshot.memory.total_bytes or psutil.virtual_memory().total
        self._curve = curve or LimitCurve(self)
        self._pages = {group: self._page(group) for group in Group}
        self._rows = {row.declaration.name: row for page in self._pages.values() for row in page.rows}
        self._login = LoginRow(login or login_item(), self)
        self._login.edited.connect(self._refresh)
        self._login.set_label_width(self._pages[Group.APPLICATION].label_width)
        self._pages[Group.APPLICATION].insert_row(self._login)
        self._lay_out()
        self._find_overridden()
        self._draft.changed.connect(self._refresh)
        bridge.settings_changed.connect(self._take_settings)
        self._refresh()
        # The file may have been edited since it was read.
        bridge.reload_settings()

    def show_page(self, group: Group | str) -> None:
        """Open a page."""
        self._side.setCurrentRow(list(Group).index(Group(group)))

    def done(self, result: int) -> None:
        """Close; what the curve is computed with ends."""
        self._curve.stop()
        super().done(result)

    # Making it

    def _page(self, group: Group) -> SettingsPage:
        page = SettingsPage(group.value, declarations(group), self._editor, self)
        for row in page.rows:
            row.editor.edited.connect(partial(self._draft.write, row.declaration.name))
        return page

    def _editor(self, declaration: Declaration) -> Editor:
        if declaration.name == "memory_limit":
            return LimitEditor(declaration, self._draft.settings, self._total_bytes, self._curve)
        if declaration.name == "models_dirs":
            return FoldersEditor(declaration)
        if declaration.secret:
            return KeysEditor(declaration)
        if declaration.is_list:
            return ListEditor(declaration)
        return editor_for(declaration, self._total_bytes)

    def _lay_out(self) -> None:
        self._side = QListWidget(self)
        self._side.setObjectName("pages")
        self._side.setAccessibleName(self.tr("Pages"))
        self._side.addItems([translated(GROUP_LABELS[group]) for group in Group])
        self._side.setFixedWidth(_SIDE_WIDTH)
        set_role(self._side, "sidebar")
        self._stack = QStackedWidget(self)
        self._stack.setObjectName("page_stack")
        for page in self._pages.values():
            self._stack.addWidget(page)
        self._side.currentRowChanged.connect(self._stack.setCurrentIndex)
        self._banner = Banner(self)
        self._banner.setObjectName("settings_problem")
        self._notice = Banner(self)
        self._notice.setObjectName("port_notice")
        beside = QVBoxLayout()
        beside.setSpacing(GROUP_GAP)
        for widget in (self._banner, self._stack, self._notice):
            beside.addWidget(widget)
        middle = QHBoxLayout()
        middle.setSpacing(GROUP_GAP)
        middle.addWidget(self._side)
        middle.addLayout(beside, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(GROUP_GAP, MARGIN, GROUP_GAP, GROUP_GAP)
        layout.setSpacing(GROUP_GAP)
        layout.addLayout(middle, 1)
        layout.addWidget(self._button_box())
        self._side.setCurrentRow(0)

    def _button_box(self) -> QDialogButtonBox:
        buttons = QDialogButtonBox.StandardButton
        box = QDialogButtonBox(buttons.Ok | buttons.Cancel | buttons.Apply, self)
        self._ok, self._apply = box.button(buttons.Ok), box.button(buttons.Apply)
        cancel = box.button(buttons.Cancel)
        named = ((self._ok, "ok", self.tr("&OK")), (self._apply, "apply", self.tr("&Apply")))
        for button, name, text in (*named, (cancel, "cancel", self.tr("Cancel"))):
            button.setObjectName(name)
            button.setText(text)
        set_role(self._ok, "main")
        self._ok.clicked.connect(self._apply_and_close)
        self._apply.clicked.connect(self._apply_changes)
        cancel.clicked.connect(self.reject)
        return box

    # What is shown

    def _take_settings(self, settings: Settings) -> None:
        self._draft.take_settings(settings)
        self._find_overridden()
        editor = self._rows["memory_limit"].editor
        assert isinstance(editor, LimitEditor)
        editor.take_settings(settings)
        self._refresh()

    def _find_overridden(self) -> None:
        self._overridden = overridden(self._draft.settings, attached=self._bridge.attached)

    def _refresh(self) -> None:
        problems = self._draft.problems
        for name, row in self._rows.items():
            row.editor.set_text(self._draft.text(name))
            row.editor.set_read_only(name in self._overridden)
            if name in problems:
                row.show_problem(sentence_of(problems[name]))
            else:
                row.show_note(self._note(name))
        self._mark_pages(set(problems))
        changed = bool(self._draft.texts) or self._login.is_edited
        self._apply.setEnabled(changed and not problems)
        self._ok.setEnabled(not problems)
        self._tell_of_port()

    def _note(self, name: str) -> str:
        if name in self._overridden:
            return self._overridden[name]
        if self._draft.changed_elsewhere(name):
            shown = "•••" if self._rows[name].declaration.secret else self._draft.text_in_force(name)
            return self.tr("Changed elsewhere meanwhile, to {}. Your text is kept.").format(shown)
        if name in self._draft.texts and (name in START_SETTINGS or name in _AT_START):
            return self.tr("It holds from the next start of Preheat.")
        return self._noted.get(name, "")

    def _mark_pages(self, wrong: set[str]) -> None:
        for index, (group, page) in enumerate(self._pages.items()):
            label = translated(GROUP_LABELS[group])
            bad = any(row.declaration.name in wrong for row in page.rows)
            self._side.item(index).setText(f"{label}  ⚠" if bad else label)

    def _tell_of_port(self) -> None:
        if not set(PORT_SETTINGS).isdisjoint(self._draft.texts):
            words = (
                self.tr("These hold when the Preheat that runs is started again.")
                if self._bridge.attached
                else self.tr("The port closes and opens again when you apply this.")
            )
            self._notice.show_note(words)
        else:
            self._notice.hide()

    # Applying it

    def _apply_and_close(self) -> None:
        self._closing = True
        self._apply_changes()

    def _apply_changes(self) -> None:
        self._banner.hide()
        if not self._login.apply():
            self._closing = False
            self.show_page(Group.APPLICATION)
            return
        texts = dict(self._draft.texts)
        if texts:
            self._bridge.change_settings(texts, partial(self._done, tuple(texts)), self._failed)
        else:
            self._end()

    def _done(self, names: tuple[str, ...], change: SettingsChange) -> None:
        later = self.tr("It holds from the next start of Preheat.")
        self._noted = dict.fromkeys({*change.restart_needed, *_AT_START.intersection(names)}, later)
        self._draft.applied(names)
        self._end()

    def _end(self) -> None:
        self._refresh()
        if self._closing:
            self.accept()

    def _failed(self, error: EngineError) -> None:
        self._closing = False
        if isinstance(error, SettingsError) and self._draft.refuse(error):
            self._reveal(str(error.param))
        else:
            self._banner.show_problem(sentence_of(error))

    def _reveal(self, name: str) -> None:
        for group, page in self._pages.items():
            if any(row.declaration.name == name for row in page.rows):
                self.show_page(group)
                page.reveal(name)
