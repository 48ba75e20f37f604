"""The engine as the windows have it: the latest snapshot, signals on the GUI thread, and commands that never wait."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Generator, Mapping
from concurrent.futures import Future
from contextlib import nullcontext
from functools import partial
from typing import TYPE_CHECKING, TypeAlias, TypeVar

from PySide6.QtCore import QObject, Signal

from preheat import control
from preheat.control import EngineSnapshot, PortStatus
from preheat.errors import EngineError, EngineStoppedError, SettingsError
from preheat_gui.bridge.dispatcher import GuiDispatcher, weak_callback
from preheat_gui.bridge.generation import AnswerReader, Generation
from preheat_gui.bridge.task_runner import TaskRunner

if TYPE_CHECKING:
    from preheat.control import Command, EngineSession, SettingsChange
    from preheat.inference import GenerateRequest, GenerationChunk
    from preheat.settings import Settings
    from preheat_gui.app.opening import Opened
    from preheat_gui.words import Problem

logger = logging.getLogger(__name__)

T = TypeVar("T")
OnError = Callable[[EngineError], None]
OnChange = Callable[["SettingsChange"], None]
Question: TypeAlias = "Command[T] | Callable[[EngineSession], T]"


class EngineBridge(QObject):
    """One engine, this process's own or another's. GUI thread only; no method waits.

    Before the engine is there, ``snapshot`` is an empty one and commands wait their turn on threads.
    """

    snapshot_changed = Signal(object)
    """EngineSnapshot. What came while the GUI thread was busy is left out: only the newest counts."""

    port_changed = Signal(object)
    """PortStatus."""

    settings_changed = Signal(object)
    """Settings."""

    settings_problem_changed = Signal(object)
    """SettingsError of the settings file as it is now, or None: what runs has other settings meanwhile."""

    problem_changed = Signal(object)
    """Problem: the one thing that is wrong and that a person should know of; or None."""

    view_requested = Signal(str, str)
    """What a remedy wants to be opened: "settings" with the page's group, or "log"."""

    command_failed = Signal(object)
    """EngineError of a command that nobody else handles."""

    opened = Signal()
    """The engine is there: snapshot, port and settings are its own."""

    closed = Signal()
    """The engine has ended, and its workers with it."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._dispatcher = GuiDispatcher(self)
        self._post = self._dispatcher.post
        self._tasks = TaskRunner()
        self._session: Future[EngineSession] = Future()
        self._open_session: Callable[[], Opened] | None = None
        self._opened: Opened | None = None
        self._snapshot = control.empty_snapshot()
        self._newest: EngineSnapshot | None = None
        self._newest_lock = threading.Lock()
        self._port = PortStatus()
        self._settings: Settings | None = None
        self._settings_problem: SettingsError | None = None
        self._problem: Problem | None = None
        self._attached = False
        self._is_open = False
        self._closing = False

    @property
    def snapshot(self) -> EngineSnapshot:
        """The newest snapshot; an empty one before the engine is there."""
        return self._snapshot

    @property
    def port(self) -> PortStatus:
        """Whether and where programs are answered."""
        return self._port

    @property
    def settings(self) -> Settings:
        """The settings in force; the defaults before the engine is there."""
        if self._settings is None:
            from preheat.settings import Settings  # it takes 0.1 s to import, which the icon need not wait for

            self._settings = Settings()
        return self._settings

    @property
    def settings_problem(self) -> SettingsError | None:
        """What is wrong with the settings file; None if nothing is."""
        return self._settings_problem

    @property
    def problem(self) -> Problem | None:
        """What is wrong, for the icon, the tooltip and the banner; ``remedies.act_on`` does what its button says."""
        return self._problem

    def report_problem(self, problem: Problem | None) -> None:
        """Show another problem, or none; ``ProblemWatch`` decides which."""
        if problem != self._problem:
            self._problem = problem
            self.problem_changed.emit(problem)

    @property
    def attached(self) -> bool:
        """Whether the engine is another process's."""
        return self._attached

    @property
    def is_open(self) -> bool:
        """Whether the engine is there."""
        return self._is_open

    def start(self, open_session: Callable[[], Opened]) -> None:
        """Open the engine on a thread; ``opened`` follows, or ``port_changed`` with what went wrong.

        Args:
            open_session: Opens it; may take seconds and raise ``EngineError``.
        """
        self._open_session = open_session
        self._tasks.run(partial(self._open, self._session, open_session))

    def close(self) -> None:
        """End the engine on a thread; ``closed`` follows. What is under way ends with an error."""
        if self._closing:
            return
        self._closing = True
        if self._open_session is None:
            self._session.set_exception(EngineStoppedError("Preheat ends"))  # nothing need wait for it any more
        self._tasks.run(self._close)

    def wait_closed(self, timeout_s: float) -> bool:
        """Wait, after the windows have gone, until all threads have ended; return whether they have."""
        return self._tasks.wait(timeout_s)

    def restart_engine(self) -> None:
        """Start the engine anew after it has died; where another process's has gone, open one of our own."""
        self._tasks.run(self._restart)

    def load(self, model_id: str) -> None:
        """Make a model hot."""
        self.ask(control.LoadModel(model_id))

    def unload(self, model_id: str) -> None:
        """Release a model's memory, or cancel its load."""
        self.ask(control.UnloadModel(model_id))

    def set_favourite(self, model_id: str, on: bool) -> None:
        """Keep a model hot whenever it fits, or no longer."""
        self._command(control.AddFavourite(model_id) if on else control.DropFavourite(model_id))

    def set_preloading(self, on: bool) -> None:
        """Change the setting ``preload``."""
        self.change_settings({"preload": _switch(on)})

    def set_preload_at_login(self, on: bool) -> None:
        """Change the setting ``preload_at_login``."""
        self.change_settings({"preload_at_login": _switch(on)})

    def pause(self, seconds: float | None) -> None:
        """Pause preloading for so many seconds; None: until it is resumed."""
        self._command(control.PausePreloading(seconds))

    def resume(self) -> None:
        """End the pause."""
        self._command(control.ResumePreloading())

    def change_settings(
        self, texts: Mapping[str, str], on_done: OnChange | None = None, on_error: OnError | None = None
    ) -> None:
        """Change settings in the file and in force, all or none.

        Args:
            texts: By name, as one writes them in TOML or on the command line.
            on_done: Called with the SettingsChange.
            on_error: Called with a SettingsError whose ``param`` names the setting, instead of ``command_failed``.
        """
        change = control.ChangeSettings(dict(texts))
        self._command(change, partial(self._take_change, _weak(on_done)), on_error)

    def change_model_settings(
        self,
        model_id: str,
        values: Mapping[str, str | None],
        on_done: OnChange | None = None,
        on_error: OnError | None = None,
    ) -> None:
        """Change settings of one model; a value of None goes back to the default. As ``change_settings``."""
        change = control.ChangeModelSettings(model_id, dict(values))
        self._command(change, partial(self._take_change, _weak(on_done)), on_error)

    def reload_settings(self) -> None:
        """Read the settings file again; ``settings_changed`` or ``settings_problem_changed`` follows if it differs."""
        self._command(control.ReloadSettings(), partial(self._take_change, None), self._take_reload_failure)

    def ask(
        self,
        question: Question[T],
        on_answer: Callable[[T], None] | None = None,
        on_error: OnError | None = None,
    ) -> None:
        """Run a question on a thread, and deliver its answer on this one; no two questions wait for each other.

        Args:
            question: A command, or a function of the session that must not touch Qt.
            on_answer: A bound method, or a partial of one: not called if its QObject has gone by then.
            on_error: As ``on_answer``; without it, ``command_failed`` follows.
        """
        self._tasks.run(partial(self._answer, question, _weak(on_answer), _weak(on_error)))

    def generate(self, model_id: str, request: GenerateRequest) -> Generation:
        """Return an answer that is being written. It begins at once; keep it, and connect to its signals, now."""
        generation = Generation(self)
        reader = AnswerReader(partial(self._chunks, model_id, request), self._post, generation)
        generation.follow(reader)
        self._tasks.run(reader.read)
        return generation

    def _take_opened(self, opened: Opened, settings: Settings | None) -> None:
        self._opened = opened
        self._attached = opened.session.attached
        self._is_open = True
        if settings is not None:
            self._take_settings(settings)
        self._take_settings_problem(opened.settings_problem())
        self.opened.emit()

    def _take_newest(self) -> None:
        with self._newest_lock:
            newest, self._newest = self._newest, None
        if newest is not None:
            self._snapshot = newest
            self.snapshot_changed.emit(newest)

    def _take_port(self, port: PortStatus) -> None:
        if port != self._port:
            self._port = port
            self.port_changed.emit(port)

    def _take_settings(self, settings: Settings) -> None:
        if settings != self._settings:
            self._settings = settings
            self.settings_changed.emit(settings)

    def _take_settings_problem(self, problem: SettingsError | None) -> None:
        if str(problem) != str(self._settings_problem):
            self._settings_problem = problem
            self.settings_problem_changed.emit(problem)

    def _take_change(self, on_done: OnChange | None, change: SettingsChange) -> None:
        self._take_settings(change.settings)
        self._take_settings_problem(None)  # the whole file was read
        if on_done is not None:
            on_done(change)

    def _take_reload_failure(self, error: EngineError) -> None:
        if isinstance(error, SettingsError):
            self._take_settings_problem(error)
        elif not self._closing:
            logger.warning("the settings could not be read again: %s", error)

    def _fail(self, error: EngineError) -> None:
        # What a closing engine refuses is no news.
        if not self._closing:
            self.command_failed.emit(error)

    def _open(self, future: Future[EngineSession], open_session: Callable[[], Opened]) -> None:
        try:
            opened = open_session()
        except EngineError as error:
            self._note_no_engine(future, error)
            return
        except BaseException:
            self._note_no_engine(future, EngineStoppedError("The engine did not start", hint="The log says why"))
            raise
        session = opened.session
        session.subscribe(self._on_snapshot)
        session.on_port(self._on_port)
        future.set_result(session)
        settings: Settings | None
        try:
            settings = session.call(control.GetSettings()).settings
        except EngineError:
            settings = None  # it ended at once; `port` says why, and it can be started again
        self._post(partial(self._take_opened, opened, settings))

    def _note_no_engine(self, future: Future[EngineSession], error: EngineError) -> None:
        future.set_exception(error)
        self._on_port(PortStatus(engine_error=error.message))

    def _on_port(self, port: PortStatus) -> None:
        self._post(partial(self._take_port, port))

    def _close(self) -> None:
        try:
            self._session.result().close()
        except EngineError:
            logger.info("there was no engine to end")
        finally:
            self._post(self.closed.emit)

    def _restart(self) -> None:
        try:
            session = self._session.result()
            with self._opened.starting() if self._opened is not None else nullcontext():
                session.restart()
        except EngineError as error:
            if self._open_session is None or not (self._attached or self._session.exception()):
                self._post(partial(self._fail, error))
                return
            if self._attached:
                self._session.result().close()
            self._session = Future()
            self._open(self._session, self._open_session)

    def _on_snapshot(self, snapshot: EngineSnapshot) -> None:
        # Posted once for as many as come before the GUI thread has time: it renders the newest one.
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
        self,
        question: Question[T],
        on_answer: Callable[[T], None] | None = None,
        on_error: OnError | None = None,
    ) -> None:
        """As ``ask``, but commands run in the order in which they were given."""
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


def _switch(on: bool) -> str:
    return "true" if on else "false"
