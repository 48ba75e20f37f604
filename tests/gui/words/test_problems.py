"""The most important problem is shown, with its remedy."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QUrl
from PySide6.QtGui import QDesktopServices
from pytestqt.qtbot import QtBot

from fake_bridge import URL, FakeBridge, model, snapshot
from preheat.control import PortStatus
from preheat.errors import EngineError, PortInUseError, SettingsError
from preheat.messages import verbatim
from preheat.residency import State
from preheat_gui.app.problem_watch import ProblemWatch, RecentFailures, find_free_port, free_bytes
from preheat_gui.words import Circumstances, Kind, Problem, ProblemAction, Remedy, find_problem, sentence


def shown_kind(bridge: FakeBridge) -> Kind | None:
    return bridge.problem.kind if bridge.problem else None


OPEN = PortStatus(URL, None)
TAKEN = PortStatus(None, PortInUseError("Port 11435 is taken by the process nc, pid 7", hint="End it"))
BROKEN = SettingsError("settings.toml line 3 is not valid TOML: expected '='")

# Circumstances with the expected problem, most important first.
TROUBLES: list[tuple[dict[str, Any], Kind, str, ProblemAction | None]] = [
    (
        {"port": PortStatus(None, TAKEN.error, engine_error=verbatim("The engine has ended: disk I/O error."))},
        Kind.ENGINE_ENDED,
        "The engine has ended: disk I/O error. No model can be used until it runs again.",
        ProblemAction(Remedy.RESTART_ENGINE, "&Start it again"),
    ),
    (
        {"port": TAKEN, "free_port": 11437},
        Kind.PORT_TAKEN,
        "Port 11435 is taken by the process nc, pid 7. "
        "Other apps can't connect. Preheat takes it when that program ends.",
        ProblemAction(Remedy.USE_PORT, "&Use port 11437", "11437"),
    ),
    (
        {"settings_problem": BROKEN},
        Kind.SETTINGS_BROKEN,
        "settings.toml line 3 is not valid TOML: expected '='. "
        "Until you correct it, the last valid settings apply, or the defaults if there are none.",
        ProblemAction(Remedy.OPEN_FILE, "&Open the file", "/home/me/settings.toml"),
    ),
    (
        {"free_bytes": 12_300_000},
        Kind.DISK_FULL,
        "The disk is nearly full: 12.3 MB left. "
        "Usage and downloads cannot be saved. Free some space, for example by deleting a model.",
        ProblemAction(Remedy.OPEN_FOLDER, "&Open the folder", "/home/me/data"),
    ),
    (
        {"warning": "usage.sqlite cannot be written: the disk is full"},
        Kind.USAGE_NOT_KEPT,
        "usage.sqlite cannot be written: the disk is full. Models keep working, but usage data may be lost.",
        ProblemAction(Remedy.SHOW_LOG, "Show the &log"),
    ),
    (
        {"models": [model("m-7b", State.FAILED, error="it was ended by SIGABRT")], "failures": {"m-7b": 3}},
        Kind.CRASH_LOOP,
        "m-7b has failed 3 times in a row: it was ended by SIGABRT. "
        "The file may be damaged, or too new for this version of Preheat. Try another file.",
        ProblemAction(Remedy.SHOW_LOG, "Show the &log"),
    ),
    (
        {"models": [model("m-8b", State.HOT, file_missing=True)]},
        Kind.FILE_MISSING,
        "The file of m-8b is missing. The model works until it is unloaded. Restore the file or download it again.",
        None,
    ),
    (
        {"models": [model("m-9b", State.FAILED, error="m-9b: the file ends early", favourite=True)]},
        Kind.LOAD_FAILED,
        "m-9b is not available: the file ends early.",
        ProblemAction(Remedy.LOAD, "&Try again", "m-9b"),
    ),
]


def judge(*troubles: dict[str, Any]) -> Problem | None:
    merged: dict[str, Any] = {"port": OPEN, "models": [], "warning": None}
    for trouble in troubles:
        merged |= {**trouble, "models": merged["models"] + trouble.get("models", [])}
    state = snapshot(*merged.pop("models"), warning=merged.pop("warning"))
    port = merged.pop("port")
    return find_problem(state, port, Circumstances("/home/me/settings.toml", "/home/me/data", **merged))


@pytest.mark.parametrize(("trouble", "kind", "text", "action"), TROUBLES)
def test_each_problem_has_a_sentence_and_a_remedy(
    trouble: dict[str, Any], kind: Kind, text: str, action: ProblemAction | None
) -> None:
    problem = judge(trouble)
    assert problem is not None
    assert (problem.kind, problem.text, problem.action) == (kind, text, action)


@pytest.mark.parametrize("weight", range(len(TROUBLES)))
def test_the_most_important_problem_is_shown(weight: int) -> None:
    problem = judge(*[trouble for trouble, *_ in reversed(TROUBLES[weight:])])
    assert problem is not None
    assert problem.kind is TROUBLES[weight][1]


def test_without_problems_nothing_is_shown() -> None:
    assert judge({"models": [model("a", State.HOT), model("b", State.LOADING), model("c")]}) is None
    assert judge({"free_bytes": 10**12}) is None


def test_a_taken_port_without_a_free_one_leads_to_the_settings() -> None:
    problem = judge({"port": TAKEN})
    assert problem is not None
    assert problem.action == ProblemAction(Remedy.OPEN_SETTINGS, "Open &settings", "access")
    assert problem.other == ProblemAction(Remedy.OPEN_PORT, "&Try again")


def test_a_port_of_an_option_is_not_offered_to_be_changed() -> None:
    problem = judge({"port": TAKEN, "free_port": 11437, "overridden": {"port"}})
    assert problem is not None
    assert (problem.action, problem.other) == (ProblemAction(Remedy.OPEN_PORT, "&Try again"), None)


def test_a_taken_port_leaves_the_old_one_open() -> None:
    problem = judge({"port": PortStatus(URL, TAKEN.error)})
    assert problem is not None
    assert problem.remedy == f"Preheat takes it when that program ends, and stays at {URL} until then."


def test_an_unusable_host_leads_to_the_settings() -> None:
    error = SettingsError("Cannot listen on 10.0.0.9:11435: no such address", hint="Check the settings host and port")
    problem = judge({"port": PortStatus(None, error)})
    assert problem is not None
    assert problem.kind is Kind.PORT_CLOSED
    assert problem.text == "Cannot listen on 10.0.0.9:11435: no such address. Check the settings host and port."


def test_an_old_failure_is_shown_for_favourites_only() -> None:
    failed = model("a", State.FAILED)
    assert judge({"models": [failed]}) is None
    assert judge({"models": [failed], "failures": {"a": 1}}) is not None
    assert judge({"models": [model("a", State.FAILED, favourite=True)]}) is not None


def test_a_recovered_model_is_no_problem() -> None:
    assert judge({"models": [model("a", State.HOT)], "failures": {"a": 3}}) is None


@pytest.mark.parametrize(("words", "expected"), [("No", "No."), ("No.", "No."), ("", ""), (" Why? ", "Why?")])
def test_sentences_end_with_a_full_stop(words: str, expected: str) -> None:
    assert sentence(words) == expected


def test_failures_are_counted_for_ten_minutes() -> None:
    now = 1000.0
    failures = RecentFailures(lambda: now)
    for state in (State.LOADING, State.FAILED, State.FAILED, State.QUEUED, State.LOADING, State.FAILED):
        failures.see(snapshot(model("a", state)))
        now += 10
    failures.see(snapshot(model("a", State.QUEUED)))
    failures.see(snapshot(model("a", State.FAILED)))  # no room: nothing was wrong with the model
    assert failures.counts() == {"a": 2}
    now = 1000.0 + 10 + 601
    assert failures.counts() == {"a": 1}
    now += 600
    assert failures.counts() == {}


def test_the_watch_reports_and_clears_problems(bridge: FakeBridge, qtbot: QtBot) -> None:
    watch = ProblemWatch(bridge)
    with qtbot.waitSignal(bridge.problem_changed):
        bridge.publish(snapshot(model("a", State.FAILED)))
    assert bridge.problem is not None
    assert bridge.problem.model_id == "a"
    with qtbot.waitSignal(bridge.problem_changed):
        bridge.publish_settings_problem(BROKEN)
    assert shown_kind(bridge) is Kind.SETTINGS_BROKEN
    bridge.publish_port(error=TAKEN.error)
    assert shown_kind(bridge) is Kind.PORT_TAKEN
    assert bridge.problem.action is not None
    assert bridge.problem.action.action is Remedy.USE_PORT
    bridge.publish_port(url=URL)
    bridge.publish_settings_problem(None)
    bridge.publish(snapshot(model("a", State.HOT)))
    assert bridge.problem is None
    watch.deleteLater()


def test_the_watch_checks_the_disk(bridge: FakeBridge, monkeypatch: pytest.MonkeyPatch) -> None:
    watch = ProblemWatch(bridge)
    monkeypatch.setattr("preheat_gui.app.problem_watch.free_bytes", lambda folder: 1000)
    bridge.opened.emit()
    assert bridge.problem is not None
    assert bridge.problem.kind is Kind.DISK_FULL
    watch.deleteLater()


def test_free_space_of_a_missing_folder(tmp_path: Path) -> None:
    free = free_bytes(tmp_path / "a" / "b")
    assert free is not None
    assert free > 0


def test_a_free_port_has_no_listener() -> None:
    with socket.socket() as sock, socket.socket() as other:
        sock.bind(("127.0.0.1", 0))
        taken = sock.getsockname()[1]
        free = find_free_port("127.0.0.1", taken)
        assert free is not None
        assert taken < free <= taken + 20
        other.bind(("127.0.0.1", free))
    assert find_free_port("127.0.0.1", 65535) is None
    assert find_free_port("no such host", 1000) is None


@pytest.mark.parametrize(
    ("action", "target", "command"),
    [
        (Remedy.RESTART_ENGINE, "", ("restart_engine",)),
        (Remedy.USE_PORT, "11436", ("change_settings", {"port": "11436"})),
        (Remedy.LOAD, "a", ("load", "a")),
    ],
)
def test_a_button_runs_its_command(bridge: FakeBridge, action: Remedy, target: str, command: tuple[Any, ...]) -> None:
    bridge.act_on(ProblemAction(action, "", target))
    assert bridge.commands == [command]


@pytest.mark.parametrize("action", [Remedy.OPEN_FILE, Remedy.OPEN_FOLDER])
def test_a_button_opens_a_file(bridge: FakeBridge, monkeypatch: pytest.MonkeyPatch, action: Remedy) -> None:
    opened: list[QUrl] = []
    monkeypatch.setattr(QDesktopServices, "openUrl", opened.append)
    bridge.act_on(ProblemAction(action, "", "/home/me/settings.toml"))
    assert [url.toLocalFile() for url in opened] == ["/home/me/settings.toml"]


@pytest.mark.parametrize(
    ("action", "view"), [(Remedy.OPEN_SETTINGS, ["settings", "port"]), (Remedy.SHOW_LOG, ["log", ""])]
)
def test_a_button_asks_for_a_view(bridge: FakeBridge, qtbot: QtBot, action: Remedy, view: list[str]) -> None:
    with qtbot.waitSignal(bridge.view_requested) as requested:
        bridge.act_on(ProblemAction(action, "", "port" if view[1] else ""))
    assert requested.args == view


def test_every_action_does_something(bridge: FakeBridge, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(QDesktopServices, "openUrl", lambda url: bridge.commands.append(("open", url)))
    bridge.view_requested.connect(lambda *view: bridge.commands.append(view))
    for action in Remedy:
        before = len(bridge.commands)
        bridge.act_on(ProblemAction(action, "", "1"))
        assert len(bridge.commands) == before + 1


def test_an_engine_error_is_no_command_failure(bridge: FakeBridge, qtbot: QtBot) -> None:
    watch = ProblemWatch(bridge)
    bridge.publish_port(engine_error="its thread ended")
    bridge.answer_with(nothing=EngineError("no"))
    assert bridge.problem is not None
    assert bridge.problem.kind is Kind.ENGINE_ENDED
    watch.deleteLater()
