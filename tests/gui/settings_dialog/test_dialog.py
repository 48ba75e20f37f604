from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QApplication,
    QCheckBox,
    QComboBox,
    QDialog,
    QLineEdit,
    QListWidget,
    QPushButton,
    QStackedWidget,
    QToolButton,
    QWidget,
)

from children import press_key, type_text
from preheat.errors import EngineError, SettingsError
from preheat.settings import FIELDS, Group, Settings, SettingsStore, Size, load_settings
from preheat_gui.settings_dialog.editors import NumberBox
from preheat_gui.settings_dialog.page import FieldRow, Remark

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

    from conftest import FakeLoginItem  # type: ignore[import-not-found] # in this folder
    from fake_bridge import FakeBridge
    from preheat_gui.settings_dialog import SettingsDialog

Opener = Callable[[], "SettingsDialog"]


def find(dialog: QWidget, kind: type[Any], name: str) -> Any:
    found = dialog.findChild(kind, name)
    assert found is not None, name
    return found


def type_number(qtbot: QtBot, dialog: QWidget, name: str, text: str) -> None:
    line = find(dialog, NumberBox, f"field_{name}").lineEdit()
    line.selectAll()
    type_text(line, text)


def press(dialog: QWidget, name: str) -> None:
    find(dialog, QPushButton, name).click()


def remark(dialog: QWidget, name: str) -> str:
    words: str = find(dialog, Remark, f"remark_{name}").words
    return words


def change_elsewhere(bridge: FakeBridge, **texts: str) -> None:
    """Do as `preheat config set` and the engine do."""
    SettingsStore().set(texts)
    bridge.publish_settings(load_settings())


def test_every_setting_is_on_a_page_with_a_name_for_screen_readers(open_dialog: Opener) -> None:
    dialog = open_dialog()
    for name in FIELDS:
        field = find(dialog, QWidget, f"field_{name}")
        assert field.accessibleName() or (isinstance(field, QCheckBox) and field.text()), name
    pages = find(dialog, QListWidget, "pages")
    assert [pages.item(row).text() for row in range(pages.count())] == [
        "Memory",
        "Preloading",
        "Prompts",
        "Models",
        "Devices",
        "Access",
        "Application",
    ]


def test_the_values_in_force_are_shown(open_dialog: Opener, bridge: FakeBridge) -> None:
    bridge.publish_settings(
        Settings(port=8080, preload=False, theme="dark", threads=3, popularity_half_life=7, memory_limit=Size("3GB"))
    )
    dialog = open_dialog()
    assert find(dialog, NumberBox, "field_port").text() == "8080"
    assert not find(dialog, QCheckBox, "field_preload").isChecked()
    assert find(dialog, QComboBox, "field_theme").currentData() == "dark"
    assert find(dialog, NumberBox, "field_threads").text() == "3"
    assert not find(dialog, QCheckBox, "auto_threads").isChecked()
    assert find(dialog, QCheckBox, "auto_favourites").isChecked()
    assert find(dialog, NumberBox, "field_popularity_half_life").text() == "7"
    assert find(dialog, QLineEdit, "field_memory_limit").text() == "3GB"


def test_apply_writes_only_changes(qtbot: QtBot, open_dialog: Opener, bridge: FakeBridge) -> None:
    dialog = open_dialog()
    assert not find(dialog, QPushButton, "apply").isEnabled()
    type_number(qtbot, dialog, "port", "8080")
    find(dialog, QCheckBox, "field_preload").click()
    find(dialog, QCheckBox, "auto_threads").click()
    type_number(qtbot, dialog, "threads", "4")
    press(dialog, "apply")
    assert bridge.commands[-1] == ("change_settings", {"port": "8080", "preload": "false", "threads": "4"})
    assert dialog.isVisible()
    assert not find(dialog, QPushButton, "apply").isEnabled()


def test_a_reverted_edit_is_no_change(qtbot: QtBot, open_dialog: Opener) -> None:
    dialog = open_dialog()
    type_number(qtbot, dialog, "port", "8080")
    type_number(qtbot, dialog, "port", "11435")
    assert not find(dialog, QPushButton, "apply").isEnabled()


def test_ok_applies_and_closes_and_cancel_forgets(qtbot: QtBot, open_dialog: Opener, bridge: FakeBridge) -> None:
    dialog = open_dialog()
    type_number(qtbot, dialog, "max_queue", "5")
    press(dialog, "cancel")
    assert not dialog.isVisible()
    assert not [command for command in bridge.commands if command[0] == "change_settings"]
    dialog = open_dialog()
    assert find(dialog, NumberBox, "field_max_queue").text() == "64"
    type_number(qtbot, dialog, "max_queue", "5")
    press(dialog, "ok")
    assert bridge.commands[-1] == ("change_settings", {"max_queue": "5"})
    assert dialog.result() == QDialog.DialogCode.Accepted


def test_a_wrong_value_is_marked_with_the_reason_while_typing(
    qtbot: QtBot, open_dialog: Opener, bridge: FakeBridge
) -> None:
    dialog = open_dialog()
    type_number(qtbot, dialog, "port", "99999")
    assert remark(dialog, "port") == "Allowed: a whole number from 0 to 65535."
    assert find(dialog, NumberBox, "field_port").property("wrong")
    assert "65535" in find(dialog, NumberBox, "field_port").accessibleDescription()
    assert not find(dialog, QPushButton, "apply").isEnabled()
    assert not find(dialog, QPushButton, "ok").isEnabled()
    assert find(dialog, QListWidget, "pages").item(5).text() == "Access  ⚠"
    type_number(qtbot, dialog, "port", "9999")
    assert remark(dialog, "port") == ""
    assert not find(dialog, NumberBox, "field_port").property("wrong")
    assert find(dialog, QPushButton, "ok").isEnabled()


def test_an_open_address_needs_a_key_first(qtbot: QtBot, open_dialog: Opener, bridge: FakeBridge) -> None:
    dialog = open_dialog()
    host = find(dialog, QLineEdit, "field_host")
    host.selectAll()
    type_text(host, "0.0.0.0")
    assert remark(dialog, "host").startswith("Other machines can reach it, and there is no API key")
    press(dialog, "add_api_keys")
    assert remark(dialog, "host") == ""
    press(dialog, "apply")
    (name, texts) = bridge.commands[-1]
    assert (name, set(texts)) == ("change_settings", {"host", "api_keys"})


def test_settings_that_reopen_the_port_say_so(qtbot: QtBot, open_dialog: Opener, bridge: FakeBridge) -> None:
    dialog = open_dialog()
    notice = find(dialog, QWidget, "port_notice")
    assert not notice.isVisible()
    type_number(qtbot, dialog, "port", "8080")
    assert notice.isVisible()
    assert "closes and reopens" in notice.accessibleName()
    bridge.set_attached(True)
    type_number(qtbot, dialog, "port", "8081")
    assert "is restarted" in notice.accessibleName()
    type_number(qtbot, dialog, "port", "11435")
    assert not notice.isVisible()


def test_settings_that_need_a_restart_say_so(qtbot: QtBot, open_dialog: Opener) -> None:
    dialog = open_dialog()
    type_number(qtbot, dialog, "history_days", "5")
    assert remark(dialog, "history_days") == "Applies after restart."


def test_a_new_language_takes_effect_after_a_restart(open_dialog: Opener, bridge: FakeBridge) -> None:
    dialog = open_dialog()
    box = find(dialog, QComboBox, "field_language")
    box.setCurrentIndex(box.findData("de"))
    box.activated.emit(box.currentIndex())
    assert remark(dialog, "language") == "Applies after restart."
    press(dialog, "apply")
    assert bridge.commands[-1] == ("change_settings", {"language": "de"})
    assert remark(dialog, "language") == "Applies after restart."


def test_a_rejected_value_is_shown_at_its_field(qtbot: QtBot, open_dialog: Opener, bridge: FakeBridge) -> None:
    bridge.error = SettingsError("port cannot be 80", hint="Choose another", param="port")
    dialog = open_dialog()
    type_number(qtbot, dialog, "port", "80")
    press(dialog, "ok")
    assert dialog.isVisible()
    assert remark(dialog, "port") == "port cannot be 80. Choose another."
    stack = find(dialog, QStackedWidget, "page_stack")
    assert stack.currentWidget().objectName() == "page_access"
    assert find(dialog, NumberBox, "field_port").text() == "80"
    type_number(qtbot, dialog, "port", "81")
    assert remark(dialog, "port") == ""


def test_other_failures_are_shown_above_and_keep_the_changes(
    qtbot: QtBot, open_dialog: Opener, bridge: FakeBridge
) -> None:
    bridge.error = EngineError("The disk is full", hint="Make room")
    dialog = open_dialog()
    type_number(qtbot, dialog, "port", "80")
    press(dialog, "apply")
    banner = find(dialog, QWidget, "settings_problem")
    assert banner.isVisible()
    assert banner.accessibleName() == "The disk is full. Make room."
    assert find(dialog, NumberBox, "field_port").text() == "80"
    bridge.error = None
    press(dialog, "apply")
    assert not banner.isVisible()


def test_changes_made_elsewhere_appear(open_dialog: Opener, bridge: FakeBridge) -> None:
    dialog = open_dialog()
    change_elsewhere(bridge, port="7777", models_dirs="/models")
    assert find(dialog, NumberBox, "field_port").text() == "7777"
    assert find(dialog, QListWidget, "field_models_dirs").item(0).text() == "/models"


def test_a_field_that_the_user_has_edited_keeps_the_users_text(
    qtbot: QtBot, open_dialog: Opener, bridge: FakeBridge
) -> None:
    dialog = open_dialog()
    type_number(qtbot, dialog, "port", "8080")
    change_elsewhere(bridge, port="7777", parallel="2")
    assert find(dialog, NumberBox, "field_port").text() == "8080"
    assert remark(dialog, "port") == "Changed elsewhere to 7777. Your text is kept."
    assert find(dialog, NumberBox, "field_parallel").text() == "2"
    change_elsewhere(bridge, port="8080")
    assert remark(dialog, "port") == ""
    assert not find(dialog, QPushButton, "apply").isEnabled()


def test_a_key_that_was_changed_elsewhere_is_not_shown(open_dialog: Opener, bridge: FakeBridge) -> None:
    dialog = open_dialog()
    press(dialog, "add_api_keys")
    change_elsewhere(bridge, api_keys="sesame-open")
    assert "sesame" not in remark(dialog, "api_keys")
    assert remark(dialog, "api_keys")


def test_overridden_settings_are_read_only(open_dialog: Opener, bridge: FakeBridge) -> None:
    bridge.overridden = {"port": "PREHEAT_PORT", "parallel": "--set parallel"}
    bridge.publish_settings(Settings(port=8080, parallel=2))
    dialog = open_dialog()
    field = find(dialog, NumberBox, "field_port")
    assert field.text() == "8080"
    assert not field.isEnabled()
    assert remark(dialog, "port") == "Set by the environment variable PREHEAT_PORT."
    assert not find(dialog, NumberBox, "field_parallel").isEnabled()
    assert remark(dialog, "parallel") == "Set by the option --set parallel."


def test_the_file_is_read_again_when_the_window_opens(open_dialog: Opener, bridge: FakeBridge) -> None:
    open_dialog()
    assert ("reload_settings",) in bridge.commands


def test_rare_settings_are_folded_away(open_dialog: Opener) -> None:
    dialog = open_dialog()
    dialog.show_page(Group.DEVICES)
    field = find(dialog, NumberBox, "field_gpu_layers")
    assert not field.isVisible()
    press(dialog, "more_devices")
    assert field.isVisible()
    press(dialog, "more_devices")
    assert not field.isVisible()


def test_a_proposed_limit_is_shown_and_applied_by_the_user(open_dialog: Opener, bridge: FakeBridge) -> None:
    dialog = open_dialog()
    dialog.propose("memory_limit", "57%")
    assert not [command for command in bridge.commands if command[0] == "change_settings"]
    press(dialog, "apply")
    assert ("change_settings", {"memory_limit": "57%"}) in bridge.commands


def test_start_at_login_acts_when_applied(open_dialog: Opener, login: FakeLoginItem) -> None:
    dialog = open_dialog()
    box = find(dialog, QCheckBox, "start_at_login")
    assert not box.isChecked()
    box.click()
    assert not login.on
    press(dialog, "apply")
    assert login.on
    login.refuses = "Start at login could not be changed"
    box.click()
    press(dialog, "ok")
    assert dialog.isVisible()
    assert login.on


def test_with_the_keyboard_alone(qtbot: QtBot, open_dialog: Opener, bridge: FakeBridge) -> None:
    dialog = open_dialog()
    dialog.show_page(Group.PRELOADING)
    box = find(dialog, QCheckBox, "field_preload")
    box.setFocus()
    press_key(box, Qt.Key.Key_Space)
    press_key(find(dialog, QPushButton, "more_preloading"), Qt.Key.Key_Space)
    number = find(dialog, NumberBox, "field_waste_price")
    press_key(number, Qt.Key.Key_Up)
    assert number.text() == "1.5"
    press_key(dialog, Qt.Key.Key_Return)
    assert bridge.commands[-1] == ("change_settings", {"preload": "false", "waste_price": "1.5"})


@pytest.mark.usefixtures("german")
def test_numbers_have_the_decimal_sign_of_the_language(qtbot: QtBot, open_dialog: Opener, bridge: FakeBridge) -> None:
    bridge.publish_settings(Settings(waste_price=2.5))
    dialog = open_dialog()
    dialog.show_page(Group.PRELOADING)
    number = find(dialog, NumberBox, "field_waste_price")
    assert number.text() == "2,5"
    press_key(number, Qt.Key.Key_Up)
    press_key(number, Qt.Key.Key_Up)
    assert number.text() == "3,5"
    for typed, value in (("1,5", "1.5"), ("4.25", "4.25")):
        type_number(qtbot, dialog, "waste_price", typed)
        press(dialog, "apply")
        assert bridge.commands[-1] == ("change_settings", {"waste_price": value})


def test_nothing_is_cut_off_on_the_smallest_screen(open_dialog: Opener) -> None:
    dialog = open_dialog()
    dialog.resize(720, 480)
    for group in Group:
        dialog.show_page(group)
        QApplication.processEvents()
        page = find(dialog, QWidget, f"page_{group.value}")
        assert page.widget().minimumSizeHint().width() <= page.viewport().width(), group


# Search and reset


def shown_rows(dialog: QWidget) -> set[str]:
    rows = dialog.findChildren(FieldRow)
    return {
        row.declaration.name
        for row in rows
        if not row.isHidden() and (card := row.parentWidget()) and not card.isHidden()
    }


def shown_pages(dialog: QWidget) -> list[str]:
    pages = find(dialog, QListWidget, "pages")
    return [pages.item(row).text() for row in range(pages.count()) if not pages.item(row).isHidden()]


def test_the_search_finds_labels_help_and_keys(open_dialog: Opener) -> None:
    dialog = open_dialog()
    search = find(dialog, QLineEdit, "settings_search")
    search.setText("BATTERY")
    assert shown_rows(dialog) == {
        "preload_on_battery",
        "waste_price_on_battery",
        "prefix_cache_on_battery",
        "gpu_on_battery",
    }
    assert shown_pages(dialog) == ["Preloading", "Prompts", "Devices"]
    assert find(dialog, QStackedWidget, "page_stack").currentWidget().objectName() == "page_preloading"
    search.setText("max_queue")
    assert shown_rows(dialog) == {"max_queue"}  # without "More"
    search.setText("colours windows")
    assert shown_rows(dialog) == {"theme"}
    search.setText("start preheat tray")
    assert shown_pages(dialog) == ["Application"]
    search.clear()
    assert len(shown_pages(dialog)) == len(Group)
    assert "theme" in shown_rows(dialog)


def test_a_search_without_matches_offers_all_settings(open_dialog: Opener) -> None:
    dialog = open_dialog()
    find(dialog, QLineEdit, "settings_search").setText("xyzzy")
    nothing = find(dialog, QWidget, "settings_nothing")
    assert not nothing.isHidden()
    assert shown_pages(dialog) == []
    nothing.button.click()
    assert len(shown_pages(dialog)) == len(Group)


def test_one_setting_is_reset(open_dialog: Opener, bridge: FakeBridge) -> None:
    bridge.publish_settings(Settings(waste_price=3, keep_after_use=7))
    dialog = open_dialog()
    dialog.show_page(Group.PRELOADING)
    reset = find(dialog, QToolButton, "reset_waste_price")
    assert (reset.isHidden(), reset.toolTip()) == (False, "Reset to 1")
    assert find(dialog, QToolButton, "reset_preload").isHidden()
    reset.click()
    assert find(dialog, NumberBox, "field_waste_price").text() == "1"
    assert reset.isHidden()
    press(dialog, "apply")
    assert bridge.commands[-1] == ("change_settings", {"waste_price": "1"})


def test_a_page_is_reset_but_no_keys_are_deleted(open_dialog: Opener, bridge: FakeBridge) -> None:
    bridge.publish_settings(Settings(port=8080, api_keys=("secret",), waste_price=2))
    bridge.overridden = {"max_body": "PREHEAT_MAX_BODY"}
    dialog = open_dialog()
    dialog.show_page(Group.ACCESS)
    press(dialog, "reset_page")
    assert not find(dialog, QPushButton, "reset_page").isEnabled()
    press(dialog, "apply")
    assert bridge.commands[-1] == ("change_settings", {"port": "11435"})


def test_arrows_stop_at_the_bounds(open_dialog: Opener, bridge: FakeBridge) -> None:
    bridge.publish_settings(Settings(downloads_at_once=16))
    box = find(open_dialog(), NumberBox, "field_downloads_at_once")
    box.stepBy(1)
    assert box.text() == "16"
    box.stepBy(-99)
    assert box.text() == "0"
