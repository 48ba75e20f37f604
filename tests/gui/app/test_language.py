"""The windows in other languages: which one is taken, that all words are translated, and that translations fit."""

from __future__ import annotations

import ast
import re
import string
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QCoreApplication, QEvent, QLibraryInfo, QLocale, Qt, QTranslator
from PySide6.QtWidgets import QApplication, QDialogButtonBox, QLabel, QMenu
from pytestqt.qtbot import QtBot

from development import translations
from fake_bridge import FakeBridge, model, snapshot
from preheat import paths
from preheat.settings import FIELDS, Group, extra
from preheat_gui.app import start as app_module
from preheat_gui.app.language import TRANSLATED, apply_language
from preheat_gui.dashboard.window import DashboardWindow
from preheat_gui.settings_dialog.declarations import declarations
from preheat_gui.tray.menu import TrayMenu
from preheat_gui.widgets import Theme
from preheat_gui.words import format_ago, format_bytes, format_duration, format_memory, format_number, model_state

ENGLISH = QLocale("en_GB")
GERMAN = QLocale("de_AT")


@pytest.fixture(autouse=True)
def _language_as_before(qapp: QApplication) -> Iterator[None]:
    """A test may change the language; the next one has the usual one."""
    locale, direction = QLocale(), qapp.layoutDirection()
    yield
    apply_language(qapp, "en", QLocale.c())
    QLocale.setDefault(locale)
    qapp.setLayoutDirection(direction)


@pytest.fixture
def german(qapp: QApplication) -> None:
    apply_language(qapp, "de", ENGLISH)


def system_of(monkeypatch: pytest.MonkeyPatch, formats: str, *languages: str) -> QLocale:
    """Return the locale of a system with these desktop languages, best first."""
    locale = QLocale(formats)
    monkeypatch.setattr(QLocale, "uiLanguages", lambda self: list(languages))
    return locale


def ready_words() -> str:
    return QCoreApplication.translate("Messages", "Ready")


# Which language


@pytest.mark.parametrize(
    ("choice", "languages", "expected"),
    [
        ("auto", ("de-DE", "de", "en"), "de"),
        ("auto", ("de_CH", "en"), "de"),
        ("auto", ("en-GB", "de"), "en"),
        ("auto", ("fr-FR", "fr", "de", "en"), "de"),
        ("auto", ("fr-FR", "fr"), "en"),
        ("auto", ("C",), "en"),
        ("auto", (), "en"),
        ("en", ("de-DE", "de"), "en"),
        ("de", ("en-US", "en"), "de"),
    ],
)
def test_the_language_is_the_chosen_one_or_the_first_known_of_the_system(
    qapp: QApplication, monkeypatch: pytest.MonkeyPatch, choice: str, languages: tuple[str, ...], expected: str
) -> None:
    assert apply_language(qapp, choice, system_of(monkeypatch, "en_GB", *languages)) == expected
    assert ready_words() == {"en": "Ready", "de": "Bereit"}[expected]


def test_a_second_choice_replaces_the_first(qapp: QApplication) -> None:
    apply_language(qapp, "de", ENGLISH)
    apply_language(qapp, "de", ENGLISH)
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    assert sorted(Path(each.filePath()).name for each in qapp.findChildren(QTranslator)) == [
        "preheat_de.qm",
        "qtbase_de.qm",
    ]
    apply_language(qapp, "en", GERMAN)
    assert ready_words() == "Ready"


def test_qts_own_texts_are_translated(german: None, qtbot: QtBot) -> None:
    box = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel | QDialogButtonBox.StandardButton.Close)
    qtbot.addWidget(box)
    assert box.button(QDialogButtonBox.StandardButton.Cancel).text() == "Abbrechen"
    assert Path(QLibraryInfo.path(QLibraryInfo.LibraryPath.TranslationsPath), "qtbase_de.qm").is_file()


@pytest.mark.parametrize(
    ("choice", "languages"),
    [("auto", ("ar-EG", "ar")), ("auto", ("he-IL", "de")), ("auto", ("de-DE",)), ("de", ("he-IL",))],
)
def test_the_layout_has_the_direction_of_the_texts_not_of_the_system(
    qapp: QApplication, monkeypatch: pytest.MonkeyPatch, choice: str, languages: tuple[str, ...]
) -> None:
    qapp.setLayoutDirection(Qt.LayoutDirection.RightToLeft)
    apply_language(qapp, choice, system_of(monkeypatch, "ar_EG", *languages))
    assert qapp.layoutDirection() is Qt.LayoutDirection.LeftToRight


def test_the_application_starts_in_the_language_of_the_settings_file(
    qapp: QApplication, theme: Theme, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(app_module, "QApplication", lambda argv: qapp)
    file = paths.settings_path()
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text('language = "de"\ntheme = "light"\n', encoding="utf-8")
    app_module.make_application()
    assert ready_words() == "Bereit"
    file.write_text("this is no TOML", encoding="utf-8")
    app_module.make_application()  # a broken file does not prevent the start


# Numbers and dates


def test_numbers_are_written_as_in_the_language(german: None) -> None:
    assert format_memory(4_200_000_000) == "4,2 GB"
    assert format_bytes(98_100_000) == "98,1 MB"
    assert format_duration(1.6) == "1,6 s"
    assert format_duration(2 * 86_400 + 3 * 3600) == "2 Tg. 3 h"
    assert format_ago(3 * 86_400) == "vor 3 Tg."
    assert format_ago(0) == "soeben"
    assert format_number(12_345) == "12.345"
    assert format_number(1234.5, 1) == "1.234,5"


@pytest.mark.parametrize(
    ("system", "memory", "number"),
    [
        ("en_US", "4.2 GB", "12,345"),
        ("fr_FR", "4,2 GB", "12\u202f345"),
        ("C", "4.2 GB", "12,345"),
        ("fa_IR", "4.2 GB", "12,345"),  # its signs belong to digits of its own
    ],
)
def test_with_the_systems_language_numbers_follow_the_system(
    qapp: QApplication, system: str, memory: str, number: str
) -> None:
    apply_language(qapp, "auto", QLocale(system))
    assert (format_memory(4_200_000_000), format_number(12_345)) == (memory, number)


def test_a_chosen_language_keeps_the_system_s_country(qapp: QApplication) -> None:
    apply_language(qapp, "en", QLocale("de_DE"))
    assert QLocale().territory() is QLocale.Country.Germany
    assert QLocale().language() is QLocale.Language.English


# The translations


@pytest.fixture(scope="module")
def collected(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What is in the sources now, with what is translated of it."""
    file = tmp_path_factory.mktemp("translations") / "preheat_de.ts"
    file.write_bytes((translations.TRANSLATIONS / "preheat_de.ts").read_bytes())
    translations.collect(file, "de")
    return file


def test_all_texts_are_translated(collected: Path) -> None:
    missing = [(each.context, each.source) for each in translations.messages(collected) if not each.finished]
    assert missing == [], "run packaging/development/translations.py, translate these, and run it again"


@pytest.mark.parametrize("module", sorted(translations.SOURCES.rglob("*.py")), ids=lambda path: path.stem)
def test_no_text_is_hidden_in_another_one(module: Path) -> None:
    """Qt's tool does not look into f-strings: a text in one is never collected."""
    for formatted in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
        if isinstance(formatted, ast.JoinedStr):
            called = [node.func for node in ast.walk(formatted) if isinstance(node, ast.Call)]
            assert {getattr(func, "attr", getattr(func, "id", "")) for func in called}.isdisjoint({"tr", "_tr"})


def test_no_translation_is_unused(collected: Path) -> None:
    now = {(each.context, each.source) for each in translations.messages(collected)}
    assert [each.source for each in all_messages() if (each.context, each.source) not in now] == []


@pytest.mark.parametrize("language", TRANSLATED)
def test_the_compiled_file_has_what_the_edited_one_has(language: str) -> None:
    compiled = QTranslator()
    assert compiled.load(f"preheat_{language}", str(paths.resource("translations")))
    stale = [
        each.source
        for each in translations.messages(translations.TRANSLATIONS / f"preheat_{language}.ts")
        if each.finished and compiled.translate(each.context, each.source) != each.translation
    ]
    assert stale == [], "run packaging/development/translations.py"


def test_every_language_that_can_be_chosen_is_there() -> None:
    choices = next(each.choices for each in declarations(Group.APPLICATION) if each.name == "language")
    assert choices == ("auto", "en", *TRANSLATED)
    assert translations.LANGUAGES == TRANSLATED


def all_messages() -> list[translations.Message]:
    """Return what is translated; another test finds what is not."""
    return [each for each in translations.messages(translations.TRANSLATIONS / "preheat_de.ts") if each.finished]


def test_translations_have_the_same_blanks() -> None:
    def blanks(text: str) -> list[str]:
        return sorted(f"{name}:{spec}" for _, name, spec, _ in string.Formatter().parse(text) if name is not None)

    assert [each for each in all_messages() if blanks(each.source) != blanks(each.translation)] == []


def test_translations_name_the_same_settings() -> None:
    def names(text: str) -> list[str]:
        return re.findall(r"`\w+`", text)

    assert [each for each in all_messages() if names(each.source) != names(each.translation)] == []


def test_translations_have_the_same_mnemonics() -> None:
    assert [each for each in all_messages() if each.source.count("&") != each.translation.count("&")] == []


def test_translations_have_the_same_punctuation() -> None:
    def end(text: str) -> str:
        return text[-1] if text[-1] in ".:…?" else ""

    odd = [each for each in all_messages() if end(each.source) != end(each.translation)]
    assert {each.source for each in odd} == {"{count} d"}  # an abbreviation in German


def test_translations_are_impersonal() -> None:
    addressed = re.compile(r"!|\b(Sie|Ihr|Ihre|Ihren|Ihrem|du|dein|deine)\b(?! enthalten)")
    assert [each.translation for each in all_messages() if addressed.search(each.translation)] == []


# In the windows


def test_the_settings_are_translated(german: None) -> None:
    shown = {each.name: each for group in Group for each in declarations(group)}
    assert shown["memory_limit"].label == "Speichergrenze"
    assert shown["theme"].description == "Farben der Fenster; „Automatisch“ folgt dem System."
    assert shown["host"].description.endswith("braucht sie einen API-Schlüssel.")
    english = [name for name, each in shown.items() if each.description == FIELDS[name].description]
    assert english == []
    same = {name for name, each in shown.items() if each.label == extra(FIELDS[name], "label")}
    assert same == {"port", "threads", "allowed_apps"}


@pytest.mark.parametrize("menu_name", ["", "tray_pause_menu", "tray_favourites_menu"])
def test_no_two_entries_of_a_menu_share_a_mnemonic(
    german: None, bridge: FakeBridge, theme: Theme, qtbot: QtBot, menu_name: str
) -> None:
    bridge.publish(snapshot(model("a", favourite=True)))
    top = TrayMenu(bridge)
    qtbot.addWidget(top)
    menu = top.findChild(QMenu, menu_name) if menu_name else top
    assert menu is not None
    letters = [found[1].lower() for action in menu.actions() if (found := re.search(r"&(\w)", action.text()))]
    assert len(letters) > 0
    assert sorted(set(letters)) == sorted(letters)


def test_the_dashboard_opens_in_german(german: None, bridge: FakeBridge, theme: Theme, qtbot: QtBot) -> None:
    bridge.publish(snapshot(model("a")))
    window = DashboardWindow(bridge)
    qtbot.addWidget(window)
    window.show()
    assert "Übersicht" in [label.text() for label in window.findChildren(QLabel)]
    assert model_state(model("a")) == "Nicht geladen"
