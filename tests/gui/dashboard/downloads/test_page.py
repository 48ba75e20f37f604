"""The downloads page in use."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt, QUrl
from PySide6.QtGui import QDesktopServices, QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QComboBox,
    QDialog,
    QLabel,
    QLineEdit,
    QMessageBox,
    QPushButton,
    QTabBar,
    QToolButton,
    QWidget,
)
from pytestqt.qtbot import QtBot

from fake_bridge import FakeBridge, download, model, snapshot
from preheat.control import DownloadState, HubAccount, RepoCard
from preheat.errors import EngineError, HubRateLimitedError, HubUnreachableError, RepoNotFoundError
from preheat.messages import msg
from preheat_gui.dashboard.cells import Role
from preheat_gui.dashboard.downloads.card_view import CardBrowser
from preheat_gui.dashboard.downloads.choice_list import ChoiceStrip, ChoiceView
from preheat_gui.dashboard.downloads.choice_rows import Badge, ChoiceRow
from preheat_gui.dashboard.downloads.connection import ConnectionLine
from preheat_gui.dashboard.downloads.page import DownloadsPage
from preheat_gui.dashboard.downloads.queue import MAX_ROWS, DownloadRow
from preheat_gui.dashboard.tables import GroupRow
from preheat_gui.widgets import Banner, ElidedLabel, EmptyState, Theme, Token
from suggested import CARD, CATALOGUE, FOUND, OFFER

OFFLINE = HubUnreachableError(msg("hub_no_connection", hub="https://huggingface.co", reason="no route"))
HERE = model("qwen3-8b", path="/models/Qwen/Qwen3-8B-GGUF/Qwen3-8B-Q4_K_M.gguf")


class GatedError(EngineError):
    code = "gated_repo"


class Link:
    """Answers for the library, and remembers what it was asked."""

    def __init__(self, bridge: FakeBridge) -> None:
        self.asked: list[tuple[Any, ...]] = []
        bridge.answer_with(
            **{
                name: self._remember(name, answer)
                for name, answer in {
                    "catalogue": CATALOGUE,
                    "search": FOUND,
                    "repo_files": OFFER,
                    "get_card": CARD,
                    "pull": "d1",
                    "pause_download": None,
                    "resume_download": None,
                    "cancel_download": None,
                    "forget_download": None,
                }.items()
            }
        )

    def _remember(self, name: str, answer: Any) -> Any:
        def answered(*arguments: Any) -> Any:
            if arguments or name != "catalogue":
                self.asked.append((name, *arguments))
            return answer

        return answered


@pytest.fixture
def link(bridge: FakeBridge) -> Link:
    return Link(bridge)


@pytest.fixture
def page(waiting_page: DownloadsPage, link: Link) -> DownloadsPage:
    """The page with the suggestions."""
    return waiting_page


@pytest.fixture
def waiting_page(qtbot: QtBot, bridge: FakeBridge, theme: Theme) -> DownloadsPage:
    """The page before anything was answered."""
    shown = DownloadsPage(bridge)
    qtbot.addWidget(shown)
    shown.resize(1000, 700)
    with qtbot.waitExposed(shown):
        shown.show()
    shown.activate()
    return shown


def find(page: QWidget, kind: type[Any], name: str) -> Any:
    found = page.findChild(kind, name)
    assert found is not None
    return found


def rows(page: DownloadsPage, name: str) -> list[ChoiceRow | GroupRow]:
    listed = find(page, ChoiceView, name).model()
    return [listed.index(number, 0).data(Role.ITEM) for number in range(listed.rowCount())]


def choices(page: DownloadsPage, name: str) -> dict[str, ChoiceRow]:
    return {row.key: row for row in rows(page, name) if isinstance(row, ChoiceRow)}


def badge(row: ChoiceRow) -> str:
    assert row.badge is not None
    return row.badge.text


def words(shown: QWidget) -> str:
    elided = [label.text() for label in shown.findChildren(ElidedLabel)]
    return " ".join([*(label.text() for label in shown.findChildren(QLabel)), *elided])


def spoken(line: ConnectionLine) -> str:
    return str(find(line, QWidget, "connection_words").accessibleName())


def click(page: QWidget, name: str) -> None:
    button = page.findChild(QPushButton, name) or page.findChild(QToolButton, name)
    assert isinstance(button, QPushButton | QToolButton)
    assert button.isVisible()
    assert button.isEnabled()
    button.click()


def type_in(qtbot: QtBot, page: DownloadsPage, text: str, *, enter: bool = True) -> None:
    box = find(page, QLineEdit, "downloads_search")
    box.setText(text)
    if enter:
        QTest.keyClick(box, Qt.Key.Key_Return)


# -- the catalogue -----------------------------------------------------------------------------------------------------


def test_the_catalogue_is_grouped_with_the_best_of_each_task_first(page: DownloadsPage) -> None:
    titles = [row.title for row in rows(page, "catalogue")]
    assert titles[:4] == ["Conversation", "Qwen3 8B", "Qwen3 4B", "Qwen3 30B-A3B Instruct 2507"]
    assert [row.title for row in rows(page, "catalogue") if isinstance(row, GroupRow)] == [
        "Conversation",
        "Code",
        "Small and fast",
        "Search by meaning (embeddings)",
        "Images",
        "Ranking of search results",
    ]
    known = choices(page, "catalogue")
    assert known["qwen3:8b"].mark == "Best for this computer"
    assert (known["qwen3:8b"].figure, badge(known["qwen3:8b"])) == ("5.0 GB", "fits now")
    assert badge(known["qwen3:30b"]) == "too big by 12.3 GB"
    assert (badge(known["qwen3:4b"]), known["qwen3:4b"].mark) == ("Downloaded", "")


def test_download_pulls_the_quantization_that_fits(page: DownloadsPage, link: Link) -> None:
    click(page, "catalogue_get")
    assert link.asked == [("pull", "Qwen/qwen3-8b-GGUF:Q4_K_M")]


def test_a_downloaded_model_cannot_be_downloaded_again(page: DownloadsPage) -> None:
    find(page, ChoiceView, "catalogue").select("qwen3:4b")
    assert not find(page, QPushButton, "catalogue_get").isEnabled()
    assert find(page, QPushButton, "catalogue_more").isEnabled()


def test_a_running_download_is_marked(page: DownloadsPage, bridge: FakeBridge) -> None:
    bridge.publish(snapshot(downloads=(download(repo="Qwen/qwen3-8b-GGUF"),)))
    assert badge(choices(page, "catalogue")["qwen3:8b"]) == "Downloading"
    assert not find(page, QPushButton, "catalogue_get").isEnabled()
    bridge.publish(snapshot(downloads=(download(state=DownloadState.DONE, repo="Qwen/qwen3-8b-GGUF"),)))
    assert badge(choices(page, "catalogue")["qwen3:8b"]) == "fits now"


def test_the_catalogue_filters_by_task(page: DownloadsPage) -> None:
    tasks = find(page, QComboBox, "downloads_task")
    tasks.setCurrentIndex(tasks.findData("code"))
    assert [row.title for row in rows(page, "catalogue")] == ["Code", "Qwen2.5 Coder 7B"]


def test_an_unreadable_catalogue_can_be_retried(waiting_page: DownloadsPage, bridge: FakeBridge) -> None:
    page = waiting_page
    empty = find(page, EmptyState, "catalogue_empty")
    assert "One moment" in words(empty)
    bridge.answer_with(catalogue=EngineError("The catalogue cannot be read", hint="Install Preheat again"))
    assert "The catalogue cannot be read. Install Preheat again." in words(empty)
    bridge.answer_with(catalogue=CATALOGUE)
    empty.clicked.emit()
    assert choices(page, "catalogue")


def test_a_failed_pull_shows_the_reason(page: DownloadsPage, bridge: FakeBridge) -> None:
    bridge.answer_with(pull=EngineError("There is no room for it", hint="Delete a model"))
    click(page, "catalogue_get")
    banner = find(page, Banner, "downloads_banner")
    assert banner.isVisible()
    assert banner.accessibleName() == "There is no room for it. Delete a model."


# -- search ------------------------------------------------------------------------------------------------------------


def test_the_search_waits_for_a_pause_in_typing(qtbot: QtBot, page: DownloadsPage, link: Link) -> None:
    box = find(page, QLineEdit, "downloads_search")
    for text in ("q", "qw", "qwen"):
        box.setText(text)
    assert link.asked == []
    qtbot.waitUntil(lambda: link.asked == [("search", "qwen", None)])
    shown = list(choices(page, "search_results"))
    assert shown[:2] == ["qwen3:8b", "qwen2.5-coder:7b"]  # the best of each task
    assert shown[5:] == [FOUND[0].repo, FOUND[1].repo, FOUND[2].repo]  # the last one is a suggestion's


def test_enter_searches_at_once_and_for_the_task(qtbot: QtBot, page: DownloadsPage, link: Link) -> None:
    tasks = find(page, QComboBox, "downloads_task")
    tasks.setCurrentIndex(tasks.findData("vision"))
    type_in(qtbot, page, " gemma ")
    assert link.asked == [("search", "gemma", "vision")]
    type_in(qtbot, page, "gemma")
    assert len(link.asked) == 1


def test_results_have_details_and_badges(qtbot: QtBot, page: DownloadsPage) -> None:
    type_in(qtbot, page, "zebra")
    found = choices(page, "search_results")
    assert [badge(row) for row in found.values()] == [
        "fits now",
        "too big by 2.5 GB",
        "Licence must be accepted",
        "Downloaded",
    ]
    assert [row.figure for row in found.values()] == ["≈ 2.4 GB", "≈ 8.9 GB", "≈ 6.8 GB", ""]
    assert found[FOUND[0].repo].sentence == (
        "Chat, tools · 4 billion parameters · apache-2.0 · 412 k downloads · updated Apr 2025"
    )
    assert "context length 40,960 · apache-2.0" in words(find(page, ChoiceStrip, "search_strip"))


def test_suggestions_come_first_and_can_be_downloaded(
    qtbot: QtBot, waiting_page: DownloadsPage, bridge: FakeBridge
) -> None:
    page, link = waiting_page, Link(bridge)
    bridge.answer_with(search=[])
    type_in(qtbot, page, "coder")
    titles = [row.title for row in rows(page, "search_results")]
    assert titles == ["Suggested by Preheat", "Qwen2.5 Coder 7B", "Hugging Face: nothing more with these words"]
    click(page, "search_get")
    assert link.asked[-1] == ("pull", "Qwen/qwen2.5-coder-7b-GGUF:Q4_K_M")
    click(page, "search_more")
    assert ("repo_files", "Qwen/qwen2.5-coder-7b-GGUF") in link.asked


def test_downloads_after_the_search_are_marked(qtbot: QtBot, page: DownloadsPage, bridge: FakeBridge) -> None:
    type_in(qtbot, page, "unsloth")
    bridge.publish(snapshot(downloads=(download(repo=FOUND[1].repo),)))
    assert badge(choices(page, "search_results")[FOUND[1].repo]) == "Downloading"
    bridge.publish(snapshot(downloads=(download(state=DownloadState.DONE, repo=FOUND[1].repo),)))
    assert badge(choices(page, "search_results")[FOUND[1].repo]) == "Downloaded"


def test_answers_to_an_earlier_query_are_ignored(qtbot: QtBot, waiting_page: DownloadsPage, bridge: FakeBridge) -> None:
    page = waiting_page
    type_in(qtbot, page, "first")
    type_in(qtbot, page, "second")
    assert "Searching" in words(find(page, EmptyState, "search_empty"))
    bridge.answer_with(search=lambda query, _task: FOUND if query == "first" else FOUND[:1])
    assert len(choices(page, "search_results")) == 1


def test_nothing_found_leads_back_to_the_suggestions(qtbot: QtBot, page: DownloadsPage, bridge: FakeBridge) -> None:
    bridge.answer_with(search=[])
    type_in(qtbot, page, "unicorn")
    assert "Nothing found" in words(find(page, EmptyState, "search_empty"))
    find(page, EmptyState, "search_empty").clicked.emit()
    assert find(page, ChoiceView, "catalogue").isVisible()


def test_without_a_connection_suggestions_are_searched_and_nothing_moves(
    qtbot: QtBot, page: DownloadsPage, bridge: FakeBridge
) -> None:
    line, view = find(page, ConnectionLine, "connection_line"), find(page, ChoiceView, "search_results")
    type_in(qtbot, page, "30b")
    place = line.geometry(), view.geometry()
    bridge.answer_with(search=OFFLINE)
    type_in(qtbot, page, "qwen3")
    assert "No connection" in spoken(line)
    assert [row.title for row in rows(page, "search_results")][-1] == "Hugging Face: no connection"
    assert list(choices(page, "search_results")) == ["qwen3:8b", "qwen3:4b", "qwen3:30b"]
    view.select("qwen3:4b")
    assert (line.geometry(), view.geometry()) == place
    click(page, "connection_close")
    type_in(qtbot, page, "qwen3 4b")
    assert spoken(line) == "For this computer, with 8.0 GB of memory for models"  # dismissed while it lasts
    bridge.answer_with(search=FOUND)
    type_in(qtbot, page, "qwen3")
    assert view.selected_key == "qwen3:4b"
    assert (line.geometry(), view.geometry()) == place
    bridge.answer_with(search=OFFLINE)
    type_in(qtbot, page, "qwen3 8b")
    assert "No connection" in spoken(line)  # the next one is told again
    bridge.answer_with(search=FOUND)
    click(page, "connection_retry")
    assert FOUND[1].repo in choices(page, "search_results")
    assert "No connection" not in spoken(line)


def test_a_download_without_a_connection_moves_nothing(page: DownloadsPage, bridge: FakeBridge) -> None:
    line, view = find(page, ConnectionLine, "connection_line"), find(page, ChoiceView, "catalogue")
    place = line.geometry(), view.geometry()
    bridge.answer_with(pull=OFFLINE, search=OFFLINE)
    click(page, "catalogue_get")
    assert "cannot be reached now" in words(find(page, ChoiceStrip, "catalogue_strip"))
    assert not find(page, Banner, "downloads_banner").isVisible()
    click(page, "connection_close")
    click(page, "catalogue_get")
    click(page, "connection_retry")
    assert "No connection" in spoken(line)
    assert (line.geometry(), view.geometry()) == place
    bridge.answer_with(search=[])
    click(page, "connection_retry")
    assert "No connection" not in spoken(line)


def test_a_search_without_a_connection_is_repeated_unseen(
    qtbot: QtBot, page: DownloadsPage, bridge: FakeBridge
) -> None:
    bridge.answer_with(search=OFFLINE)
    type_in(qtbot, page, "unicorn")
    empty = find(page, EmptyState, "search_empty")
    assert "Hugging Face cannot be reached now. Check the network." in words(empty)
    page.deactivate()
    bridge.answer_with(search=FOUND)
    assert choices(page, "search_results") == {}
    page.activate()
    assert len(choices(page, "search_results")) == len(FOUND)


def test_other_failures_are_not_called_offline(qtbot: QtBot, page: DownloadsPage, bridge: FakeBridge) -> None:
    bridge.answer_with(search=HubRateLimitedError(msg("hub_rate_limited")))
    type_in(qtbot, page, "unicorn")
    assert "fewer requests" in words(find(page, EmptyState, "search_empty"))
    assert "No connection" not in spoken(find(page, ConnectionLine, "connection_line"))


def test_a_thousand_results_are_shown_quickly(qtbot: QtBot, page: DownloadsPage, bridge: FakeBridge) -> None:
    bridge.answer_with(search=[replace(FOUND[0], repo=f"owner/model-{number}") for number in range(1000)])
    type_in(qtbot, page, "owner")
    view = find(page, ChoiceView, "search_results")
    view.scrollToBottom()
    assert len(choices(page, "search_results")) == 1000
    assert view.indexAt(view.viewport().rect().center()).row() > 900
    assert len(page.findChildren(QWidget)) < 200  # no widget a row


# -- sizes -------------------------------------------------------------------------------------------------------------


def test_what_cannot_be_used_is_not_chosen_by_itself(qtbot: QtBot, theme: Theme) -> None:
    view = ChoiceView("list", "List")
    qtbot.addWidget(view)
    bad = Badge("too big", "warning", Token.BAD)
    view.show_rows([ChoiceRow("big", "Big", badge=bad), ChoiceRow("small", "Small")])
    assert view.selected_key == "small"
    view.show_rows([ChoiceRow("big", "Big", badge=bad)])
    assert view.selected_key == "big"


def test_a_result_opens_its_sizes_with_the_recommended_one_selected(
    qtbot: QtBot, page: DownloadsPage, link: Link
) -> None:
    type_in(qtbot, page, "zebra")
    find(page, ChoiceView, "search_results").select("Qwen/Qwen3-8B-GGUF")
    click(page, "search_get")
    assert link.asked[-2:] == [("repo_files", "Qwen/Qwen3-8B-GGUF"), ("get_card", "Qwen/Qwen3-8B-GGUF")]
    offered = list(choices(page, "offer").values())
    assert offered[1].title == "4-bit, good quality"
    assert offered[1].mark == "Recommended"
    assert offered[1].sentence == "Q4_K_M · uses about 5.9 GB of memory"
    assert badge(offered[3]) == "too big by 1.7 GB"
    click(page, "offer_get")
    assert link.asked[-1] == ("pull", "Qwen/Qwen3-8B-GGUF:Q4_K_M")
    assert find(page, ChoiceView, "search_results").isVisible()


def test_a_pasted_name_opens_its_sizes(qtbot: QtBot, page: DownloadsPage, link: Link) -> None:
    type_in(qtbot, page, "hf.co/Qwen/Qwen3-8B-GGUF")
    assert link.asked[0] == ("repo_files", "hf.co/Qwen/Qwen3-8B-GGUF")
    assert find(page, ChoiceView, "offer").isVisible()


def test_other_sizes_of_a_suggestion_and_back(qtbot: QtBot, page: DownloadsPage, link: Link) -> None:
    click(page, "catalogue_more")
    assert link.asked[0] == ("repo_files", "Qwen/qwen3-8b-GGUF")
    QTest.keyClick(find(page, ChoiceView, "offer"), Qt.Key.Key_Escape)
    assert find(page, ChoiceView, "catalogue").isVisible()


def test_a_gated_repository_explains_what_to_do(
    qtbot: QtBot, page: DownloadsPage, bridge: FakeBridge, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[QUrl] = []
    monkeypatch.setattr(QDesktopServices, "openUrl", opened.append)
    bridge.answer_with(
        repo_files=GatedError("google/gemma is given only to users who accepted its terms", hint="Accept")
    )
    type_in(qtbot, page, "google/gemma")
    empty = find(page, EmptyState, "offer_empty")
    assert "The licence must be accepted first: on the model's web page." in words(empty)
    empty.clicked.emit()
    assert opened == [QUrl("https://huggingface.co/google/gemma")]
    bridge.answer_with(repo_files=replace(OFFER, gated=True))
    type_in(qtbot, page, "google/gemma")
    banner = find(page, Banner, "offer_gated")
    assert banner.isVisible()
    bridge.answer_with(get_hub_account=HubAccount(""))
    banner.clicked.emit()
    assert find(page, QDialog, "hub_account_dialog").isVisible()
    bridge.answer_with(repo_files=replace(OFFER, gated=True, access=True))
    type_in(qtbot, page, "google/gemma")
    assert not banner.isVisible()


def test_a_model_that_is_not_there_may_be_private(qtbot: QtBot, page: DownloadsPage, bridge: FakeBridge) -> None:
    missing = RepoNotFoundError(msg("hub_repo_not_found_signed_out", repo="a/b", hub="https://huggingface.co"))
    bridge.answer_with(repo_files=missing, get_card=missing)
    type_in(qtbot, page, "a/b")
    assert "if it is private, sign in." in words(find(page, EmptyState, "offer_empty"))


def test_a_failed_lookup_can_be_retried(qtbot: QtBot, page: DownloadsPage, bridge: FakeBridge) -> None:
    bridge.answer_with(repo_files=OFFLINE)
    type_in(qtbot, page, "Qwen/Qwen3-8B-GGUF")
    bridge.answer_with(repo_files=OFFER)
    find(page, EmptyState, "offer_empty").clicked.emit()
    assert find(page, ChoiceView, "offer").selected_key == "Qwen/Qwen3-8B-GGUF:Q4_K_M"


def test_a_models_card_is_next_to_its_sizes_or_in_a_tab(qtbot: QtBot, page: DownloadsPage) -> None:
    type_in(qtbot, page, "Qwen/Qwen3-8B-GGUF")
    browser = find(page, CardBrowser, "model_card")
    assert "thinking and non-thinking modes" in browser.toPlainText()
    assert browser.isVisible()
    assert find(page, ChoiceView, "offer").isVisible()
    page.resize(700, 480)
    tabs = find(page, QTabBar, "offer_tabs")
    qtbot.waitUntil(tabs.isVisible)
    assert not browser.isVisible()
    tabs.setCurrentIndex(1)
    assert browser.isVisible()
    assert not find(page, ChoiceView, "offer").isVisible()


def test_a_card_asks_nothing_of_the_network(
    qtbot: QtBot, page: DownloadsPage, bridge: FakeBridge, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    opened: list[QUrl] = []
    monkeypatch.setattr(QDesktopServices, "openUrl", opened.append)
    image = tmp_path / "image.png"
    QImage(8, 8, QImage.Format.Format_RGB32).save(str(image))
    html = f'<p>a</p><img src="{image.as_uri()}"><a href="file:///etc/passwd">b</a>'
    bridge.answer_with(get_card=RepoCard("a/b", html, html))
    type_in(qtbot, page, "a/b")
    browser = find(page, CardBrowser, "model_card")
    assert not browser.loadResource(2, QUrl.fromLocalFile(str(image)))
    for address in ("file:///etc/passwd", "javascript:x", "https://example.org/"):
        browser.anchorClicked.emit(QUrl(address))
    assert opened == [QUrl("https://example.org/")]


def test_without_a_connection_a_suggestion_has_its_sizes(qtbot: QtBot, page: DownloadsPage, bridge: FakeBridge) -> None:
    facts = find(page, ElidedLabel, "offer_facts")
    bridge.answer_with(get_card=OFFLINE, repo_files=replace(OFFER, from_catalogue=True))
    click(page, "catalogue_more")
    assert "No connection" in facts.text()
    assert "It appears here when Hugging Face can be reached." in words(find(page, EmptyState, "card_empty"))
    bridge.answer_with(get_card=CARD, repo_files=OFFER)
    find(page, EmptyState, "card_empty").clicked.emit()
    assert find(page, CardBrowser, "model_card").isVisible()
    assert "54 k downloads" in facts.text()


# -- the queue ---------------------------------------------------------------------------------------------------------


def row_of(page: DownloadsPage, download_id: str) -> DownloadRow:
    row = page.findChild(DownloadRow, f"download_{download_id}")
    assert isinstance(row, DownloadRow)
    return row


def test_the_queue_is_hidden_without_downloads(page: DownloadsPage, bridge: FakeBridge) -> None:
    queue = find(page, QWidget, "downloads_queue")
    assert not queue.isVisible()
    bridge.publish(snapshot(downloads=(download(),)))
    assert queue.isVisible()
    bridge.publish(snapshot())
    assert not queue.isVisible()


@pytest.mark.parametrize(
    ("state", "button", "asked"),
    [
        (DownloadState.RUNNING, "download_pause", "pause_download"),
        (DownloadState.QUEUED, "download_pause", "pause_download"),
        (DownloadState.CHECKING, "download_pause", "pause_download"),
        (DownloadState.PAUSED, "download_pause", "resume_download"),
        (DownloadState.FAILED, "download_retry", "resume_download"),
        (DownloadState.FAILED, "download_cancel", "forget_download"),
        (DownloadState.DONE, "download_cancel", "forget_download"),
        (DownloadState.QUEUED, "download_cancel", "cancel_download"),
    ],
)
def test_each_state_has_its_buttons(
    page: DownloadsPage, bridge: FakeBridge, link: Link, state: DownloadState, button: str, asked: str
) -> None:
    bridge.publish(snapshot(downloads=(download("d7", state, done_bytes=0),)))
    click(row_of(page, "d7"), button)
    assert link.asked == [(asked, "d7")]


@pytest.mark.parametrize(("answer", "cancelled"), [("Cancel download", True), ("Keep", False)])
def test_cancelling_a_large_download_asks_first(
    page: DownloadsPage, bridge: FakeBridge, link: Link, answer: str, cancelled: bool
) -> None:
    bridge.publish(snapshot(downloads=(download(),)))
    click(row_of(page, "d1"), "download_cancel")
    assert link.asked == []
    box = find(page, QMessageBox, "cancel_question")
    assert "1.2 GB are downloaded" in box.informativeText()
    next(button for button in box.buttons() if button.text().replace("&", "") == answer).click()
    assert link.asked == ([("cancel_download", "d1")] if cancelled else [])


def test_a_downloaded_model_can_be_tried_and_starred(qtbot: QtBot, page: DownloadsPage, bridge: FakeBridge) -> None:
    arrived = download(state=DownloadState.DONE)
    bridge.publish(snapshot(downloads=(arrived,)))
    assert not find(row_of(page, "d1"), QPushButton, "download_try").isVisible()
    bridge.publish(snapshot(HERE, downloads=(arrived,)))
    click(row_of(page, "d1"), "download_star")
    assert bridge.commands == [("set_favourite", "qwen3-8b", True)]
    with qtbot.waitSignal(page.page_requested) as asked:
        click(row_of(page, "d1"), "download_try")
    assert asked.args == ["try", "qwen3-8b"]


def test_progress_never_goes_backwards_within_a_state(page: DownloadsPage, bridge: FakeBridge) -> None:
    for done, shown in ((1_880_000_000, 400), (1_410_000_000, 400), (2_350_000_000, 500)):
        bridge.publish(snapshot(downloads=(download(done_bytes=done),)))
        bar = find(row_of(page, "d1"), QWidget, "download_progress")
        assert bar.value() == shown
    bridge.publish(snapshot(downloads=(download(state=DownloadState.PAUSED, done_bytes=1_410_000_000),)))
    assert find(row_of(page, "d1"), QWidget, "download_progress").value() == 300


def test_the_queue_is_as_high_as_its_rows(qtbot: QtBot, page: DownloadsPage, bridge: FakeBridge) -> None:
    queue = find(page, QWidget, "downloads_queue")
    bridge.publish(snapshot(downloads=(download(),)))
    qtbot.waitUntil(lambda: queue.height() > 50)
    with_bar = queue.height()
    bridge.publish(snapshot(downloads=(download(state=DownloadState.DONE),)))
    qtbot.waitUntil(lambda: queue.height() < with_bar)
    bridge.publish(snapshot(downloads=tuple(download(str(number)) for number in range(20))))
    qtbot.waitUntil(lambda: queue.height() == round(page.height() * 0.4))


def test_further_downloads_are_counted(page: DownloadsPage, bridge: FakeBridge) -> None:
    many = [download(f"q{number}", DownloadState.QUEUED) for number in range(MAX_ROWS + 5)]
    many += [download("done", DownloadState.DONE), download("now", DownloadState.RUNNING)]
    bridge.publish(snapshot(downloads=tuple(many)))
    assert len(page.findChildren(DownloadRow)) == MAX_ROWS
    assert row_of(page, "now").y() < row_of(page, "q0").y()
    assert find(page, QLabel, "downloads_more").text() == "6 more queued, 1 more finished"


def test_a_second_press_of_pause_resumes(page: DownloadsPage, bridge: FakeBridge, link: Link) -> None:
    others = (download("d1"), download("d3", DownloadState.QUEUED))
    bridge.publish(snapshot(downloads=(*others, download("d2"))))
    button = find(row_of(page, "d2"), QToolButton, "download_pause")
    button.setFocus()
    QTest.keyClick(button, Qt.Key.Key_Space)
    # The row of another download takes the place
    bridge.publish(snapshot(downloads=(download("d2", DownloadState.PAUSED), *others)))
    assert page.window().focusWidget() is button
    QTest.keyClick(button, Qt.Key.Key_Space)
    assert link.asked == [("pause_download", "d2"), ("resume_download", "d2")]


def test_every_button_names_its_download(page: DownloadsPage, bridge: FakeBridge) -> None:
    bridge.publish(snapshot(downloads=(download(name="qwen3:8b"),)))
    row = row_of(page, "d1")
    assert find(row, QToolButton, "download_pause").accessibleName() == "Pause: qwen3:8b"
    assert row.accessibleName() == "qwen3:8b: Downloading"


def test_a_hidden_page_asks_nothing(page: DownloadsPage, bridge: FakeBridge) -> None:
    page.deactivate()
    bridge.publish(snapshot(downloads=(download(),)))
    assert page.findChildren(DownloadRow) == []
    page.activate()
    assert len(page.findChildren(DownloadRow)) == 1


def test_waiting_for_space_explains_what_to_do(page: DownloadsPage, bridge: FakeBridge) -> None:
    notice = msg("text", text="There is no space for it", hint="Free some space")
    bridge.publish(snapshot(downloads=(download(state=DownloadState.WAITING_FOR_SPACE, notice=notice),)))
    row = row_of(page, "d1")
    problem = find(row, QLabel, "download_problem")
    assert problem.isVisible()
    assert problem.text() == "Waiting for disk space · 1.2 of 4.7 GB · There is no space for it. Free some space."
    assert find(row, QToolButton, "download_pause").isVisible()
    assert find(row, QWidget, "download_progress").isVisible()
