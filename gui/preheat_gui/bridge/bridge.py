"""The engine for the windows: the latest snapshot, signals on the GUI thread, and commands that never block."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Generator, Mapping
from concurrent.futures import Future
from functools import partial
from typing import TYPE_CHECKING, TypeAlias, TypeVar

from PySide6.QtCore import QObject, QUrl, Signal
from PySide6.QtGui import QDesktopServices

from preheat import control
from preheat.control import EngineSnapshot, PortStatus, SettingsState
from preheat.errors import EngineError, EngineStoppedError, SettingsError
from preheat.messages import msg
from preheat_gui.bridge.generation import AnswerReader, Generation
from preheat_gui.bridge.threads import GuiDispatcher, TaskRunner, weak_callback
from preheat_gui.widgets import SignBook

if TYPE_CHECKING:
    from preheat.control import Command, EngineSession, GenerateRequest, GenerationChunk, SettingsChange
    from preheat.settings import Settings
    from preheat_gui.bridge.opening import Opened
    from preheat_gui.words import Problem, ProblemAction

logger = logging.getLogger(__name__)

T = TypeVar("T")
OnError = Callable[[EngineError], None]
OnChange = Callable[["SettingsChange"], None]
Question: TypeAlias = "Command[T] | Callable[[EngineSession], T]"


class EngineBridge(QObject):
    """One engine, of this process or another. GUI thread; no method blocks.

    Before the engine is found, ``snapshot`` is empty and commands wait on threads.
    """

    snapshot_changed = Signal(object)  # EngineSnapshot; skips those that came while the GUI thread was busy
    port_changed = Signal(object)  # PortStatus
    settings_changed = Signal(object)  # Settings
    settings_problem_changed = Signal(object)  # SettingsError or None
    problem_changed = Signal(object)  # Problem or None
    view_requested = Signal(str, str)  # A view to open and its target, see ``Shell.show_view``
    model_pointed = Signal(str)  # The pointer is on this model in a window or menu; empty for none
    command_failed = Signal(object)  # EngineError of a command without ``on_error``
    opened = Signal()  # ``is_open`` became true
    closed = Signal()  # The engine and its workers have ended

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.snapshot = control.empty_snapshot()  # The latest snapshot
        self.port = PortStatus()  # The state of the engine and its port
        # The error in the settings file, if any; other settings are in effect then
        self.settings_problem: SettingsError | None = None
        self.problem: Problem | None = None  # The problem to show, if any; see ``ProblemWatch`` and ``act_on``
        self.attached = False  # The engine is another process's
        # Settings that the file cannot change, each with the variable or option in force
        self.overridden: Mapping[str, str] = {}
        self.signs = SignBook()  # The models' signs, the same in all windows
        self._signed: tuple[tuple[str, ...], tuple[str, ...]] = ((), ())  # All models, and those that come first
        self.is_open = False  # The engine was found: snapshot, port and settings are its own
        self._post = GuiDispatcher(self).post
        self._tasks = TaskRunner()
        self._session: Future[EngineSession] = Future()
        self._open_session: Callable[[], Opened] | None = None
        self._opened: Opened | None = None
        self._newest: EngineSnapshot | None = None
        self._newest_lock = threading.Lock()
        self._settings: Settings | None = None
        self._closing = False

    @property
    def settings(self) -> Settings:
        """The settings in effect; the defaults before the engine is found."""
        if self._settings is None:
            from preheat.settings import Settings  # takes 0.1 s, which the icon does not wait for

            self._settings = Settings()
        return self._settings

    def why_fixed(self, name: str) -> str:
        """Return what keeps a setting from being changed, as a sentence; empty if nothing does."""
        from preheat_gui.words import set_by

        source = self.overridden.get(name)
        return "" if source is None else set_by(source)

    def report_problem(self, problem: Problem | None) -> None:
        if problem != self.problem:
            self.problem = problem
            self.problem_changed.emit(problem)

    def act_on(self, action: ProblemAction) -> None:
        """Perform the action of a problem's button; failures arrive as ``command_failed``."""
        from preheat_gui.words import Remedy

        match action.action:
            case Remedy.RESTART_ENGINE | Remedy.OPEN_PORT:
                self.restart_engine()
            case Remedy.USE_PORT:
                self.change_settings({"port": action.target})
            case Remedy.LOAD:
                self.load(action.target)
            case Remedy.OPEN_FILE | Remedy.OPEN_FOLDER:
                QDesktopServices.openUrl(QUrl.fromLocalFile(action.target))
            case Remedy.OPEN_SETTINGS:
                self.view_requested.emit("settings", action.target)
            case Remedy.SHOW_LOG:
                self.view_requested.emit("log", "")

    def start(self, open_session: Callable[[], Opened]) -> None:
        """Open the engine on a thread; ``opened`` follows, or ``port_changed`` with the ``EngineError`` raised."""
        self._open_session = open_session
        self._tasks.run(partial(self._open, self._session, open_session))

    def close(self) -> None:
        """End the engine on a thread; ``closed`` follows. Running commands fail."""
        if self._closing:
            return
        self._closing = True
        if self._open_session is None:
            self._session.set_exception(EngineStoppedError(msg("preheat_quits")))
        self._tasks.run(self._close)

    def wait_closed(self, timeout_s: float) -> bool:
        """Wait for all threads to end, after the windows are closed; return whether they have."""
        return self._tasks.wait(timeout_s)

    def restart_engine(self) -> None:
        """Start an engine that has ended again, or open its port; replace another process's engine by one's own."""
        self._tasks.run(self._restart)

    def load(self, model_id: str) -> None:
        self.ask(control.LoadModel(model_id))

    def expect(self, model_id: str) -> None:
        """Tell the engine that a model was chosen, and is about to be used."""
        self.ask(control.ExpectModel(model_id))

    def unload(self, model_id: str) -> None:
        self.ask(control.UnloadModel(model_id))

    def set_favourite(self, model_id: str, on: bool) -> None:
        if source := self.overridden.get("favourites"):
            self._fail(SettingsError(msg("setting_overridden", setting="favourites", source=source)))
            return
        self._command(control.AddFavourite(model_id) if on else control.DropFavourite(model_id))

    def set_preloading(self, on: bool) -> None:
        self.change_settings({"preload": str(on).lower()})

    def set_preload_at_login(self, on: bool) -> None:
        self.change_settings({"preload_at_login": str(on).lower()})

    def pause(self, seconds: float | None) -> None:
        """Pause preloading, by default until it is resumed."""
        self._command(control.PausePreloading(seconds))

    def resume(self) -> None:
        self._command(control.ResumePreloading())

    def make_room(self, seconds: float | None, wanted_bytes: int | None = None) -> None:
        """Unload models until ``wanted_bytes`` are available, or all of them, for a time or until ``end_room``."""
        self._command(control.MakeRoom(wanted_bytes, seconds))

    def end_room(self) -> None:
        self._command(control.EndRoom())

    def change_settings(
        self, texts: Mapping[str, str], on_done: OnChange | None = None, on_error: OnError | None = None
    ) -> None:
        """Write and apply settings, all or none, from TOML texts. A ``SettingsError``'s ``param`` names one."""
        change = control.ChangeSettings(dict(texts))
        self._command(change, partial(self._take_change, _weak(on_done)), on_error)

    def change_model_settings(
        self,
        model_id: str,
        values: Mapping[str, str | None],
        on_done: OnChange | None = None,
        on_error: OnError | None = None,
    ) -> None:
        """Write and apply one model's settings; None removes one. See ``change_settings``."""
        change = control.ChangeModelSettings(model_id, dict(values))
        self._command(change, partial(self._take_change, _weak(on_done)), on_error)

    def reload_settings(self) -> None:
        """Read the settings file again; ``settings_changed`` or ``settings_problem_changed`` may follow."""
        self._command(control.ReloadSettings(), partial(self._take_change, None), self._take_reload_failure)

    def ask(
        self,
        question: Question[T],  # A command, or a function of the session that does not touch Qt
        # A bound method or a partial of one; dropped if its QObject is destroyed
        on_answer: Callable[[T], None] | None = None,
        on_error: OnError | None = None,  # Like ``on_answer``; by default ``command_failed`` is emitted
    ) -> None:
        """Run a question on its own thread, and deliver the answer on this one."""
        self._tasks.run(partial(self._answer, question, _weak(on_answer), _weak(on_error)))

    def generate(self, model_id: str, request: GenerateRequest) -> Generation:
        """Start an answer. Keep it, and connect to its signals at once."""
        generation = Generation(self)
        reader = AnswerReader(partial(self._chunks, model_id, request), self._post, generation)
        generation.follow(reader)
        self._tasks.run(reader.read)
        return generation

    def _take_opened(self, opened: Opened, state: SettingsState | None) -> None:
        self._opened = opened
        self.attached = opened.session.attached
        self.is_open = True
        if state is not None:
            self.overridden = state.overridden
            self._take_settings(state.settings)
        self._take_settings_problem(opened.store.problem)
        opened.store.subscribe(self._on_file)
        self.opened.emit()

    def _take_newest(self) -> None:
        with self._newest_lock:
            newest, self._newest = self._newest, None
        if newest is not None:
            self._show(newest)

    def _show(self, newest: EngineSnapshot) -> None:
        self.snapshot = newest
        self._reserve_signs(newest)
        self.snapshot_changed.emit(newest)

    def _reserve_signs(self, snapshot: EngineSnapshot) -> None:
        """Give the models their signs, in every session the same ones, whichever window shows them first."""
        names = tuple(model.model_id for model in snapshot.models)
        if (names, snapshot.favourites) != self._signed:
            self._signed = names, snapshot.favourites
            self.signs.reserve(snapshot.favourites, names)

    def _take_port(self, port: PortStatus) -> None:
        if port != self.port:
            self.port = port
            self.port_changed.emit(port)

    def _take_settings(self, settings: Settings) -> None:
        if settings != self._settings:
            self._settings = settings
            self.settings_changed.emit(settings)

    def _take_settings_problem(self, problem: SettingsError | None) -> None:
        if str(problem) != str(self.settings_problem):
            self.settings_problem = problem
            self.settings_problem_changed.emit(problem)

    def _take_change(self, on_done: OnChange | None, change: SettingsChange) -> None:
        self._take_settings(change.settings)
        self._take_settings_problem(None)
        if on_done is not None:
            on_done(change)

    def _on_file(self, _change: object) -> None:
        self._post(self._take_file)

    def _take_file(self) -> None:
        if self.attached:
            self.reload_settings()
        elif self._opened is not None:
            self._take_settings_problem(self._opened.store.problem)
            self._take_settings(self._opened.store.settings)

    def _take_reload_failure(self, error: EngineError) -> None:
        if isinstance(error, SettingsError):
            self._take_settings_problem(error)
        elif not self._closing:
            logger.warning("the settings could not be reloaded: %s", error)

    def _fail(self, error: EngineError) -> None:
        if not self._closing:  # a closing engine refuses everything
            self.command_failed.emit(error)

    def _open(self, future: Future[EngineSession], open_session: Callable[[], Opened]) -> None:
        try:
            opened = open_session()
        except EngineError as error:
            self._report_no_engine(future, error)
            return
        except BaseException:
            self._report_no_engine(future, EngineStoppedError(msg("engine_not_started")))
            raise
        session = opened.session
        session.subscribe(self._on_snapshot)
        session.on_port(self._on_port)
        future.set_result(session)
        state: SettingsState | None
        try:
            state = session.call(control.GetSettings())
        except EngineError:
            state = None  # it ended at once: `port` has the reason
        self._post(partial(self._take_opened, opened, state))

    def _report_no_engine(self, future: Future[EngineSession], error: EngineError) -> None:
        future.set_exception(error)
        self._on_port(PortStatus(engine_error=error.message))

    def _on_port(self, port: PortStatus) -> None:
        self._post(partial(self._take_port, port))

    def _close(self) -> None:
        try:
            if self._opened is not None:
                self._opened.store.close()
            self._session.result().close()
        except EngineError:
            logger.info("no engine to end")
        finally:
            self._post(self.closed.emit)

    def _restart(self) -> None:
        try:
            session = self._session.result()
            session.restart()
            self._post(self._take_file)
        except EngineError as error:
            if self._open_session is None or not (self.attached or self._session.exception()):
                self._post(partial(self._fail, error))
                return
            if self.attached:
                self._session.result().close()
            self._session = Future()
            self._open(self._session, self._open_session)

    def _on_snapshot(self, snapshot: EngineSnapshot) -> None:
        # Posted once until the GUI thread takes it: only the newest counts.
        with self._newest_lock:
            waiting = self._newest is not None
            self._newest = snapshot
        if not waiting:
            self._post(self._take_newest)

    def _chunks(
        self, model_id: str, request: GenerateRequest, on_wait: Callable[[str], None]
    ) -> Generator[GenerationChunk, None, None]:
        return self._session.result().generate(model_id, request, on_wait)

    def _command(
        self, question: Question[T], on_answer: Callable[[T], None] | None = None, on_error: OnError | None = None
    ) -> None:
        self._tasks.queue(partial(self._answer, question, _weak(on_answer), _weak(on_error)))

    def _answer(self, question: Question[T], on_answer: Callable[[T], None] | None, on_error: OnError | None) -> None:
        try:
            session = self._session.result()
            answer = question(session) if callable(question) else session.call(question)
        except EngineError as error:
            self._post(partial(on_error or self._fail, error))
            return
        if on_answer is not None:
            self._post(partial(on_answer, answer))


def _weak(callback: Callable[[T], None] | None) -> Callable[[T], None] | None:
    return None if callback is None else weak_callback(callback)
