from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QCheckBox, QComboBox, QLabel, QPushButton, QWidget

from children import press_key, type_text
from fake_bridge import model, snapshot
from preheat.control import MemoryEstimate, ModelFacts
from preheat.errors import SettingsError
from preheat.messages import msg, verbatim
from preheat.settings import ModelSettings, Settings, model_setting
from preheat_gui.settings_dialog import ModelSettingsDialog
from preheat_gui.settings_dialog.editors import NumberBox
from preheat_gui.settings_dialog.page import Remark

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

    from fake_bridge import FakeBridge
    from preheat_gui.widgets import Theme

GB = 10**9
Opener = Callable[..., ModelSettingsDialog]


@pytest.fixture
def open_model(qtbot: QtBot, bridge: FakeBridge, theme: Theme) -> Opener:
    """Opens the window for ``qwen3-4b``, which takes 3.1 GB."""

    def opened(**own: Any) -> ModelSettingsDialog:
        bridge.publish(snapshot(model("qwen3-4b")))
        bridge.publish_settings(Settings(context_length=4096, models={"qwen3-4b": ModelSettings(**own)}))
        dialog = ModelSettingsDialog(bridge, "qwen3-4b")
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose, False)
        qtbot.addWidget(dialog)
        dialog.show()
        return dialog

    return opened


def find(dialog: QWidget, kind: type[Any], name: str) -> Any:
    found = dialog.findChild(kind, name)
    assert found is not None, name
    return found


def type_number(qtbot: QtBot, dialog: QWidget, name: str, text: str) -> None:
    line = find(dialog, NumberBox, f"field_{name}").lineEdit()
    line.selectAll()
    type_text(line, text)


def test_settings_of_devices_are_shown_where_they_matter(open_model: Opener) -> None:
    assert open_model().findChild(QCheckBox, "default_gpu_layers") is None
    dialog = open_model(gpu_layers=12)
    assert find(dialog, NumberBox, "field_gpu_layers").lineEdit().text() == "12"
    assert dialog.findChild(QCheckBox, "default_experts_in_ram") is None


def test_the_value_for_all_models_is_shown(open_model: Opener) -> None:
    dialog = open_model(parallel=2)
    assert find(dialog, QCheckBox, "default_context_length").text() == "Default (4096)"
    assert find(dialog, QCheckBox, "default_context_length").isChecked()
    assert not find(dialog, NumberBox, "field_context_length").isVisible()
    assert not find(dialog, QCheckBox, "default_parallel").isChecked()
    assert find(dialog, NumberBox, "field_parallel").text() == "2"


def test_own_values_are_written_and_removed(qtbot: QtBot, open_model: Opener, bridge: FakeBridge) -> None:
    dialog = open_model(parallel=2)
    find(dialog, QCheckBox, "default_context_length").click()
    assert find(dialog, NumberBox, "field_context_length").text() == "4096"
    type_number(qtbot, dialog, "context_length", "16384")
    find(dialog, QCheckBox, "default_keep_alive").click()
    find(dialog, QCheckBox, "default_repack").click()
    box = find(dialog, QComboBox, "field_repack")
    box.setCurrentIndex(box.findData("on"))
    box.activated.emit(box.currentIndex())
    find(dialog, QCheckBox, "default_parallel").click()
    find(dialog, QPushButton, "ok").click()
    assert bridge.commands[-1] == (
        "change_model_settings",
        "qwen3-4b",
        {"context_length": "16384", "keep_alive": "600", "repack": "on", "parallel": None},
    )
    assert not dialog.isVisible()


def test_a_model_can_be_automatic(open_model: Opener, bridge: FakeBridge) -> None:
    dialog = open_model(parallel=2)
    find(dialog, QCheckBox, "auto_parallel").click()
    assert not find(dialog, NumberBox, "field_parallel").isEnabled()
    find(dialog, QPushButton, "ok").click()
    assert bridge.commands[-1] == ("change_model_settings", "qwen3-4b", {"parallel": "auto"})


def test_nothing_is_written_without_a_change(open_model: Opener, bridge: FakeBridge) -> None:
    dialog = open_model()
    find(dialog, QCheckBox, "default_keep_alive").click()
    find(dialog, QCheckBox, "default_keep_alive").click()
    find(dialog, QPushButton, "ok").click()
    assert not dialog.isVisible()
    assert bridge.commands == []


@pytest.mark.parametrize("text", ["5", ""])
def test_a_wrong_value_is_marked(qtbot: QtBot, open_model: Opener, text: str) -> None:
    dialog = open_model(context_length=8192)
    field = find(dialog, NumberBox, "field_context_length")
    field.lineEdit().selectAll()
    press_key(field.lineEdit(), Qt.Key.Key_Delete)
    type_text(field.lineEdit(), text)
    assert (
        find(dialog, Remark, "remark_context_length").words == "Allowed: a whole number from 64 to 16777216, or auto."
    )
    assert not find(dialog, QPushButton, "ok").isEnabled()
    assert field.isVisible()


def test_a_rejected_value_is_shown_at_its_field(qtbot: QtBot, open_model: Opener, bridge: FakeBridge) -> None:
    dialog = open_model(parallel=2)
    bridge.error = SettingsError("no", param='models."qwen3-4b".parallel', reason=verbatim("too many"))
    type_number(qtbot, dialog, "parallel", "3")
    find(dialog, QPushButton, "ok").click()
    assert dialog.isVisible()
    assert find(dialog, Remark, "remark_parallel").words == "Too many."


def test_the_memory_follows(qtbot: QtBot, open_model: Opener, bridge: FakeBridge) -> None:
    asked: list[tuple[str, object]] = []

    def answer(model_id: str, values: object) -> MemoryEstimate:
        asked.append((model_id, values))
        return MemoryEstimate(6 * GB)

    bridge.answer_with(estimate_memory=answer)
    dialog = open_model(context_length=8192)
    words = find(dialog, QLabel, "memory_estimate")
    assert words.text() == "Needs about 3.1 GB of memory."
    type_number(qtbot, dialog, "context_length", "32768")
    qtbot.waitUntil(lambda: "9.1 GB" in words.text())
    assert asked == [("qwen3-4b", {"context_length": "32768"})]
    assert words.text() == (
        "Will need about 9.1 GB of memory instead of 3.1 GB. That exceeds the memory limit of 8.0 GB."
    )
    type_number(qtbot, dialog, "context_length", "8192")
    assert words.text() == "Needs about 3.1 GB of memory."


def test_changes_made_elsewhere_appear(open_model: Opener, bridge: FakeBridge) -> None:
    dialog = open_model()
    bridge.publish_settings(Settings(models={"qwen3-4b": ModelSettings(parallel=7)}))
    assert find(dialog, NumberBox, "field_parallel").text() == "7"


def test_a_context_beyond_training_is_refused(qtbot: QtBot, open_model: Opener, bridge: FakeBridge) -> None:
    name = model_setting("qwen3-4b", "context_length")
    refused = SettingsError(verbatim("no"), param=name, reason=msg("context_trained", trained=8192))
    bridge.answer_with(estimate_memory=refused, model_details=ModelFacts("qwen3-4b", trained_context=8192))
    dialog = open_model(context_length=8192)
    box = find(dialog, NumberBox, "field_context_length")
    box.stepBy(1)
    assert box.text() == "8192"  # the arrows stop there
    type_number(qtbot, dialog, "context_length", "9000000")
    shown = find(dialog, Remark, "remark_context_length")
    qtbot.waitUntil(lambda: bool(shown.words))
    assert shown.words == "The model was trained for 8,192 tokens; more is not possible."
    assert not find(dialog, QPushButton, "ok").isEnabled()
