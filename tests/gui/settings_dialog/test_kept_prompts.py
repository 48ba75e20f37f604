"""The size of the kept prompts in the settings dialog, and the button that deletes them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QLabel, QMessageBox, QPushButton

from children import child
from fake_bridge import snapshot
from preheat.control import ClearedCache, PrefixFigures
from preheat.errors import FolderError
from preheat.messages import msg
from preheat.settings import Group
from preheat_gui.settings_dialog.page import Remark

if TYPE_CHECKING:
    from fake_bridge import FakeBridge
    from preheat_gui.settings_dialog import SettingsDialog

GB = 10**9
KEPT = PrefixFigures("disk", 3 * 10**8, 2 * GB, 4 * GB, 18 * GB, GB, 40 * GB)


def test_the_size_follows_the_engine(open_dialog: Callable[[], SettingsDialog], bridge: FakeBridge) -> None:
    dialog = open_dialog()
    dialog.show_page(Group.PROMPTS)
    size, written = child(dialog, QLabel, "kept_size"), child(dialog, QLabel, "written_today")
    clear = child(dialog, QPushButton, "clear_prompts")
    assert (size.text(), written.isVisible(), clear.isEnabled()) == ("Nothing", False, False)
    bridge.publish(snapshot(prefixes=KEPT))
    assert size.text() == "4.0 GB of up to 18.0 GB on disk · 300 MB in memory"
    assert written.text() == "Written today: 1.0 GB of up to 40.0 GB"
    assert written.isVisible()
    assert clear.isEnabled()
    problem = msg("text", text="The disk is full", hint="Delete files")
    bridge.publish(snapshot(prefixes=replace(KEPT, problem=problem)))
    remark = child(dialog, Remark, "remark_kept_prompts")
    assert remark.words == "The disk is full. Delete files."
    bridge.publish(snapshot(prefixes=KEPT))
    assert remark.words == ""


def test_clearing_asks_first_and_says_what_came_of_it(
    open_dialog: Callable[[], SettingsDialog], bridge: FakeBridge
) -> None:
    bridge.publish(snapshot(prefixes=KEPT))
    dialog = open_dialog()
    clear, remark = child(dialog, QPushButton, "clear_prompts"), child(dialog, Remark, "remark_kept_prompts")

    def answer(text: str) -> None:
        clear.click()
        box = child(dialog, QMessageBox, "clear_prompts_question")
        default = box.defaultButton()
        assert default is not None
        assert default.text() == "Cancel"
        next(each for each in box.buttons() if each.text() == text).click()
        box.setObjectName("answered")

    before = bridge.open_questions
    answer("Cancel")
    assert bridge.open_questions == before
    answer("&Delete")
    assert bridge.open_questions == before + 1
    assert not clear.isEnabled()
    bridge.answer_with(clear_prefix_cache=FolderError("The folder cannot be written", hint="Change its rights"))
    assert remark.words == "The folder cannot be written. Change its rights."
    assert clear.isEnabled()
    bridge.answer_with(clear_prefix_cache=lambda _: ClearedCache(None, 43 * 10**8))
    answer("&Delete")
    assert remark.words == "4.3 GB were deleted."
