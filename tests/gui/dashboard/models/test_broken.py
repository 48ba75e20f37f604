"""Files that cannot be used, and favourites without room, on the page of models."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtWidgets import QLabel, QPushButton
from pytestqt.qtbot import QtBot

from fake_bridge import GB, FakeBridge, model, snapshot
from preheat.control import BrokenFile, State
from preheat.messages import msg
from preheat.models import Source
from preheat_gui.dashboard.models import broken
from preheat_gui.dashboard.models.broken import BrokenFilesDialog
from preheat_gui.dashboard.models.page import ModelsPage
from preheat_gui.widgets import Banner, Theme


def cut(path: Path, source: Source = Source.PREHEAT, pull_name: str = "") -> BrokenFile:
    reason = msg("gguf_cut", file=path.name, size=8, expected=2 * GB, path=str(path))
    return BrokenFile(path.name, path, source, 8, reason, pull_name)


@pytest.fixture
def page(qtbot: QtBot, bridge: FakeBridge, theme: Theme) -> ModelsPage:
    bridge.publish(snapshot(model()))
    page = ModelsPage(bridge)
    qtbot.addWidget(page)
    page.resize(900, 600)
    with qtbot.waitExposed(page):
        page.show()
    page.activate()
    return page


def banner(page: ModelsPage, name: str) -> Banner:
    found = page.findChild(Banner, name)
    assert found is not None
    return found


def test_a_broken_file_is_a_row_with_reason_and_remedy(
    page: ModelsPage, bridge: FakeBridge, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trashed: list[Path] = []

    def note(path: Path) -> bool:
        trashed.append(path)
        return True

    monkeypatch.setattr(broken, "move_to_trash", note)
    row, path = banner(page, "broken_files"), tmp_path / "owner" / "repo" / "cut.gguf"
    assert not row.isVisible()
    bridge.publish(snapshot(model(), broken_files=(cut(path, pull_name="owner/repo/cut.gguf"),)))
    assert row.isVisible()
    assert row.accessibleName().startswith("1 file can't be used: cut.gguf ends early: 8 of 2,000,000,000 bytes")
    row.clicked.emit()
    dialog = page.window().findChild(BrokenFilesDialog)
    assert dialog is not None
    texts = [label.text() for label in dialog.findChildren(QLabel)]
    assert f"Download it again ({path})." in texts
    for name in ("broken_reveal", "broken_delete", "broken_download"):
        assert dialog.findChild(QPushButton, name) is not None
    dialog.findChildren(QPushButton, "broken_delete")[0].click()
    assert trashed == [path]
    bridge.publish(snapshot(model()))
    assert not row.isVisible()
    assert not dialog.isVisible()


def test_files_of_other_programs_are_not_deleted(page: ModelsPage, bridge: FakeBridge, tmp_path: Path) -> None:
    files = (cut(tmp_path / "a.gguf", Source.OLLAMA), cut(tmp_path / "b.gguf", Source.FOLDER))
    bridge.publish(snapshot(broken_files=files))
    row = banner(page, "broken_files")
    assert row.accessibleName() == "2 files can't be used."
    row.clicked.emit()
    dialog = page.window().findChild(BrokenFilesDialog)
    assert dialog is not None
    assert len(dialog.findChildren(QPushButton, "broken_delete")) == 1
    assert not dialog.findChildren(QPushButton, "broken_download")


def test_favourites_without_room_offer_the_limit_that_they_need(page: ModelsPage, bridge: FakeBridge) -> None:
    lacking, asked = banner(page, "favourites_without_room"), list[tuple[str, str]]()
    bridge.view_requested.connect(lambda *view: asked.append(view))
    hot = model("a", State.HOT, favourite=True)
    bridge.publish(snapshot(hot, model("b", favourite=True, expected_bytes=6 * GB)))
    assert lacking.accessibleName() == "No room for b. All favourites need 9.0 GB, and the limit is 8.0 GB."
    lacking.clicked.emit()
    assert asked == [("settings", "memory_limit=58%")]
    bridge.publish(snapshot(hot))
    assert not lacking.isVisible()
