"""The tray's menu: true to the snapshot, also while it is open, and what its entries do."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from PySide6.QtCore import QUrl
from PySide6.QtGui import QAction, QDesktopServices, QGuiApplication
from PySide6.QtWidgets import QMenu
from pytestqt.qtbot import QtBot

from fake_bridge import URL, FakeBridge, model, snapshot
from preheat.control import Release, RoomSnapshot
from preheat.errors import EngineError
from preheat.residency import State
from preheat_gui.tray.menu import MAX_MODELS, TrayMenu, next_morning
from preheat_gui.widgets import Theme, model_sign_icon
from preheat_gui.words import Kind, Problem


@pytest.fixture
def menu(bridge: FakeBridge, theme: Theme) -> Iterator[TrayMenu]:
    made = TrayMenu(bridge)
    yield made
    made.close()
    made.deleteLater()


def action(menu: QMenu, name: str) -> QAction:
    found = menu.findChild(QAction, f"tray_{name}")
    assert found is not None, name
    return found


def submenu(menu: QMenu, name: str) -> QMenu:
    found = menu.findChild(QMenu, f"tray_{name}_menu")
    assert found is not None, name
    return found


def texts(menu: QMenu) -> list[str]:
    return [entry.text() for entry in menu.actions() if entry.isVisible() and not entry.isSeparator()]


def test_the_menu_has_what_it_should_in_order(menu: TrayMenu) -> None:
    assert [entry.objectName() for entry in menu.actions() if not entry.isSeparator()] == [
        f"tray_{name}"
        for name in (
            *("status", "preloading", "preload_at_login", "favourites", "loaded_models", "load", "pause", "room"),
            *("dashboard", "copy_address", "settings", "update", "help", "about", "quit"),
        )
    ]


def test_every_entry_has_a_name_and_a_mnemonic_of_its_own(menu: TrayMenu) -> None:
    for part in (menu, submenu(menu, "pause"), submenu(menu, "room"), submenu(menu, "load")):
        letters = [entry.text().split("&")[1][0].lower() for entry in part.actions() if "&" in entry.text()]
        assert len(letters) == len(set(letters))
    named = [entry for entry in menu.findChildren(QAction) if not entry.isSeparator()]
    assert all(entry.objectName() for entry in named)


def test_the_status_line_says_what_goes_on(menu: TrayMenu, bridge: FakeBridge) -> None:
    bridge.publish(snapshot(model("a", State.HOT)))
    assert action(menu, "status").text() == "1 model ready · 3 of 8 GB"
    bridge.report_problem(Problem(Kind.DISK_FULL, "The disk is R&D full.", ""))
    assert action(menu, "status").text() == "The disk is R&&D full."
    bridge.report_problem(None)
    assert action(menu, "status").text() == "1 model ready · 3 of 8 GB"


def test_switches_of_variables_and_options_say_so(menu: TrayMenu, bridge: FakeBridge) -> None:
    bridge.overridden = {"preload": "PREHEAT_PRELOAD", "favourites": "--set favourites"}
    bridge.publish(snapshot(model("a")))
    menu.aboutToShow.emit()
    preloading = action(menu, "preloading")
    assert (preloading.text(), preloading.isEnabled()) == ("&Preloading (set by PREHEAT_PRELOAD)", False)
    assert action(menu, "preload_at_login").isEnabled()
    assert not action(menu, "favourite:a").isEnabled()


def test_ticks_follow_the_engine(menu: TrayMenu, bridge: FakeBridge) -> None:
    assert action(menu, "preloading").isChecked()
    bridge.publish(snapshot(enabled=False))
    assert not action(menu, "preloading").isChecked()
    assert action(menu, "preload_at_login").isChecked()
    bridge.publish_settings(bridge.settings.model_copy(update={"preload_at_login": False}))
    assert not action(menu, "preload_at_login").isChecked()
    assert bridge.commands == []


def test_ticks_give_commands(menu: TrayMenu, bridge: FakeBridge) -> None:
    action(menu, "preloading").trigger()
    action(menu, "preload_at_login").trigger()
    assert bridge.commands == [("set_preloading", False), ("set_preload_at_login", False)]


def test_a_failed_command_restores_its_tick(menu: TrayMenu, bridge: FakeBridge) -> None:
    bridge.publish(snapshot(model("qwen3-4b")))
    for name in ("preloading", "preload_at_login", "favourite:qwen3-4b"):
        before = action(menu, name).isChecked()
        action(menu, name).trigger()
        assert action(menu, name).isChecked() != before
        bridge.command_failed.emit(EngineError("The settings file cannot be written"))
        assert action(menu, name).isChecked() == before


# Favourites


def test_favourites_are_toggles(menu: TrayMenu, bridge: FakeBridge) -> None:
    bridge.publish(snapshot(model("qwen3-4b", favourite=True), model("gemma")))
    assert action(menu, "favourite:qwen3-4b").isChecked()
    action(menu, "favourite:gemma").trigger()
    action(menu, "favourite:qwen3-4b").trigger()
    assert bridge.commands == [("set_favourite", "gemma", True), ("set_favourite", "qwen3-4b", False)]


def test_missing_favourites_can_be_removed(menu: TrayMenu, bridge: FakeBridge) -> None:
    bridge.publish(replace(snapshot(model("a")), missing_favourites=("unplugged",)))
    assert texts(submenu(menu, "favourites")) == ["a", "unplugged (missing)", "&All models…"]
    action(menu, "favourite:unplugged").trigger()
    assert bridge.commands == [("set_favourite", "unplugged", False)]


def test_favourites_come_first_then_what_is_used(menu: TrayMenu, bridge: FakeBridge) -> None:
    models = [
        model("a"),
        model("b", last_used_at=10.0),
        model("c", last_used_at=20.0),
        model("d", favourite=True),
        model("e", favourite=True),
    ]
    bridge.publish(snapshot(*models, favourites=("e", "d")))
    assert texts(submenu(menu, "favourites")) == ["e", "d", "c", "b", "a", "&All models…"]


def test_only_the_most_used_models_are_listed(menu: TrayMenu, bridge: FakeBridge) -> None:
    bridge.publish(snapshot(*(model(f"m{number:04}", last_used_at=float(number)) for number in range(1, 1001))))
    shown = texts(submenu(menu, "favourites"))
    assert len(shown) == MAX_MODELS + 1
    assert shown[0] == "m1000"
    assert shown[-1] == "&All models…"


def test_without_models_it_says_so(menu: TrayMenu, bridge: FakeBridge) -> None:
    assert texts(submenu(menu, "favourites")) == ["No models yet", "&All models…"]
    bridge.publish(snapshot(model("a")))
    assert texts(submenu(menu, "favourites")) == ["a", "&All models…"]
    bridge.publish(snapshot())
    assert texts(submenu(menu, "favourites")) == ["No models yet", "&All models…"]


def test_a_name_with_an_ampersand_is_shown_as_it_is(menu: TrayMenu, bridge: FakeBridge) -> None:
    bridge.publish(snapshot(model("q&a-7b")))
    assert texts(submenu(menu, "favourites"))[0] == "q&&a-7b"
    action(menu, "favourite:q&a-7b").trigger()
    assert bridge.commands == [("set_favourite", "q&a-7b", True)]


def test_nothing_moves_under_the_pointer(menu: TrayMenu, bridge: FakeBridge, qtbot: QtBot) -> None:
    part = submenu(menu, "favourites")
    bridge.publish(snapshot(model("a"), model("b"), model("c")))
    part.show()
    qtbot.waitUntil(part.isVisible)
    first = action(menu, "favourite:a")
    bridge.publish(snapshot(model("a"), model("c", favourite=True), model("d", last_used_at=9.0)))
    assert texts(part) == ["a", "c", "d", "&All models…"]
    assert action(menu, "favourite:c").isChecked()
    assert action(menu, "favourite:a") is first
    part.hide()
    menu.aboutToShow.emit()
    assert texts(part) == ["c", "d", "a", "&All models…"]


# Hot models


def test_loaded_models_can_be_unloaded(menu: TrayMenu, bridge: FakeBridge) -> None:
    part = submenu(menu, "loaded_models")
    assert texts(part) == ["No models loaded"]
    bridge.publish(
        snapshot(
            model("cold"),
            model("failed", State.FAILED),
            model("going", State.UNLOADING),
            model("hot", State.HOT),
            model("loading", State.LOADING, progress=0.5),
            model("queued", State.QUEUED),
        )
    )
    assert texts(part) == [
        "Unloading going",
        "Unload hot (3.0 GB)",
        "Cancel loading loading (50 %)",
        "Cancel loading queued",
    ]
    assert not action(menu, "unload:going").isEnabled()
    for name in ("hot", "loading", "queued"):
        action(menu, f"unload:{name}").trigger()
    assert bridge.commands == [("unload", "hot"), ("unload", "loading"), ("unload", "queued")]
    bridge.publish(snapshot(model("hot")))
    assert texts(part) == ["No models loaded"]


def test_progress_is_shown_while_the_menu_is_open(menu: TrayMenu, bridge: FakeBridge, qtbot: QtBot) -> None:
    part = submenu(menu, "loaded_models")
    bridge.publish(snapshot(model("a", State.LOADING, progress=0.1)))
    part.show()
    qtbot.waitUntil(part.isVisible)
    entry = action(menu, "unload:a")
    bridge.publish(snapshot(model("a", State.LOADING, progress=0.9)))
    assert entry.text() == "Cancel loading a (90 %)"
    bridge.publish(snapshot(model("a", State.HOT)))
    assert entry.text() == "Unload a (3.0 GB)"


# Pause


def test_pausing(menu: TrayMenu, bridge: FakeBridge) -> None:
    assert texts(submenu(menu, "pause")) == ["For 1 &hour", "Until &tomorrow", "Until &I resume"]
    action(menu, "pause_hour").trigger()
    action(menu, "pause_open").trigger()
    action(menu, "pause_tomorrow").trigger()
    assert bridge.commands[:2] == [("pause", 3600.0), ("pause", None)]
    name, seconds = bridge.commands[2]
    assert name == "pause"
    until = datetime.now() + timedelta(seconds=seconds)
    assert abs(until - next_morning(datetime.now())) < timedelta(seconds=10)


def test_resuming(menu: TrayMenu, bridge: FakeBridge) -> None:
    bridge.publish(snapshot(paused_until=math.inf))
    assert texts(submenu(menu, "pause"))[0] == "&Resume now"
    assert submenu(menu, "pause").title() == "Paused until you resume"
    action(menu, "resume").trigger()
    assert bridge.commands == [("resume",)]
    bridge.publish(snapshot())
    assert submenu(menu, "pause").title() == "P&ause"
    assert "&Resume now" not in texts(submenu(menu, "pause"))


@pytest.mark.parametrize(
    ("now", "morning"),
    [
        ("2026-03-04T16:30", "2026-03-05T06:00"),
        ("2026-03-04T23:59", "2026-03-05T06:00"),
        ("2026-03-05T01:59", "2026-03-05T06:00"),
        ("2026-03-05T02:01", "2026-03-06T06:00"),
        ("2026-03-05T05:59", "2026-03-06T06:00"),
        ("2026-12-31T12:00", "2027-01-01T06:00"),
    ],
)
def test_a_pause_until_tomorrow_ends_after_a_night(now: str, morning: str) -> None:
    assert next_morning(datetime.fromisoformat(now)) == datetime.fromisoformat(morning)


# The rest


def test_the_address_is_copied(menu: TrayMenu, bridge: FakeBridge) -> None:
    action(menu, "copy_address").trigger()
    assert QGuiApplication.clipboard().text() == URL
    bridge.publish_port(url=None)
    assert not action(menu, "copy_address").isEnabled()


def test_entries_open_windows(menu: TrayMenu, bridge: FakeBridge, qtbot: QtBot) -> None:
    for name, view in (
        ("status", "dashboard"),
        ("dashboard", "dashboard"),
        ("all_models", "models"),
        ("settings", "settings"),
    ):
        with qtbot.waitSignal(bridge.view_requested) as requested:
            action(menu, name).trigger()
        assert requested.args == [view, ""]
    with qtbot.waitSignal(menu.quit_requested):
        action(menu, "quit").trigger()


def test_without_an_engine_commands_are_disabled(menu: TrayMenu, bridge: FakeBridge) -> None:
    bridge.publish(snapshot(model("a", State.HOT)))
    commands = ["preloading", "preload_at_login", "favourite:a", "unload:a", "pause_hour", "pause_open"]
    bridge.publish_port(engine_error="The engine has ended.")
    assert action(menu, "status").text() == "The engine has ended."
    assert not any(action(menu, name).isEnabled() for name in commands)
    assert all(action(menu, name).isEnabled() for name in ("dashboard", "settings", "quit", "all_models"))
    bridge.publish_port(url=URL)
    assert all(action(menu, name).isEnabled() for name in commands)


def test_an_unchanged_snapshot_changes_no_action(menu: TrayMenu, bridge: FakeBridge) -> None:
    """A snapshot arrives ten times a second while models load."""
    models = [model(f"m{number:04}", last_used_at=float(number)) for number in range(1000)]
    bridge.publish(snapshot(*models))
    actions = menu.findChildren(QAction)
    changed: list[QAction] = []
    for one in actions:
        one.changed.connect(lambda one=one: changed.append(one))
    bridge.publish(snapshot(*models))
    assert menu.findChildren(QAction) == actions
    assert changed == []


def test_a_newer_version_is_offered_while_it_is_known(
    menu: TrayMenu, bridge: FakeBridge, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[QUrl] = []
    monkeypatch.setattr(QDesktopServices, "openUrl", opened.append)
    assert not action(menu, "update").isVisible()
    bridge.publish(snapshot(update=Release("9.1", "https://example.org/preheat")))
    assert action(menu, "update").isVisible()
    assert action(menu, "update").text() == "Version 9.1 is available…"
    action(menu, "update").trigger()
    assert opened == [QUrl("https://example.org/preheat")]
    bridge.publish(snapshot())
    assert not action(menu, "update").isVisible()


# Loading, room and signs


def test_models_are_loaded_from_the_menu(menu: TrayMenu, bridge: FakeBridge) -> None:
    bridge.publish(snapshot(model("hot", State.HOT), model("cold"), model("star", favourite=True)))
    assert texts(submenu(menu, "load")) == ["star (3.1 GB)", "cold (3.1 GB)", "&All models…"]
    action(menu, "load:cold").trigger()
    assert bridge.commands == [("load", "cold")]
    bridge.publish(snapshot(model("hot", State.HOT)))
    assert texts(submenu(menu, "load")) == ["All models are loaded", "&All models…"]


def test_room_of_a_size_is_made(menu: TrayMenu, bridge: FakeBridge) -> None:
    now = snapshot(model("a"))
    bridge.publish(replace(now, memory=replace(now.memory, total_bytes=16 << 30)))
    room = submenu(menu, "room")
    assert [text for text in texts(room) if "GiB" in text] == ["4 GiB available", "8 GiB available"]
    action(menu, "room_8_quarter").trigger()
    action(menu, "room_quarter").trigger()
    assert bridge.commands == [("make_room", 900.0, 8 << 30), ("make_room", 900.0, None)]


def test_room_is_made_and_ended(menu: TrayMenu, bridge: FakeBridge) -> None:
    assert not action(menu, "room_end").isVisible()
    action(menu, "room_hour").trigger()
    action(menu, "room_open").trigger()
    bridge.publish(snapshot(model("a"), room=RoomSnapshot(0, None, math.inf)))
    assert submenu(menu, "room").title() == "Room for other apps"
    action(menu, "room_end").trigger()
    assert bridge.commands == [("make_room", 3600.0, None), ("make_room", None, None), ("end_room",)]
    soon = (datetime.now() + timedelta(hours=1)).timestamp()
    bridge.publish(snapshot(model("a"), room=RoomSnapshot(0, None, soon)))
    assert submenu(menu, "room").title().startswith("Room for other apps until ")


def test_models_have_their_signs_and_are_pointed_to(menu: TrayMenu, bridge: FakeBridge, qtbot: QtBot) -> None:
    bridge.publish(snapshot(model("hot", State.HOT), model("cold")))
    assert action(menu, "favourite:hot").icon().isNull()  # Qt would show it instead of the tick
    for name in ("unload:hot", "load:cold"):
        key = model_sign_icon(bridge.signs.sign(name.partition(":")[2])).cacheKey()
        assert action(menu, name).icon().cacheKey() == key
    with qtbot.waitSignal(bridge.model_pointed) as pointed:
        action(menu, "unload:hot").hovered.emit()
    assert pointed.args == ["hot"]
    with qtbot.waitSignal(bridge.model_pointed) as left:
        submenu(menu, "loaded_models").aboutToHide.emit()
    assert left.args == [""]
