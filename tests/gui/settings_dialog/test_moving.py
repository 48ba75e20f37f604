"""Another models folder is chosen: the models move along, if the user says so."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest
from PySide6.QtWidgets import QLineEdit, QMessageBox, QPushButton

from children import type_text
from preheat.control import ModelsMove, MovedFile
from preheat.errors import DiskFullError, UnusablePathError
from preheat.messages import msg
from preheat_gui.widgets import Banner

if TYPE_CHECKING:
    from fake_bridge import FakeBridge
    from preheat_gui.settings_dialog import SettingsDialog

Opener = Callable[[], "SettingsDialog"]

NEW = "/mnt/disk/models"
PLAN = ModelsMove(NEW, "/old", dry_run=True, files=(MovedFile("a.gguf", 5_000_000),), total_bytes=5_000_000)


@pytest.fixture
def dialog(open_dialog: Opener) -> SettingsDialog:
    """The dialog, with another folder typed."""
    opened = open_dialog()
    choose(opened, NEW)
    return opened


def choose(dialog: SettingsDialog, text: str) -> None:
    line = dialog.findChild(QLineEdit, "field_models_dir")
    assert line is not None
    line.selectAll()
    type_text(line, text)


def press(dialog: SettingsDialog, name: str) -> None:
    button = dialog.findChild(QPushButton, name)
    assert button is not None
    button.click()


def question(dialog: SettingsDialog) -> QMessageBox | None:
    return dialog.findChild(QMessageBox, "move_models_question")


def answer(dialog: SettingsDialog, text: str) -> None:
    box = question(dialog)
    assert box is not None
    next(button for button in box.buttons() if button.text() == text).click()


def test_the_plan_is_shown_before_models_move(dialog: SettingsDialog, bridge: FakeBridge) -> None:
    moves: list[tuple[str, bool]] = []
    others = ModelsMove(NEW, "/old", dry_run=True, files=PLAN.files, others=3, named_others=("letter.txt",))

    def moved(path: str, dry_run: bool) -> ModelsMove:
        moves.append((path, dry_run))
        return others

    bridge.answer_with(move_models=moved)
    press(dialog, "ok")
    box = question(dialog)
    assert box is not None
    assert "3 other files stay where they are, such as letter.txt" in box.informativeText()
    assert moves == [(NEW, True)]
    assert ("change_settings", {"models_dir": NEW}) not in bridge.commands
    answer(dialog, "&Move them")
    assert moves == [(NEW, True), (NEW, False)]
    assert bridge.commands[-1] == ("change_settings", {"models_dir": NEW})
    assert not dialog.isVisible()


def test_the_models_may_stay(dialog: SettingsDialog, bridge: FakeBridge) -> None:
    moves: list[bool] = []

    def planned(path: str, dry_run: bool) -> ModelsMove:
        moves.append(dry_run)
        return PLAN

    bridge.answer_with(move_models=planned)
    press(dialog, "apply")
    answer(dialog, "&Leave them")
    assert moves == [True]
    assert bridge.commands[-1] == ("change_settings", {"models_dir": NEW})


def test_cancel_changes_nothing_and_keeps_what_was_typed(dialog: SettingsDialog, bridge: FakeBridge) -> None:
    bridge.answer_with(move_models=PLAN)
    press(dialog, "ok")
    box = question(dialog)
    assert box is not None
    escape = box.escapeButton()
    assert escape is not None
    assert escape.text() == "Cancel"
    escape.click()
    assert not any(command[0] == "change_settings" for command in bridge.commands)
    assert dialog.isVisible()
    line = dialog.findChild(QLineEdit, "field_models_dir")
    assert line is not None
    assert line.text() == NEW


@pytest.mark.parametrize(
    "plan",
    [
        ModelsMove(NEW, "/old", dry_run=True),
        UnusablePathError(msg("move_target_unusable", folder=NEW)),
    ],
)
def test_there_is_nothing_to_ask_without_a_plan(
    dialog: SettingsDialog, bridge: FakeBridge, plan: ModelsMove | UnusablePathError
) -> None:
    bridge.answer_with(move_models=plan)
    press(dialog, "apply")
    assert question(dialog) is None
    assert bridge.commands[-1] == ("change_settings", {"models_dir": NEW})


def test_a_failed_move_changes_nothing(dialog: SettingsDialog, bridge: FakeBridge) -> None:
    full = DiskFullError(msg("disk_full_for_models", needed=5_000_000, free=10, folder=NEW))

    def move(path: str, dry_run: bool) -> ModelsMove:
        if dry_run:
            return PLAN
        raise full

    bridge.answer_with(move_models=move)
    press(dialog, "ok")
    answer(dialog, "&Move them")
    assert not any(command[0] == "change_settings" for command in bridge.commands)
    banner = dialog.findChild(Banner, "settings_problem")
    assert banner is not None
    assert banner.isVisible()
    apply = dialog.findChild(QPushButton, "apply")
    assert apply is not None
    assert apply.isEnabled()
