"""The bridge: answers arrive on the GUI thread, in order if necessary, and never at destroyed objects."""

from __future__ import annotations

import gc
import threading
from collections.abc import Callable, Generator, Iterator
from functools import partial
from typing import Any, cast

import pytest
from PySide6.QtCore import QObject, QThread
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from fake_bridge import FakeBridge, model, snapshot
from preheat import control, paths
from preheat.control import Command, EngineSession, PortStatus, SettingsChange
from preheat.core import EngineSnapshot
from preheat.errors import EngineError, EngineStoppedError, NotRunningError, PortInUseError, SettingsError
from preheat.inference import FinishReason, GenerateRequest, GenerationChunk, Usage
from preheat.residency import State
from preheat.settings import Settings, SettingsStore
from preheat_gui.bridge import EngineBridge, GenerationFigures
from preheat_gui.bridge.opening import Opened

URL = "http://127.0.0.1:11435"
TIMEOUT_S = 60.0


class StubSession:
    """An EngineSession that records its commands."""

    attached = False

    def __init__(self) -> None:
        self.snapshot = snapshot(model("a", State.HOT))
        self.port = PortStatus(URL, None)
        self.done: list[Any] = []
        self.slow = threading.Event()
        self.slow.set()
        self.closed = threading.Event()
        self.on_snapshot: list[Callable[[EngineSnapshot], None]] = []
        self.on_ports: list[Callable[[PortStatus], None]] = []
        self.error: EngineError | None = None
        self.chunks: list[GenerationChunk | EngineError] = []

    def subscribe(self, callback: Callable[[EngineSnapshot], None]) -> Callable[[], None]:
        self.on_snapshot.append(callback)
        callback(self.snapshot)
        return lambda: None

    def on_port(self, callback: Callable[[PortStatus], None]) -> Callable[[], None]:
        self.on_ports.append(callback)
        callback(self.port)
        return lambda: None

    def call(self, command: Command[Any]) -> Any:
        if isinstance(command, control.GetSettings):
            return control.SettingsState(Settings(downloads_at_once=1), ())
        if isinstance(command, control.UnloadModel):
            self.done.append(command)
            return None
        self._do(command)
        values = dict(command.values) if isinstance(command, control.ChangeSettings) else {}
        return control.SettingsChange(tuple(values), {}, (), Settings(preload=values.get("preload") != "false"))

    def restart(self) -> None:
        self._do("restart")

    def generate(
        self, model_id: str, request: GenerateRequest, on_wait: Callable[[str], None] | None = None
    ) -> Generator[GenerationChunk, None, None]:
        assert on_wait is not None
        on_wait("loading a 50 %")
        try:
            for chunk in self.chunks:
                self.slow.wait(TIMEOUT_S)
                if isinstance(chunk, EngineError):
                    raise chunk
                yield chunk
        finally:
            self.done.append("answer closed")

    def close(self) -> None:
        self.slow.set()
        self.closed.set()

    def _do(self, what: Any) -> None:
        self.slow.wait(TIMEOUT_S)
        if self.error is not None:
            raise self.error
        self.done.append(what)


def opened(session: StubSession) -> Opened:
    return Opened(cast(EngineSession, session), SettingsStore())


@pytest.fixture
def session() -> StubSession:
    return StubSession()


@pytest.fixture
def real(qtbot: QtBot, session: StubSession) -> Iterator[EngineBridge]:
    """A bridge with threads, open, over ``session``."""
    bridge = EngineBridge()
    with qtbot.waitSignal(bridge.opened):
        bridge.start(lambda: opened(session))
    yield bridge
    bridge.close()
    assert bridge.wait_closed(TIMEOUT_S)


def test_there_are_defaults_before_the_engine_is_found(qtbot: QtBot) -> None:
    bridge = EngineBridge()
    assert not bridge.is_open
    assert bridge.snapshot.models == ()
    assert bridge.port == PortStatus(None, None)
    assert bridge.settings == Settings()


def test_opening_brings_snapshot_port_and_settings(real: EngineBridge, session: StubSession) -> None:
    assert real.is_open
    assert real.snapshot is session.snapshot
    assert real.port.url == URL
    assert real.settings.downloads_at_once == 1
    assert real.settings_problem is None


def test_early_commands_run_after_opening(qtbot: QtBot, session: StubSession) -> None:
    bridge = EngineBridge()
    bridge.set_favourite("a", True)
    bridge.load("a")
    bridge.start(lambda: opened(session))
    qtbot.waitUntil(lambda: len(session.done) == 2)
    bridge.close()
    assert bridge.wait_closed(TIMEOUT_S)


def test_an_engine_that_fails_to_open_can_be_opened_again(qtbot: QtBot, session: StubSession) -> None:
    answers: list[EngineError | Opened] = [EngineStoppedError("The engine did not start"), opened(session)]

    def open_session() -> Opened:
        answer = answers.pop(0)
        if isinstance(answer, EngineError):
            raise answer
        return answer

    bridge = EngineBridge()
    with qtbot.waitSignal(bridge.port_changed):
        bridge.start(open_session)
    assert str(bridge.port.engine_error) == "The engine did not start"
    with qtbot.waitSignal(bridge.command_failed):
        bridge.load("a")
    with qtbot.waitSignal(bridge.opened):
        bridge.restart_engine()
    assert bridge.port.engine_error is None
    bridge.close()
    assert bridge.wait_closed(TIMEOUT_S)


def test_a_lost_engine_of_another_process_is_replaced(qtbot: QtBot, session: StubSession) -> None:
    gone, own = StubSession(), session
    gone.attached, gone.error = True, NotRunningError("Preheat is not running")
    sessions = [gone, own]
    bridge = EngineBridge()
    with qtbot.waitSignal(bridge.opened):
        bridge.start(lambda: opened(sessions.pop(0)))
    assert bridge.attached
    with qtbot.waitSignal(bridge.opened):
        bridge.restart_engine()
    assert not bridge.attached
    assert gone.closed.is_set()
    bridge.close()
    assert bridge.wait_closed(TIMEOUT_S)


def test_only_the_newest_snapshot_arrives_on_the_gui_thread(
    real: EngineBridge, session: StubSession, qtbot: QtBot
) -> None:
    seen: list[tuple[EngineSnapshot, bool]] = []
    here = QThread.currentThread()
    receiver = QObject()
    real.snapshot_changed.connect(lambda new: seen.append((new, QThread.currentThread() == here)))
    published = [snapshot(model("a", State.LOADING, progress=step / 100)) for step in range(100)]
    thread = threading.Thread(target=lambda: [session.on_snapshot[0](one) for one in published])
    thread.start()
    thread.join()  # the GUI thread is busy all the while
    qtbot.waitUntil(lambda: bool(seen))
    assert seen == [(published[-1], True)]
    assert real.snapshot is published[-1]
    receiver.deleteLater()


def test_the_last_snapshot_arrives(real: EngineBridge, session: StubSession, qtbot: QtBot) -> None:
    published = [snapshot(model("a", State.LOADING, progress=step / 2000)) for step in range(2000)]
    thread = threading.Thread(target=lambda: [session.on_snapshot[0](one) for one in published])
    thread.start()
    qtbot.waitUntil(lambda: real.snapshot is published[-1])
    thread.join()


def test_port_changes_arrive(real: EngineBridge, session: StubSession, qtbot: QtBot) -> None:
    taken = PortStatus(None, PortInUseError("Port 11435 is taken by nc, pid 7"))
    with qtbot.waitSignal(real.port_changed):
        session.on_ports[0](taken)
    assert real.port is taken


def test_a_switch_turned_on_and_off_ends_off(real: EngineBridge, session: StubSession, qtbot: QtBot) -> None:
    wanted = [control.AddFavourite("a"), control.DropFavourite("a")] * 50
    for command in wanted:
        real.set_favourite("a", isinstance(command, control.AddFavourite))
    qtbot.waitUntil(lambda: len(session.done) == len(wanted))
    assert session.done == wanted


def test_favourites_of_a_variable_are_not_changed(real: EngineBridge, session: StubSession, qtbot: QtBot) -> None:
    real.overridden = {"favourites": "PREHEAT_FAVOURITES"}
    with qtbot.waitSignal(real.command_failed) as failed:
        real.set_favourite("a", True)
    assert str(failed.args[0].title) == "favourites is set by PREHEAT_FAVOURITES and was not changed"
    assert session.done == []


def test_a_slow_load_delays_nothing(real: EngineBridge, session: StubSession, qtbot: QtBot) -> None:
    session.slow.clear()
    real.load("a")
    real.unload("a")
    qtbot.waitUntil(lambda: session.done == [control.UnloadModel("a")])
    session.slow.set()


@pytest.mark.parametrize(
    ("command", "done"),
    [
        (lambda bridge: bridge.load("a"), control.LoadModel("a")),
        (lambda bridge: bridge.unload("a"), control.UnloadModel("a")),
        (lambda bridge: bridge.expect("a"), control.ExpectModel("a")),
        (lambda bridge: bridge.pause(3600.0), control.PausePreloading(3600.0)),
        (lambda bridge: bridge.pause(None), control.PausePreloading(None)),
        (lambda bridge: bridge.resume(), control.ResumePreloading()),
        (lambda bridge: bridge.set_preloading(False), control.ChangeSettings({"preload": "false"})),
        (lambda bridge: bridge.set_preload_at_login(True), control.ChangeSettings({"preload_at_login": "true"})),
        (lambda bridge: bridge.restart_engine(), "restart"),
    ],
)
def test_commands_reach_the_engine(
    real: EngineBridge, session: StubSession, qtbot: QtBot, command: Callable[[EngineBridge], None], done: Any
) -> None:
    command(real)
    qtbot.waitUntil(lambda: session.done == [done])


def test_a_failed_command_emits_its_error(real: EngineBridge, session: StubSession, qtbot: QtBot) -> None:
    session.error = EngineError("No")
    with qtbot.waitSignal(real.command_failed) as failed:
        real.pause(None)
    assert failed.args == [session.error]


def test_a_failure_with_a_handler_goes_to_it_alone(real: EngineBridge, session: StubSession, qtbot: QtBot) -> None:
    session.error = SettingsError("port: must be a number", param="port")
    errors: list[EngineError] = []
    with qtbot.assertNotEmitted(real.command_failed, wait=50):
        real.change_settings({"port": "x"}, on_error=errors.append)
        qtbot.waitUntil(lambda: bool(errors))
    assert errors == [session.error]
    assert real.settings_problem is None


def test_changed_settings_are_emitted(real: EngineBridge, qtbot: QtBot) -> None:
    changes: list[SettingsChange] = []
    with qtbot.waitSignal(real.settings_changed) as changed:
        real.change_settings({"preload": "false"}, on_done=changes.append)
    assert not changed.args[0].preload
    assert real.settings is changed.args[0]
    qtbot.waitUntil(lambda: [change.changed for change in changes] == [("preload",)])


def test_edits_of_the_settings_file_arrive(qtbot: QtBot, session: StubSession) -> None:
    bridge, store = EngineBridge(), SettingsStore()
    store.load()
    with qtbot.waitSignal(bridge.opened):
        bridge.start(lambda: Opened(cast(EngineSession, session), store))
    with qtbot.waitSignal(bridge.settings_changed) as changed:
        store.set({"downloads_at_once": "4"})
    assert changed.args is not None
    assert changed.args[0].downloads_at_once == 4
    paths.settings_path().write_text("downloads_at_once = \n", encoding="utf-8")
    with qtbot.waitSignal(bridge.settings_problem_changed), pytest.raises(SettingsError):
        store.reload()
    assert bridge.settings_problem is not None
    assert bridge.settings.downloads_at_once == 4
    paths.settings_path().write_text("downloads_at_once = 5\n", encoding="utf-8")
    with qtbot.waitSignals([bridge.settings_problem_changed, bridge.settings_changed]):
        store.reload()
    assert str(bridge.settings_problem) == "None"
    assert bridge.settings.downloads_at_once == 5
    bridge.close()
    assert bridge.wait_closed(TIMEOUT_S)


def test_edits_for_an_engine_of_another_process_reload_its_settings(qtbot: QtBot, session: StubSession) -> None:
    bridge, store = EngineBridge(), SettingsStore()
    store.load()
    session.attached = True
    with qtbot.waitSignal(bridge.opened):
        bridge.start(lambda: Opened(cast(EngineSession, session), store))
    store.set({"downloads_at_once": "4"})
    qtbot.waitUntil(lambda: control.ReloadSettings() in session.done)
    bridge.close()
    assert bridge.wait_closed(TIMEOUT_S)


def test_a_broken_settings_file_is_reported_until_it_is_valid(
    real: EngineBridge, session: StubSession, qtbot: QtBot
) -> None:
    session.error = SettingsError("settings.toml line 3 is not valid TOML")
    with qtbot.waitSignal(real.settings_problem_changed):
        real.reload_settings()
    assert real.settings_problem is session.error
    before = real.settings
    session.error = None
    with qtbot.waitSignal(real.settings_problem_changed):
        real.reload_settings()
    assert real.settings_problem is None
    assert real.settings != before


class Window(QObject):
    """Asks, and takes answers as a page does."""

    def __init__(self) -> None:
        super().__init__()
        self.answers: list[Any] = []

    def take(self, answer: str) -> None:
        self.answers.append((answer, QThread.currentThread() == self.thread()))

    def take_for(self, what: str, answer: str) -> None:
        self.answers.append((what, answer))


def test_an_answer_arrives_on_the_gui_thread(real: EngineBridge, qtbot: QtBot) -> None:
    window = Window()
    real.ask(lambda session: threading.current_thread().name, window.take)
    qtbot.waitUntil(lambda: bool(window.answers))
    assert window.answers == [("preheat-task", True)]


def test_an_answer_may_have_context(real: EngineBridge, qtbot: QtBot) -> None:
    window = Window()
    real.ask(lambda session: "yes", partial(window.take_for, "a"))
    qtbot.waitUntil(lambda: window.answers == [("a", "yes")])


def test_an_answer_to_a_destroyed_window_is_dropped(real: EngineBridge, session: StubSession, qtbot: QtBot) -> None:
    session.slow.clear()
    deleted, forgotten, alive = Window(), Window(), Window()
    for window in (deleted, forgotten, alive):
        real.ask(_wait_and_answer, window.take)
        real.ask(_wait_and_answer, partial(window.take_for, "a"))
    destroyed: list[bool] = []
    here = QThread.currentThread()
    forgotten.destroyed.connect(lambda: destroyed.append(QThread.currentThread() == here))
    answers = deleted.answers
    with qtbot.waitSignal(deleted.destroyed):
        deleted.deleteLater()
    del forgotten, window
    gc.collect()
    assert destroyed == [True]
    session.slow.set()
    qtbot.waitUntil(lambda: len(alive.answers) == 2)
    assert answers == []


def _wait_and_answer(session: EngineSession) -> str:
    assert isinstance(session, StubSession)
    session.slow.wait(TIMEOUT_S)
    return "answer"


def test_an_answer_is_written(real: EngineBridge, session: StubSession, qtbot: QtBot) -> None:
    session.chunks = [
        GenerationChunk("Hel"),
        GenerationChunk("lo"),
        GenerationChunk("", finish_reason=FinishReason.STOP, usage=Usage(5, 7)),
    ]
    generation = real.generate("a", GenerateRequest(prompt="Say hello"))
    waits: list[str] = []
    texts: list[str] = []
    generation.waiting.connect(waits.append)
    generation.text.connect(texts.append)
    with qtbot.waitSignal(generation.ended) as ended:
        pass
    figures: GenerationFigures = ended.args[0]
    assert waits == ["loading a 50 %"]
    assert "".join(texts) == "Hello"
    assert figures.completion_tokens == 7
    assert figures.finish_reason is FinishReason.STOP
    assert figures.ttft_s is not None
    assert figures.tokens_per_s is not None
    assert generation.over


def test_an_answer_may_fail(real: EngineBridge, session: StubSession, qtbot: QtBot) -> None:
    session.chunks = [GenerationChunk("Hel"), EngineError("The worker died")]
    generation = real.generate("a", GenerateRequest(prompt="Say hello"))
    texts: list[str] = []
    generation.text.connect(texts.append)
    with qtbot.waitSignal(generation.failed) as failed:
        pass
    assert failed.args == [session.chunks[1]]
    assert texts == ["Hel"]


def test_a_stopped_answer_ends_at_once(real: EngineBridge, session: StubSession, qtbot: QtBot) -> None:
    session.slow.clear()
    session.chunks = [GenerationChunk("Hel"), GenerationChunk("lo")]
    generation = real.generate("a", GenerateRequest(prompt="Say hello"))
    texts: list[str] = []
    ends: list[GenerationFigures] = []
    generation.text.connect(texts.append)
    generation.ended.connect(ends.append)
    generation.stop()
    generation.stop()
    assert [end.completion_tokens for end in ends] == [0]
    session.slow.set()
    qtbot.waitUntil(lambda: "answer closed" in session.done)
    QApplication.processEvents()
    assert texts == []
    assert len(ends) == 1


def test_errors_of_a_closing_engine_are_ignored(real: EngineBridge, session: StubSession, qtbot: QtBot) -> None:
    session.slow.clear()
    session.error = EngineStoppedError("Preheat ends")
    real.load("a")
    with qtbot.assertNotEmitted(real.command_failed, wait=50), qtbot.waitSignal(real.closed):
        real.close()
    assert session.closed.is_set()


def test_the_fake_has_every_public_name_of_the_bridge() -> None:
    names = {name for name in vars(EngineBridge) if not name.startswith("_")}
    commands = {"load", "unload", "pause", "resume", "ask", "generate", "close", "change_settings", "restart_engine"}
    assert commands <= names & vars(FakeBridge).keys()


def test_the_fake_gives_its_answers(bridge: FakeBridge) -> None:
    answers: list[Any] = []
    bridge.ask(control.ExplainModel("a"), lambda answer: answers.append(answer.why))
    assert bridge.open_questions == 1
    bridge.answer_with(why=lambda model_id: f"why {model_id}", stats=EngineError("No"))
    bridge.ask(control.GetStats(), answers.append, answers.append)
    assert [str(answer) for answer in answers] == ["why a", "No"]
    assert bridge.open_questions == 0
