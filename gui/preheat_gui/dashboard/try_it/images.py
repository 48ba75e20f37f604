"""The pictures of the next question: read, made smaller, shown, removed."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from PySide6.QtCore import QBuffer, QIODevice, QRect, QSize, Qt, Signal
from PySide6.QtGui import QIcon, QImage, QImageIOHandler, QImageReader, QPainter, QPixmap
from PySide6.QtWidgets import QToolButton, QWidget

from preheat.errors import UnusablePathError, file_error
from preheat.files import read_small_file
from preheat.messages import msg
from preheat_gui.widgets import GAP, Token, hbox, named, symbol, theme

MAX_IMAGES: Final = 8
_MAX_FILE_BYTES: Final = 64 << 20
_MAX_SIDE: Final = 2048  # Encoders look at less than this; larger pictures are made smaller
_KEPT_BYTES: Final = 4 << 20  # A file up to this size is sent as it is
_KEPT_FORMATS: Final = (b"png", b"jpeg")
_QUALITY: Final = 90
_THUMBNAIL: Final = 48
_CROSS: Final = 16


def read_image(path: Path) -> bytes:
    """Return a picture file as PNG or JPEG. Blocks on the disk; any thread.

    Raises:
        EngineError: It cannot be read, or is no picture.
    """
    try:
        content = read_small_file(path, _MAX_FILE_BYTES)
    except OSError as error:
        raise file_error("image_unreadable", error, path) from error
    buffer = QBuffer()
    buffer.setData(content)
    buffer.open(QIODevice.OpenModeFlag.ReadOnly)
    reader = QImageReader(buffer)
    reader.setAutoTransform(True)
    kind, size = bytes(reader.format().data()), reader.size()
    turned = reader.transformation() != QImageIOHandler.Transformation.TransformationNone
    small = size.isValid() and max(size.width(), size.height()) <= _MAX_SIDE and len(content) <= _KEPT_BYTES
    image = reader.read()
    if image.isNull():
        raise UnusablePathError(msg("not_an_image", file=path.name))
    if small and kind in _KEPT_FORMATS and not turned:
        return content
    return encode_image(image)


def encode_image(image: QImage) -> bytes:
    """Return a picture of at most 2,048 pixels a side as JPEG, or as PNG if it is transparent."""
    if max(image.width(), image.height()) > _MAX_SIDE:
        mode = Qt.AspectRatioMode.KeepAspectRatio
        image = image.scaled(_MAX_SIDE, _MAX_SIDE, mode, Qt.TransformationMode.SmoothTransformation)
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    image.save(buffer, *(("PNG",) if image.hasAlphaChannel() else ("JPEG", _QUALITY)))
    return bytes(buffer.data().data())


class ImageStrip(QWidget):
    """Thumbnails; a click removes one. Hidden while there are none."""

    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        named(self, "try_images", self.tr("Pictures of the question"))
        self._images: list[bytes] = []
        self._row = hbox(None, parent=self, spacing=GAP)
        self.hide()

    @property
    def images(self) -> tuple[bytes, ...]:
        return tuple(self._images)

    def add(self, image: bytes) -> bool:
        """Add a picture; return whether there was room."""
        if len(self._images) >= MAX_IMAGES:
            return False
        self._images.append(image)
        self._show()
        return True

    def clear(self) -> None:
        if self._images:
            self._images.clear()
            self._show()

    def _show(self) -> None:
        while (item := self._row.takeAt(0)) is not None:
            if (widget := item.widget()) is not None:
                widget.deleteLater()
        for number, image in enumerate(self._images):
            self._row.addWidget(self._button(number, image))
        self._row.addStretch()
        self.setVisible(bool(self._images))
        self.changed.emit()

    def _button(self, number: int, image: bytes) -> QToolButton:
        button = named(QToolButton(), "try_image", self.tr("Remove picture {number}").format(number=number + 1))
        button.setToolTip(self.tr("Remove this picture"))
        ratio = self.devicePixelRatioF()
        mode, way = Qt.AspectRatioMode.KeepAspectRatio, Qt.TransformationMode.SmoothTransformation
        pixmap = QPixmap.fromImage(QImage.fromData(image).scaled(QSize(_THUMBNAIL, _THUMBNAIL) * ratio, mode, way))
        pixmap.setDevicePixelRatio(ratio)
        button.setIcon(QIcon(_with_cross(pixmap)))
        button.setIconSize(QSize(_THUMBNAIL, _THUMBNAIL))
        button.clicked.connect(lambda: self._remove(number))
        return button

    def _remove(self, number: int) -> None:
        del self._images[number]
        self._show()


def _with_cross(picture: QPixmap) -> QPixmap:
    """Return a thumbnail with a cross in its corner: a click removes it."""
    made = QPixmap(picture)
    painter = QPainter(made)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    width = round(made.width() / made.devicePixelRatio())
    disc = QRect(width - _CROSS - 2, 2, _CROSS, _CROSS)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(theme().colour(Token.CARD))
    painter.drawEllipse(disc)
    symbol("close").paint(painter, disc.adjusted(3, 3, -3, -3))
    painter.end()
    return made
