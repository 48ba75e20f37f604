"""The language of the windows: their words, how numbers and dates are written, and which side lines begin at."""

from __future__ import annotations

import logging
from typing import Final

from PySide6.QtCore import QLibraryInfo, QLocale, Qt, QTranslator
from PySide6.QtWidgets import QApplication

from preheat import paths

logger = logging.getLogger(__name__)

SOURCE: Final = "en"
"""What the words in the sources are; it needs no translation."""

TRANSLATED: Final = ("de",)
"""The languages besides that there are words in."""

_AUTO: Final = "auto"
_NAME: Final = "language_of_the_windows"


def apply_language(app: QApplication, choice: str = _AUTO, system: QLocale | None = None) -> str:
    """Set the language of all that is made from now on: call it before the first widget is made. GUI thread.

    ``auto`` takes the system's locale as a whole. Where there are no words in its language the words are English, yet
    numbers, dates and the side that lines begin at are as everywhere else on that desktop. A language that was chosen
    brings its own of all these.

    Args:
        choice: As the setting ``language`` has it: ``auto``, or a language.
        system: Instead of the system's locale, for tests.

    Returns:
        The language of the words.
    """
    system = system or QLocale.system()
    language = _first_known(system) if choice == _AUTO else choice
    for translator in app.findChildren(QTranslator, _NAME):
        app.removeTranslator(translator)
        translator.deleteLater()
    if language != SOURCE:
        # The last one installed is asked first: ours before Qt's own.
        _install(app, f"qtbase_{language}", QLibraryInfo.path(QLibraryInfo.LibraryPath.TranslationsPath))
        _install(app, f"preheat_{language}", str(paths.resource("translations")))
    if choice == _AUTO:
        QLocale.setDefault(system)
        app.setLayoutDirection(_direction(system))
    else:
        QLocale.setDefault(QLocale(QLocale(language).language(), system.territory()))
        app.setLayoutDirection(Qt.LayoutDirection.LeftToRight)
    return language


def _first_known(system: QLocale) -> str:
    """Return the first of the user's languages that there are words in."""
    for name in system.uiLanguages():
        language = name.replace("_", "-").split("-")[0].lower()
        if language in (SOURCE, *TRANSLATED):
            return language
    return SOURCE


def _direction(system: QLocale) -> Qt.LayoutDirection:
    # The formats may be another country's than the language of the desktop.
    return QLocale(next(iter(system.uiLanguages()), "")).textDirection()


def _install(app: QApplication, name: str, folder: str) -> None:
    translator = QTranslator(app)
    translator.setObjectName(_NAME)
    if translator.load(name, folder):
        app.installTranslator(translator)
    else:
        # Words in English are better than none.
        logger.warning("there is no translation %s in %s", name, folder)
        translator.deleteLater()
