"""Lists of models or sizes to choose from: rows, words, and a card for the selected one."""

from __future__ import annotations

from collections.abc import Collection, Hashable, Sequence
from dataclasses import dataclass
from typing import Final

from PySide6.QtCore import QCoreApplication, QItemSelection, QModelIndex, QRect, QRectF, Qt, Signal
from PySide6.QtGui import QFontMetrics, QPainter
from PySide6.QtWidgets import QPushButton, QStyle, QStyleOptionViewItem, QWidget

from preheat.control import Fit, FitAnswer, FoundModel, OfferedVariant, RepoOffer, SuggestedModel
from preheat.errors import EngineError
from preheat_gui.bridge import EngineBridge
from preheat_gui.dashboard.painting import Looks, bold, draw_text, wrapped
from preheat_gui.dashboard.parts import detail_label, title_label
from preheat_gui.dashboard.tables import LEADING, TRAILING, GroupRow, Row, RowDelegate, RowList, RowView
from preheat_gui.widgets import (
    GAP,
    GROUP_GAP,
    Card,
    EmptyState,
    Item,
    Token,
    hbox,
    named,
    set_role,
    stacked,
    symbol,
    vbox,
)
from preheat_gui.words import (
    TASKS,
    ability_words,
    catalogue_sentence,
    format_bytes,
    format_memory,
    format_number,
    format_tenths,
    joined,
    message_text,
    parameter_words,
    quantization_quality,
    quantization_words,
    task_title,
    updated_words,
)

_SIGN: Final = 12
_PADDING: Final = GAP + 1  # Above and below a row's text
_MAX_LINES: Final = 2
_END_SHARE: Final = 0.4  # Maximum share of the width for figure and badge


@dataclass(frozen=True, slots=True)
class Badge:
    """The most important fact about a choice."""

    text: str
    sign: str  # A symbol's name
    token: Token


@dataclass(frozen=True, slots=True)
class ChoiceRow(Row):
    """A model or size to choose."""

    key: str  # Unique in the list
    title: str
    sentence: str = ""  # Smaller, under the title; up to two lines
    figure: str = ""  # At the end of the first line, such as a size
    badge: Badge | None = None  # Under the figure
    mark: str = ""  # A recommendation next to the title; may be empty
    details: str = ""  # Only for the tooltip and screen readers

    @property
    def identity(self) -> Hashable:
        return ChoiceRow, self.key

    @property
    def text(self) -> str:
        return self.title

    @property
    def whole(self) -> str:
        badge = self.badge.text if self.badge else ""
        parts = (self.title, self.mark, self.figure, badge, self.sentence, self.details)
        return ", ".join(part.rstrip(".") for part in parts if part)


class ChoiceDelegate(RowDelegate):
    """Paints a ``ChoiceRow``."""

    radius = 6.0

    def row_height(self, row: ChoiceRow, width: int, looks: Looks) -> int:
        lines = _lines(row, looks, _places(row, looks, QRect(0, 0, width, 0))[1].width())
        # The badge needs a second line even without a sentence.
        second = max(len(lines), 1) * looks.caption_metrics.height()
        return looks.body_metrics.height() + second + 2 * _PADDING + 1

    def paint_row(self, painter: QPainter, option: QStyleOptionViewItem, row: ChoiceRow, looks: Looks) -> None:
        direction, rect = option.direction, option.rect
        title, line, figure, badge = (QStyle.visualRect(direction, rect, place) for place in _places(row, looks, rect))
        self._paint_title(painter, option, row, title)
        painter.setFont(looks.caption)
        painter.setPen(looks.colours[Token.MUTED])
        for text in _lines(row, looks, line.width()):
            draw_text(painter, direction, line, LEADING, text)
            line.translate(0, looks.caption_metrics.height())
        painter.setFont(looks.body)
        painter.setPen(looks.colours[Token.TEXT])
        draw_text(painter, direction, figure, TRAILING, row.figure)
        if row.badge is not None:
            self._paint_badge(painter, option, row.badge, badge)

    def _paint_title(self, painter: QPainter, option: QStyleOptionViewItem, row: ChoiceRow, place: QRect) -> None:
        looks, direction, font = self._looks(), option.direction, bold(self._looks().body)
        mark_width = looks.caption_metrics.horizontalAdvance(row.mark) + 2 * GAP if row.mark else 0
        metrics = QFontMetrics(font)
        width = place.width() - (mark_width + GAP if row.mark else 0)
        title = metrics.elidedText(row.title, Qt.TextElideMode.ElideMiddle, width)
        painter.setFont(font)
        painter.setPen(looks.colours[Token.TEXT])
        draw_text(painter, direction, place, LEADING, title)
        if not row.mark:
            return
        left = place.left() + metrics.horizontalAdvance(title) + GAP
        pill = QStyle.visualRect(direction, place, QRect(left, place.top(), mark_width, place.height()))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(looks.colours[Token.ACCENT])
        painter.setBrush(Qt.BrushStyle.NoBrush)
        shape = QRectF(pill).adjusted(0.5, -0.5, -0.5, 0.5)
        painter.drawRoundedRect(shape, shape.height() / 2, shape.height() / 2)
        painter.setFont(looks.caption)
        painter.drawText(pill, Qt.AlignmentFlag.AlignCenter, row.mark)

    def _paint_badge(self, painter: QPainter, option: QStyleOptionViewItem, badge: Badge, place: QRect) -> None:
        looks, direction, sign_width = self._looks(), option.direction, _SIGN + GAP // 2
        metrics = looks.caption_metrics
        text = metrics.elidedText(badge.text, Qt.TextElideMode.ElideRight, place.width() - sign_width)
        left = place.right() + 1 - metrics.horizontalAdvance(text) - sign_width
        sign = QRect(left, place.top() + (place.height() - _SIGN) // 2, _SIGN, _SIGN)
        symbol(badge.sign, badge.token).paint(painter, QStyle.visualRect(direction, place, sign))
        painter.setFont(looks.caption)
        painter.setPen(looks.colours[badge.token])
        draw_text(painter, direction, place, TRAILING, text)


def _lines(row: ChoiceRow, looks: Looks, width: int) -> tuple[str, ...]:
    return wrapped(row.sentence, looks.caption, width, _MAX_LINES) if row.sentence else ()


def _places(row: ChoiceRow, looks: Looks, rect: QRect) -> tuple[QRect, QRect, QRect, QRect]:
    """Return the places of title, sentence, figure and badge in a left-to-right layout."""
    upper, lower = looks.body_metrics.height(), looks.caption_metrics.height()
    whole = rect.adjusted(GROUP_GAP, _PADDING, -GROUP_GAP, 0)
    # One pixel more than the text's own width, which is not always enough.
    badge = _SIGN + GAP // 2 + looks.caption_metrics.horizontalAdvance(row.badge.text) + 1 if row.badge else 0
    end = min(max(looks.body_metrics.horizontalAdvance(row.figure), badge), round(whole.width() * _END_SHARE))
    width = whole.width() - end - (GROUP_GAP if end else 0)
    left, right, top = whole.left(), whole.right() + 1 - end, whole.top()
    return (
        QRect(left, top, width, upper),
        QRect(left, top + upper, width, lower),
        QRect(right, top, end, upper),
        QRect(right, top + upper, end, lower),
    )


class ChoiceView(RowView):
    """Shows choices; one is selected, and opened by Enter or a double click."""

    opened = Signal(str)  # The user opened a choice (its key)
    selected = Signal(str)  # Another choice is selected (its key, or "")

    def __init__(self, name: str, accessible_name: str) -> None:
        self._choices = RowList()
        super().__init__(name, accessible_name, self._choices)
        self._choices.setParent(self)
        self.setItemDelegate(ChoiceDelegate(self))
        self.setSelectionMode(self.SelectionMode.SingleSelection)
        self.activated.connect(self._on_activated)

    def show_rows(self, rows: Sequence[Row]) -> None:
        """Show these rows; the selected choice stays selected if it is still there."""
        before = self.selected_key
        self._choices.show(rows)
        if not before or self.selected_key != before:
            self.select(before)

    def select(self, key: str) -> None:
        """Select a choice; if there is no such, the first one without a problem, or else the first one."""
        rows = [(number, row) for number, row in enumerate(self._choices.rows) if isinstance(row, ChoiceRow)]
        choices = {row.key: number for number, row in rows}
        first = next(iter(choices.values()), -1)
        best = next((number for number, row in rows if row.badge is None or row.badge.token is not Token.BAD), first)
        number = choices.get(key, best)
        if number >= 0:
            self.setCurrentIndex(self._choices.index(number))
            if number == first:
                self.scrollToTop()  # shows the group's title too

    @property
    def selected_key(self) -> str:
        """The key of the selected choice; empty if there is none."""
        indexes = self.selectedIndexes()
        return self._key_at(indexes[0].row()) if indexes else ""

    def selectionChanged(self, selected: QItemSelection, deselected: QItemSelection) -> None:  # noqa: N802
        super().selectionChanged(selected, deselected)
        self.selected.emit(self.selected_key)

    def _on_activated(self, index: QModelIndex) -> None:
        if key := self._key_at(index.row()):
            self.opened.emit(key)

    def _key_at(self, number: int) -> str:
        rows = self._choices.rows
        row = rows[number] if 0 <= number < len(rows) else None
        return row.key if isinstance(row, ChoiceRow) else ""


class ChoiceStrip(Card):
    """Shows the selected choice, with a main button and an optional second one."""

    def __init__(self, name: str, main_text: str, more_text: str) -> None:
        super().__init__()
        self.setObjectName(f"{name}_strip")
        self._name = title_label()
        self._words = named(detail_label(), f"{name}_words")
        self.more = named(QPushButton(more_text), f"{name}_more")
        self.main = named(QPushButton(main_text), f"{name}_get")
        set_role(self.main, "main")
        texts = vbox(self._name, self._words, spacing=GAP // 2)
        self.body.setContentsMargins(GROUP_GAP, GAP + GAP // 2, GROUP_GAP, GAP + GAP // 2)
        self.body.addLayout(hbox((texts, 1), self.more, self.main))
        self.more.setVisible(bool(more_text))

    def set_buttons(self, main_text: str, *, more: bool) -> None:
        """Change the main button's text, and show or hide the second one."""
        self.main.setText(main_text)
        self.more.setVisible(more)

    def show_choice(self, name: str, words: str = "", *, main: bool = False, more: bool = False) -> None:
        """Show a choice; ``main`` and ``more`` enable the buttons."""
        self._name.setText(name)
        self._words.setText(words)
        self._words.set_token(Token.MUTED)
        self.main.setEnabled(main)
        self.more.setEnabled(more)
        self.setAccessibleName(name)
        self.setAccessibleDescription(words)

    def show_trouble(self, words: str) -> None:
        """Show why nothing came of the choice, until there is another one."""
        self._words.setText(words)
        self._words.set_token(Token.BAD)
        self.setAccessibleDescription(words)


class ChoiceSection(QWidget):
    """Base of the page's lists: rows and a strip, or an explanation instead."""

    open_requested = Signal(str, str)  # The user wants to see the sizes of a model (its name on the hub, and a title)
    download_requested = Signal(str)  # The user wants to download something (what to pull)

    def __init__(
        self, bridge: EngineBridge, name: str, view: ChoiceView, main_text: str, more_text: str = "", *above: Item
    ) -> None:
        super().__init__()
        self._bridge = bridge
        self._error: EngineError | None = None
        self._view = view
        self._strip = ChoiceStrip(name, main_text, more_text)
        self._empty = named(EmptyState("", ""), f"{name}_empty")
        self._stack = stacked(view, self._empty)
        lists = QWidget()
        vbox((self._stack, 1), self._strip, parent=lists)
        vbox(*above, (self._body(lists), 1), parent=self)
        view.opened.connect(self._open)
        view.selected.connect(self._show_selected)
        self._strip.main.clicked.connect(self._on_main)
        self._strip.more.clicked.connect(self._open_selected)
        self._empty.clicked.connect(self._on_empty)

    def show_trouble(self, words: str) -> None:
        """Show under the list why a download did not begin."""
        self._strip.show_trouble(words)

    def _body(self, lists: QWidget) -> QWidget:
        """Return what is below the head: the lists, or more."""
        return lists

    def _show_rows(self, rows: Sequence[Row]) -> None:
        self._view.show_rows(rows)
        self._stack.setCurrentWidget(self._view if rows else self._empty)
        self._strip.setVisible(bool(rows))
        self._show_selected()
        if not rows:
            self._explain_empty()

    def _on_error(self, error: EngineError) -> None:
        self._error = error
        self._show()

    def _show(self) -> None:
        raise NotImplementedError

    def _show_selected(self) -> None:
        raise NotImplementedError

    def _explain_empty(self) -> None:
        raise NotImplementedError

    def _open(self, key: str) -> None:
        raise NotImplementedError

    def _open_selected(self) -> None:
        if key := self._view.selected_key:
            self._open(key)

    def _on_main(self) -> None:
        self._open_selected()

    def _on_empty(self) -> None:
        raise NotImplementedError


_THOUSAND: Final = 1000


def suggestion_rows(
    suggestions: Sequence[SuggestedModel],
    task: str = "",
    downloading: Collection[str] = (),
    *,
    grouped: bool = True,
) -> list[Row]:
    """Return suggestions, by task if ``grouped``, the best model for this machine first; ``task`` filters groups."""
    chosen = sorted(suggestions, key=lambda model: (not model.best, not model.fits))
    if not grouped:
        return [_suggestion_row(model, downloading, task_title(model.task)) for model in chosen]
    rows: list[Row] = []
    for group in TASKS:
        models = [model for model in chosen if model.task == group and task in ("", group)]
        if models:
            rows += [GroupRow(task_title(group)), *(_suggestion_row(model, downloading) for model in models)]
    return rows


def found_rows(
    found: Sequence[FoundModel],
    downloading: Collection[str] = (),
    downloaded: Collection[str] = (),
) -> list[Row]:
    """Return search results in their order; arguments are repositories downloading and since downloaded."""
    return [_found_row(model, downloading, downloaded) for model in found]


def variant_rows(offer: RepoOffer) -> list[Row]:
    """Return the sizes in a repository, the smallest first."""
    return [_variant_row(variant) for variant in offer.variants]


def suggestion_words(model: SuggestedModel) -> str:
    """Return details of a suggestion: ``Q4_K_M, 4-bit, good quality · 2.5 GB download · uses about …``."""
    quantization = quantization_words(model.quantization, model.quantization_words)
    size = _tr("{size} download").format(size=format_bytes(model.download_bytes)) if model.download_bytes else ""
    return joined(quantization, size, _memory(model.memory_bytes), model.licence)


def found_words(model: FoundModel) -> str:
    """Return details of a search result."""
    size = _tr("{size} download").format(size=_about(model.download_bytes)) if model.download_bytes else ""
    parts = joined(model.quantization, size, separator=", ")
    return joined(parts, _memory(model.memory_bytes), _context(model.trained_context), model.licence)


def offer_words(offer: RepoOffer) -> str:
    """Return details of a repository's model that do not depend on the size."""
    if offer.from_catalogue:
        known = _tr("No connection to Hugging Face: sizes from the list of suggestions")
        return joined(known, parameter_words(offer.parameters), offer.licence)
    return joined(
        ability_words(offer.abilities),
        parameter_words(offer.parameters),
        _context(offer.trained_context),
        offer.licence,
        _popularity(offer.downloads),
        updated_words(offer.updated_at),
    )


def variant_words(variant: OfferedVariant) -> str:
    """Return the file of a size, or the first of several."""
    return variant.files[0].path.rpartition("/")[2] if variant.files else ""


def _suggestion_row(model: SuggestedModel, downloading: Collection[str], purpose: str = "") -> ChoiceRow:
    badge = _state_badge(model.repo, downloaded=bool(model.here), downloading=downloading)
    return ChoiceRow(
        key=model.name,
        title=model.title,
        sentence=joined(purpose, catalogue_sentence(model.sentence)),
        figure=format_bytes(model.download_bytes),
        badge=badge or _fit_badge(model.fitting),
        mark=_tr("Best for this computer") if model.best else "",
    )


def _found_row(model: FoundModel, downloading: Collection[str], downloaded: Collection[str]) -> ChoiceRow:
    here = bool(model.here) or model.repo in downloaded
    badge = _state_badge(model.repo, downloaded=here, downloading=downloading)
    if badge is None and model.gated:
        badge = Badge(_tr("Licence must be accepted"), "info", Token.MUTED)
    if badge is None and model.fits is not None:
        badge = _fit_badge(model.fitting)
    facts = joined(
        ability_words(model.abilities) or task_title(model.task),
        parameter_words(model.parameters),
        model.licence,
        _popularity(model.downloads),
        updated_words(model.updated_at),
    )
    size = _about(model.download_bytes) if model.download_bytes else ""
    return ChoiceRow(model.repo, model.repo, facts, size, badge)


def _variant_row(variant: OfferedVariant) -> ChoiceRow:
    words = quantization_quality(variant.quantization_words)
    return ChoiceRow(
        key=variant.name,
        title=words[:1].upper() + words[1:] or variant.quantization or variant.name.rpartition("/")[2],
        sentence=joined(
            variant.quantization if words else "",
            _memory(variant.memory_bytes),
            _tr("{count} files").format(count=variant.parts) if variant.parts > 1 else "",
            _tr("understands images") if variant.vision else "",
        ),
        figure=format_bytes(variant.total_bytes),
        badge=_fit_badge(variant.fitting),
        mark=_tr("Recommended") if variant.recommended else "",
        details=_files(variant),
    )


def _state_badge(repo: str, *, downloaded: bool, downloading: Collection[str]) -> Badge | None:
    if repo in downloading:
        return Badge(_tr("Downloading"), "download", Token.ACCENT)
    return Badge(_tr("Downloaded"), "check", Token.STANDBY) if downloaded else None


def _fit_badge(fit: Fit) -> Badge:
    symbol, token = {
        FitAnswer.NOW: ("check", Token.GOOD),
        FitAnswer.IF_OTHERS_LEAVE: ("check", Token.MUTED),
        FitAnswer.TOO_BIG: ("warning", Token.BAD),
    }[fit.fit]
    return Badge(message_text(fit.brief), symbol, token)


def _memory(size: int) -> str:
    return _tr("uses about {size} of memory").format(size=format_memory(size)) if size else ""


def _files(variant: OfferedVariant) -> str:
    """Return the files of a size, each with its own size."""
    return ", ".join(f"{file.path} ({format_bytes(file.size_bytes)})" for file in variant.files)


def _about(size: int) -> str:
    """Return an estimated size: ``≈ 2.5 GB``."""
    return f"≈ {format_bytes(size)}"


def _context(tokens: int) -> str:
    return _tr("context length {tokens}").format(tokens=format_number(tokens)) if tokens else ""


def _popularity(downloads: int) -> str:
    return _tr("{count} downloads").format(count=_short_count(downloads)) if downloads else ""


def _short_count(count: int) -> str:
    """Return a large count in few digits: ``831``, ``12 k``, ``1.4 M``."""
    if count < _THOUSAND:
        return str(count)
    if count < 999_500:
        return f"{format_tenths(count / 1e3)} k" if count < 9950 else f"{count / 1e3:.0f} k"
    return f"{format_tenths(count / 1e6)} M"


def _tr(text: str) -> str:
    return QCoreApplication.translate("Catalogue", text)
