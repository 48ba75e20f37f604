"""The language of the windows: texts, number and date formats, and layout direction."""

from __future__ import annotations

import logging
from typing import Final

from PySide6.QtCore import QLibraryInfo, QLocale, QTranslator
from PySide6.QtWidgets import QApplication

from preheat import paths

logger = logging.getLogger(__name__)

SOURCE: Final = "en"  # The language of the texts in the sources
TRANSLATED: Final = ("de",)  # The languages with a translation
_AUTO: Final = "auto"
_NAME: Final = "language_of_the_windows"


def apply_language(app: QApplication, choice: str = _AUTO, system: QLocale | None = None) -> str:
    """Set the language; call this before the first widget is made. GUI thread.

    ``auto`` uses the system's locale. Without a translation the texts are English, but formats still follow the
    desktop. A chosen language brings its own formats. The layout has the direction of the texts' language: mirrored
    English is hard to read. Returns the texts' language.
    """
    system = system or QLocale.system()
    language = _first_translated(system) if choice == _AUTO else choice
    for translator in app.findChildren(QTranslator, _NAME):
        app.removeTranslator(translator)
        translator.deleteLater()
    if language != SOURCE:
        # The last one installed is asked first.
        _install(app, f"qtbase_{language}", QLibraryInfo.path(QLibraryInfo.LibraryPath.TranslationsPath))
        _install(app, f"preheat_{language}", str(paths.resource("translations")))
    QLocale.setDefault(system if choice == _AUTO else QLocale(QLocale(language).language(), system.territory()))
    app.setLayoutDirection(QLocale(language).textDirection())
    return language


def _first_translated(system: QLocale) -> str:
    for name in system.uiLanguages():
        language = name.replace("_", "-").split("-")[0].lower()
        if language in (SOURCE, *TRANSLATED):
            return language
    return SOURCE


def _install(app: QApplication, name: str, folder: str) -> None:
    translator = QTranslator(app)
    translator.setObjectName(_NAME)
    if translator.load(name, folder):
        app.installTranslator(translator)
    else:
        logger.warning("there is no translation %s in %s", name, folder)
        translator.deleteLater()
