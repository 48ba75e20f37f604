"""Labels, fonts, and the copy button, search field and choice of models of several pages."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import starmap
from typing import Final

from PySide6.QtCore import QCoreApplication, QEvent, QSize, Qt, Signal
from PySide6.QtGui import QFont, QFontDatabase, QGuiApplication, QIcon, QPaintEvent
from PySide6.QtWidgets import (
    QComboBox,
    QLabel,
    QPushButton,
    QSizePolicy,
    QStyle,
    QStyleOptionButton,
    QStyleOptionComboBox,
    QStylePainter,
)

from preheat.control import EngineSnapshot, ModelSnapshot, State
from preheat.units import natural_key
from preheat_gui.widgets import (
    CAPTION_SCALE,
    GAP,
    ElidedLabel,
    SignBook,
    Token,
    body_font,
    model_sign_icon,
    plain,
    scaled_font,
    symbol,
    timer,
)
from preheat_gui.words import joined, state_name


def title_label() -> ElidedLabel:
    """Return a label for the name of a model or download."""
    label = ElidedLabel()
    label.setFont(scaled_font(1.0, QFont.Weight.DemiBold))
    return label


def detail_label() -> ElidedLabel:
    """Return a small muted label, elided at its end."""
    label = ElidedLabel(mode=Qt.TextElideMode.ElideRight)
    label.setFont(scaled_font(CAPTION_SCALE))
    label.set_token(Token.MUTED)
    return label


def align_to_start(label: QLabel) -> None:
    """Align text to the side where lines start in this layout, not in the text's own language."""
    side = QStyle.visualAlignment(label.layoutDirection(), Qt.AlignmentFlag.AlignLeft)
    label.setAlignment(side | Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignAbsolute)


def code_font() -> QFont:
    """Return the system's fixed-width font in the body size."""
    font = QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont)
    if (size := body_font().pointSizeF()) > 0:
        font.setPointSizeF(size)
    return font


_CONFIRM_MS: Final = 1500


class CopyButton(QPushButton):
    """As wide as the wider of its two labels, so that nothing moves. Empty text is not copied."""

    def __init__(self, label: str, text: Callable[[], str]) -> None:
        super().__init__()
        self._label = label
        self._text = text
        self._copy_icon, self._done_icon = symbol("copy"), symbol("check", Token.GOOD)
        self._timer = timer(self, _CONFIRM_MS, self._reset)
        self.clicked.connect(self._copy)
        self._reset()

    def sizeHint(self) -> QSize:  # noqa: N802
        option = QStyleOptionButton()
        self.initStyleOption(option)
        widest = QSize()
        for label in (self._label, self.tr("Copied")):
            option.text = label
            size = self.fontMetrics().size(Qt.TextFlag.TextShowMnemonic, label)
            size += QSize(self.iconSize().width() + 4, 0)
            size.setHeight(max(size.height(), self.iconSize().height()))
            contents = QStyle.ContentsType.CT_PushButton
            widest = widest.expandedTo(self.style().sizeFromContents(contents, option, size, self))
        return widest

    def minimumSizeHint(self) -> QSize:  # noqa: N802
        return self.sizeHint()

    def event(self, event: QEvent) -> bool:
        """Follow the system's font."""
        if event.type() == QEvent.Type.ApplicationFontChange:
            self.updateGeometry()
        return super().event(event)

    def _copy(self) -> None:
        if text := self._text():
            QGuiApplication.clipboard().setText(text)
            self._show(self.tr("Copied"), self._done_icon)
            self._timer.start()

    def _reset(self) -> None:
        self._show(self._label, self._copy_icon)

    def _show(self, label: str, icon: QIcon) -> None:
        self.setText(label)
        self.setIcon(icon)
        self.setAccessibleName(label.replace("&", ""))


_MIN_CHARS: Final = 16


@dataclass(frozen=True, slots=True)
class Choice:
    """A model in the list."""

    model_id: str
    embeddings: bool
    ready: bool
    favourite: bool = False
    vision: bool = False

    @property
    def words(self) -> str:
        embeddings = QCoreApplication.translate("ModelChoice", "embeddings") if self.embeddings else ""
        return joined(self.model_id, embeddings, state_name(State.HOT) if self.ready else "")


def make_choices(models: Sequence[ModelSnapshot]) -> list[Choice]:
    """Return the entries: ready models and favourites first, models for embeddings last."""
    return sorted(
        starmap(Choice, map(_facts, models)),
        key=lambda choice: (choice.embeddings, not (choice.ready or choice.favourite), natural_key(choice.model_id)),
    )


def _facts(model: ModelSnapshot) -> tuple[str, bool, bool, bool, bool]:
    return model.model_id, model.embeddings, model.state is State.HOT, model.favourite, model.vision


def default_choice(models: Sequence[ModelSnapshot]) -> str:
    """Return the model to start with: a text model, ready, and a favourite if possible; empty without models."""

    def rank(model: ModelSnapshot) -> tuple[object, ...]:
        return model.embeddings, model.state is not State.HOT, not model.favourite, natural_key(model.model_id)

    return min(models, key=rank).model_id if models else ""


class ModelChoice(QComboBox):
    """Keeps the chosen model while it exists."""

    model_chosen = Signal(str)  # The user chose another model (its id)
    choice_changed = Signal()  # The choice changed for any reason

    def __init__(self, signs: SignBook) -> None:
        super().__init__()
        self._signs = signs
        self.setAccessibleName(self.tr("Model"))
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.setMinimumContentsLength(_MIN_CHARS)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self._choices: list[Choice] = []
        self._known: list[tuple[str, bool, bool, bool, bool]] = []  # What the entries were made of; empty if outdated
        self._wanted = ""
        self.activated.connect(self._on_activated)

    @property
    def choice(self) -> Choice | None:
        """The chosen model; None without models."""
        row = self.currentIndex()
        return self._choices[row] if 0 <= row < len(self._choices) else None

    def want(self, model_id: str) -> None:
        """Choose this model as soon as it is known."""
        self._wanted = model_id
        self._choose(model_id)

    def update_models(self, snapshot: EngineSnapshot) -> None:
        facts, is_open = list(map(_facts, snapshot.models)), self.view().isVisible()
        if facts == self._known:
            return
        self._known = [] if is_open else facts
        choices = make_choices(snapshot.models)
        before = self.choice.model_id if self.choice is not None else ""
        if is_open:  # what the user points at stays in place
            places = {choice.model_id: place for place, choice in enumerate(self._choices)}
            choices.sort(key=lambda choice: places.get(choice.model_id, len(places)))
        names = [choice.model_id for choice in choices]
        same = names == [choice.model_id for choice in self._choices]
        self._choices = choices
        if same:
            for row, choice in enumerate(choices):
                self.setItemText(row, choice.words)
        else:
            self.clear()
            for choice in choices:
                self.addItem(model_sign_icon(self._signs.sign(choice.model_id)), choice.words)
            kept = next((name for name in (self._wanted, before) if name in names), "")
            self._choose(kept or default_choice(snapshot.models))
        self._report()

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        """Elide a long name in its middle: its end names the quantization."""
        painter, option = QStylePainter(self), QStyleOptionComboBox()
        self.initStyleOption(option)
        field = QStyle.SubControl.SC_ComboBoxEditField
        width = self.style().subControlRect(QStyle.ComplexControl.CC_ComboBox, option, field, self).width()
        width -= GAP + (0 if option.currentIcon.isNull() else option.iconSize.width() + GAP // 2)
        option.currentText = self.fontMetrics().elidedText(self.currentText(), Qt.TextElideMode.ElideMiddle, width)
        painter.drawComplexControl(QStyle.ComplexControl.CC_ComboBox, option)
        painter.drawControl(QStyle.ControlElement.CE_ComboBoxLabel, option)

    @property
    def wanted(self) -> str:
        """The model that the user chose last; empty before that."""
        return self._wanted

    def _choose(self, model_id: str) -> None:
        row = next((row for row, choice in enumerate(self._choices) if choice.model_id == model_id), -1)
        if row >= 0 and row != self.currentIndex():
            self.setCurrentIndex(row)
            self._report()

    def _on_activated(self, row: int) -> None:
        self._wanted = self._choices[row].model_id
        self._report()
        self.model_chosen.emit(self._wanted)

    def _report(self) -> None:
        self.setToolTip(plain(self.currentText()))
        self.choice_changed.emit()
