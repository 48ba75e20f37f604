"""About Preheat: version, origin, and the licences of everything in it."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QFontDatabase, QGuiApplication
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QLabel, QPlainTextEdit, QTreeWidget, QTreeWidgetItem, QWidget

from preheat._version import __version__
from preheat.installation import build_info, licence_text, parts_of, section_of
from preheat_gui.dashboard import DiagnosticsButton
from preheat_gui.widgets import (
    GROUP_GAP,
    MARGIN,
    button,
    caption,
    hbox,
    heading,
    mark_icon,
    named,
    text_label,
    vbox,
)

_MARK: Final = 48
_SIZE: Final = (680, 600)
_NAME_WIDTH: Final = 280


class AboutDialog(QDialog):
    """Shows what this copy of Preheat is; not modal."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("about_dialog")
        self.setWindowTitle(self.tr("About Preheat"))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        mark = QLabel(self)
        mark.setPixmap(mark_icon().pixmap(QSize(_MARK, _MARK), self.devicePixelRatioF()))
        self._facts = facts = text_label(self._describe(), "about_facts", self)
        facts.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        slogan = text_label(self.tr("Your models, ready before you ask."), "about_slogan", self)
        words = vbox(heading("Preheat", self), slogan, facts, spacing=2)
        self._text = licence_text()
        self._licences = named(QPlainTextEdit(self._text, self), "about_licences", self.tr("Licences"))
        self._licences.setReadOnly(True)
        self._licences.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
        parts = self._make_parts()
        self._copy = button(self.tr("&Copy version"), "copy_version", self._copy_version, self)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close, self)
        buttons.addButton(self._copy, QDialogButtonBox.ButtonRole.ActionRole)
        buttons.addButton(DiagnosticsButton(), QDialogButtonBox.ButtonRole.ActionRole)
        buttons.rejected.connect(self.reject)
        header = hbox(mark, (words, 1), spacing=GROUP_GAP)
        contains = vbox(caption(self.tr("Contains"), self), (parts, 2))
        licences = vbox(caption(self.tr("Licences"), self), (self._licences, 3))
        vbox(header, (contains, 2), (licences, 3), buttons, parent=self, spacing=GROUP_GAP, margin=MARGIN)
        self.resize(*_SIZE)
        self.setTabOrder(parts, self._licences)
        self._copy.setFocus()

    def _make_parts(self) -> QTreeWidget:
        """Return the table of parts; choosing one shows its licence."""
        tree = named(QTreeWidget(self), "about_parts", self.tr("Contains"))
        tree.setRootIsDecorated(False)
        tree.setUniformRowHeights(True)
        tree.setHeaderLabels([self.tr("Part"), self.tr("Version"), self.tr("Licence")])
        for part in parts_of(self._text):
            item = QTreeWidgetItem(tree, list(part))
            item.setData(0, Qt.ItemDataRole.UserRole, section_of(self._text, part))
        tree.setColumnWidth(0, _NAME_WIDTH)
        tree.currentItemChanged.connect(self._show_licence)
        return tree

    def _show_licence(self, item: QTreeWidgetItem | None) -> None:
        if item is None:
            return
        cursor = self._licences.textCursor()
        cursor.setPosition(self._licences.document().characterCount() - 1)
        self._licences.setTextCursor(cursor)  # scrolled back from the end, the section comes to the top
        cursor.setPosition(int(item.data(0, Qt.ItemDataRole.UserRole)))
        self._licences.setTextCursor(cursor)

    def _describe(self) -> str:
        """Return the version, the form of the installation and the commit."""
        build = build_info()
        forms = {
            "deb": self.tr("Debian package"),
            "tar": self.tr("archive for Linux"),
            "nsis": self.tr("installer for Windows"),
            "dmg": self.tr("application for macOS"),
            "wheel": self.tr("Python package"),
            "source": self.tr("source folder"),
        }
        version = self.tr("Version {version}").format(version=__version__)
        parts = [version, forms.get(build.package, build.package), build.commit[:12]]
        return " · ".join(part for part in parts if part)

    def _copy_version(self) -> None:
        QGuiApplication.clipboard().setText(f"Preheat: {self._facts.text()}")
        self._copy.setText(self.tr("Copied"))
