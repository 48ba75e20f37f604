"""The window of a race: its replay, and a picture of it."""

from __future__ import annotations

import time
from typing import Final

from PySide6.QtCore import QCoreApplication, QDateTime, QLocale, QPoint, QSize, Qt
from PySide6.QtGui import QGuiApplication, QIcon, QImage, QPainter, QPixmap, QShowEvent
from PySide6.QtWidgets import QDialog, QLabel, QWidget

from preheat.control import Source
from preheat_gui.dashboard.parts import title_label
from preheat_gui.dashboard.race.figures import Race, headline, race_words, stopwatch
from preheat_gui.dashboard.race.lanes import RaceLanes
from preheat_gui.dashboard.race.stages import duration, speed
from preheat_gui.widgets import (
    GAP,
    GROUP_GAP,
    MARGIN,
    Card,
    ScaledLabel,
    SignBook,
    Token,
    button,
    caption,
    hbox,
    heading,
    mark_icon,
    model_sign_icon,
    named,
    symbol,
    theme,
    timer,
    vbox,
)
from preheat_gui.words import format_number

_FRAME_MS: Final = 33
_CONFIRM_MS: Final = 1500
_MARK_PX: Final = 16
_SIGN_PX: Final = 18
_SCALE: Final = 2  # Pixels of the picture for each of the window's


class RaceDialog(QDialog):
    """Replays a race. With "reduce motion" it shows the end at once."""

    def __init__(self, race: Race, signs: SignBook, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("race")
        self.setWindowTitle(self.tr("The race"))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._race = race
        self._began = 0.0
        self._timer = timer(self, _FRAME_MS, self._tick, repeat=True)
        self._lanes = RaceLanes(race)
        self._card = Card()
        model = title_label()
        model.setText(race.answer.model_id)
        sign = QLabel()
        icon = model_sign_icon(signs.sign(race.answer.model_id))
        sign.setPixmap(_sharp(icon, _SIGN_PX))
        self._times = named(ScaledLabel(_times(race), 1.0), "race_times")
        self._times.setWordWrap(True)
        self._brand = _Brand()
        self._headline = named(heading(headline(race)), "race_headline")
        self._about = named(caption(_about(race)), "race_about")
        self._card.body.setContentsMargins(MARGIN, MARGIN - GAP // 2, MARGIN, MARGIN - GAP // 2)
        self._card.body.setSpacing(GAP)
        self._card.body.addWidget(self._headline)
        self._card.body.addWidget(self._times)
        self._card.body.addSpacing(GAP)
        self._card.body.addLayout(hbox(sign, (model, 1)))
        self._card.body.addSpacing(GAP // 2)
        self._card.body.addWidget(self._lanes)
        self._card.body.addSpacing(GAP)
        self._card.body.addLayout(hbox((self._about, 1), self._brand, spacing=GROUP_GAP))
        self._replay = button(self.tr("&Replay"), "race_replay", self.replay, self)
        self._copy = button(self.tr("&Copy as picture"), "race_copy", self._on_copy, self)
        self._copy.setIcon(symbol("copy"))
        self._confirm = timer(self, _CONFIRM_MS, self._show_copy)
        close = button(self.tr("C&lose"), "race_close", self.accept, self, role="main")
        buttons = hbox(self._replay, self._copy, None, close)
        vbox(self._card, buttons, parent=self, spacing=GROUP_GAP, margin=MARGIN)
        close.setFocus()

    def replay(self) -> None:
        """Show the race from its beginning, in as much time as it took, or at once with "reduce motion"."""
        if theme().reduce_motion:
            self._lanes.show_moment(duration(self._race))
            return
        self._began = time.monotonic()
        self._lanes.show_moment(0.0)
        self._timer.start()

    def picture(self) -> QImage:
        """Return the end of the race as a picture."""
        now = self._lanes.now
        self._lanes.show_moment(duration(self._race))
        image = QImage(self._card.size() * _SCALE, QImage.Format.Format_ARGB32_Premultiplied)
        image.setDevicePixelRatio(_SCALE)
        image.fill(theme().colour(Token.BACKGROUND))
        painter = QPainter(image)
        self._card.render(painter, QPoint())
        painter.end()
        self._lanes.show_moment(now)
        return image

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802
        super().showEvent(event)
        if not event.spontaneous():
            width = max(self.width(), self.sizeHint().width())
            layout = self.layout()
            assert layout is not None
            self.resize(width, layout.totalHeightForWidth(width))  # known once the words are laid out
            self.replay()

    def done(self, result: int) -> None:
        self._timer.stop()
        super().done(result)

    def _tick(self) -> None:
        passed = (time.monotonic() - self._began) * speed(self._race)
        self._lanes.show_moment(passed)
        if passed >= duration(self._race):
            self._timer.stop()

    def _on_copy(self) -> None:
        QGuiApplication.clipboard().setImage(self.picture())
        self._copy.setText(self.tr("Copied"))
        self._copy.setIcon(symbol("check", Token.GOOD))
        self._confirm.start()

    def _show_copy(self) -> None:
        self._copy.setText(self.tr("&Copy as picture"))
        self._copy.setIcon(symbol("copy"))


class _Brand(QWidget):
    """The mark and the name, for whoever gets the picture."""

    def __init__(self) -> None:
        super().__init__()
        self._mark, name = QLabel(), caption("Preheat")
        name.setWordWrap(False)
        hbox(self._mark, name, parent=self, spacing=GAP // 2)
        self._mark.setPixmap(_sharp(mark_icon(), _MARK_PX))


def _sharp(icon: QIcon, side: int) -> QPixmap:
    """Return an icon with the pixels of the picture."""
    pixmap = icon.pixmap(QSize(side, side) * _SCALE, 1.0)
    pixmap.setDevicePixelRatio(_SCALE)
    return pixmap


def _times(race: Race) -> str:
    words = race_words(race)
    return words[:1].upper() + words[1:]


def _about(race: Race) -> str:
    """Return where the figures come from."""
    at = QLocale().toString(QDateTime.fromSecsSinceEpoch(int(race.load.at)), QLocale.FormatType.ShortFormat)
    words = {
        Source.DISK: _tr("Measured on this computer: loaded from the disk in {load} ({date})."),
        Source.PAGE_CACHE: _tr("Measured on this computer: loaded from the file cache in {load} ({date})."),
        Source.UNKNOWN: _tr("Measured on this computer: loaded in {load} ({date})."),
    }[race.load.source].format(load=stopwatch(race.load.seconds), date=at)
    tokens = race.answer.prompt_tokens
    if tokens:
        prompt = (
            _tr("The prompt of {count} tokens takes {seconds}.")
            if not race.at_least
            else _tr("The prompt of {count} tokens takes at least {seconds}.")
        )
        words += " " + prompt.format(count=format_number(tokens), seconds=stopwatch(race.prompt_s))
    if speed(race) > 1:
        words += " " + _tr("Replayed {speed} times faster.").format(speed=format_number(speed(race), 1))
    return words


def _tr(text: str) -> str:
    return QCoreApplication.translate("Race", text)
