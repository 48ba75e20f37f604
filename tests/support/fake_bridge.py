"""A bridge without an engine, and builders of what a bridge shows.

A test publishes what the engine would have published, and looks at which commands a window gave:

    bridge.publish(snapshot(model("qwen3-4b", State.HOT)))
    ...
    assert bridge.commands == [("unload", "qwen3-4b")]

Questions (``bridge.ask``) get the answers set by the test; until then they stay open, as with a
busy engine:

    bridge.answer_with(stats={...}, why="It is a favourite.", decisions=EngineError("No"))
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields, replace
from typing import Any, TypeVar

from PySide6.QtCore import QObject

from preheat import control
from preheat.control import Command, DeviceList, PortStatus, SettingsChange
from preheat.core import EngineSnapshot, MemorySnapshot, ModelSnapshot, PreloadSnapshot
from preheat.errors import EngineError, SettingsError
from preheat.inference import GenerateRequest
from preheat.messages import Message, msg, verbatim
from preheat.models import Headroom
from preheat.models.downloads import DownloadSnapshot, DownloadState
from preheat.preload import favourites_room
from preheat.residency import State
from preheat.settings import Settings
from preheat.usage import Counts, Figures, Quantiles
from preheat_gui.bridge import EngineBridge, Generation, GenerationFigures

T = TypeVar("T")

GB = 10**9
URL = "http://127.0.0.1:11435"


def model(model_id: str = "qwen3-4b", state: State = State.COLD, **values: Any) -> ModelSnapshot:
    """Return a model of 2.5 GB; a hot one uses memory, and a failed one has a reason."""
    known: dict[str, Any] = {"favourite": False, "file_bytes": 2_500_000_000, "expected_bytes": 3_100_000_000}
    if state is State.HOT:
        known |= {"resident_bytes": 3_000_000_000, "context_length": 8192, "load_s": 1.2}
    elif state in (State.LOADING, State.WARMING):
        known |= {"progress": 0.5}
    elif state is State.FAILED:
        known |= {"error": "the file ends early"}
    return ModelSnapshot(model_id=model_id, state=state, **_with_messages(known | values))


def snapshot(*models: ModelSnapshot, **values: Any) -> EngineSnapshot:
    """Return a snapshot with these models.

    Args:
        values: Fields of EngineSnapshot, MemorySnapshot or PreloadSnapshot by name; the rest is plausible: 8 of 16 GB
            allowed, used is what the models hold, preloading on. ``devices`` is the field of EngineSnapshot;
            ``device_memory`` stands for that of MemorySnapshot.
    """
    values = _with_messages(values)
    found = values.pop("devices", DeviceList())
    values["devices"] = values.pop("device_memory", ())
    used = sum(one.resident_bytes for one in models)
    memory = MemorySnapshot(limit_bytes=8 * GB, used_bytes=used, available_bytes=16 * GB - used - 3 * GB)
    memory = replace(
        memory, **_taken(values, MemorySnapshot, {"total_bytes": 16 * GB, "keep_free_bytes": 1_600_000_000})
    )
    residents = {one.model_id: one.resident_bytes for one in models if one.in_memory}
    memory = replace(memory, headroom=Headroom.beside(residents, memory.limit_bytes))
    models = tuple(
        one if one.in_memory else replace(one, fit=memory.headroom.fit(one.expected_bytes).fit) for one in models
    )
    wanted = {one.model_id: one.expected_bytes for one in models if one.favourite}
    held = {name: size for name, size in residents.items() if name in wanted}
    lacking = favourites_room(tuple(wanted), wanted, held, memory.limit_bytes)
    preload = PreloadSnapshot(**_taken(values, PreloadSnapshot, {"enabled": True}))
    whole: dict[str, Any] = {
        "version": "0.1.0",
        "started_at": time.time() - 3600,
        "memory": memory,
        "preload": preload,
        "models": tuple(models),
        "favourites": tuple(wanted),
        "favourites_without_room": lacking.without_room,
        "favourites_bytes": lacking.needed_bytes,
    }
    return EngineSnapshot(**(whole | values), devices=found)


def download(download_id: str = "d1", state: DownloadState = DownloadState.RUNNING, **values: Any) -> DownloadSnapshot:
    """Return a download of 4.7 GB; a running one has 1.2 GB at 38 MB/s, and a failed one has a reason."""
    total = 4_700_000_000
    known: dict[str, Any] = {
        "name": "Qwen/Qwen3-8B-GGUF:Q4_K_M",
        "repo": "Qwen/Qwen3-8B-GGUF",
        "file_name": "Qwen3-8B-Q4_K_M.gguf",
        "done_bytes": total if state is DownloadState.DONE else 1_200_000_000,
        "total_bytes": total,
    }
    if state is DownloadState.RUNNING:
        known |= {"bytes_per_s": 38e6, "left_s": 92.1}
    elif state is DownloadState.FAILED:
        known |= {"error": msg("text", text="The hub has no such file any more", hint="Choose another size")}
    return DownloadSnapshot(download_id=download_id, state=state, **(known | values))


def stats(rate: float | None = None, **models: tuple[int, int, float]) -> control.StatsReport:
    """Return figures with this hit rate and, by model, last week's requests and hits and the median load time."""
    total = Counts() if rate is None else Counts(hits=round(rate * 1000), misses=round((1 - rate) * 1000))
    memory = MemorySnapshot(limit_bytes=8 * GB, used_bytes=0, available_bytes=16 * GB)
    figures = {
        name: Figures(last_week=Counts(hits=hits, misses=requests - hits), load=Quantiles(1, load_s, load_s))
        for name, (requests, hits, load_s) in models.items()
    }
    return control.StatsReport(None, time.time(), Figures(span=total), figures, None, memory)


def _with_messages(values: dict[str, Any]) -> dict[str, Any]:
    """Return the values with messages instead of texts, where the engine has messages."""
    names = {"error", "hold", "pressure", "reason", "warning"}
    return {
        name: verbatim(value) if name in names and isinstance(value, str) else value for name, value in values.items()
    }


def _taken(values: dict[str, Any], kind: type, known: dict[str, Any]) -> dict[str, Any]:
    """Remove the fields of ``kind`` from ``values``."""
    names = {field.name for field in fields(kind)}
    return known | {name: values.pop(name) for name in list(values) if name in names}


class FakeGeneration(Generation):
    """An answer that the test writes, with ``say`` and ``end``, or by its signals.

    Attributes:
        stopped: Whether ``stop`` was called.
    """

    def __init__(self, model_id: str, request: GenerateRequest, parent: QObject) -> None:
        super().__init__(parent)
        self.model_id = model_id
        self.request = request
        self.stopped = False

    def stop(self) -> None:
        """End, as after a press on Stop."""
        if not self.over:
            self.stopped = True
            self.end()

    def say(self, text: str) -> None:
        """Add text."""
        self.text.emit(text)

    def end(self, figures: GenerationFigures | None = None) -> None:
        """Complete the answer."""
        self.finish(figures or GenerationFigures(0.12, 42.0, 20, 0.6))

    def fail(self, error: EngineError) -> None:
        """End it with an error."""
        self.finish(error)


class FakeBridge(EngineBridge):
    """An EngineBridge that records commands, starts no thread, and is open from the beginning.

    Attributes:
        commands: Every command given: its name, then its arguments.
        generations: Every answer asked for.
        error: What the next commands that change settings fail with; None lets them succeed.
    """

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.commands: list[tuple[Any, ...]] = []
        self.generations: list[FakeGeneration] = []
        self.error: EngineError | None = None
        self._answers: dict[str, Any] = {}
        self._open_questions: list[tuple[Any, Any, Any]] = []
        self.is_open = True
        self.snapshot = snapshot()
        self.port = PortStatus(url=URL, error=None)
        self._settings = Settings()

    # -- actions of the engine --

    def publish(self, new: EngineSnapshot) -> None:
        """Publish a snapshot."""
        self._show(new)

    def publish_port(self, url: str | None = None, error: EngineError | None = None, engine_error: str = "") -> None:
        """Change the port or the engine."""
        self._take_port(PortStatus(url=url, error=error, engine_error=verbatim(engine_error) if engine_error else None))

    def publish_settings(self, settings: Settings) -> None:
        """Change settings, like the command line."""
        self._take_settings(settings)

    def publish_settings_problem(self, problem: SettingsError | None) -> None:
        """Set or clear the error of the settings file."""
        self._take_settings_problem(problem)

    def set_attached(self, attached: bool) -> None:
        """Attach to an engine of another process."""
        self.attached = attached

    def answer_with(self, **answers: Any) -> None:
        """Answer questions, also those already asked.

        Args:
            answers: By the names in ``_RESULTS``, or ``embed``: the answer, an EngineError to
                raise, or a function of the question's arguments.
        """
        self._answers |= answers
        asked, self._open_questions = self._open_questions, []
        for question in asked:
            self.ask(*question)

    @property
    def open_questions(self) -> int:
        """Number of questions without an answer."""
        return len(self._open_questions)

    # -- calls of the windows --

    def load(self, model_id: str) -> None:
        self.commands.append(("load", model_id))

    def expect(self, model_id: str) -> None:
        self.commands.append(("expect", model_id))

    def unload(self, model_id: str) -> None:
        self.commands.append(("unload", model_id))

    def set_favourite(self, model_id: str, on: bool) -> None:
        self.commands.append(("set_favourite", model_id, on))

    def set_preloading(self, on: bool) -> None:
        self.commands.append(("set_preloading", on))

    def set_preload_at_login(self, on: bool) -> None:
        self.commands.append(("set_preload_at_login", on))

    def pause(self, seconds: float | None) -> None:
        self.commands.append(("pause", seconds))

    def resume(self) -> None:
        self.commands.append(("resume",))

    def make_room(self, seconds: float | None, wanted_bytes: int | None = None) -> None:
        self.commands.append(("make_room", seconds, wanted_bytes))

    def end_room(self) -> None:
        self.commands.append(("end_room",))

    def restart_engine(self) -> None:
        self.commands.append(("restart_engine",))

    def reload_settings(self) -> None:
        self.commands.append(("reload_settings",))

    def close(self) -> None:
        self.commands.append(("close",))
        self.closed.emit()

    def change_settings(
        self,
        texts: Mapping[str, str],
        on_done: Callable[[SettingsChange], None] | None = None,
        on_error: Callable[[EngineError], None] | None = None,
    ) -> None:
        self.commands.append(("change_settings", dict(texts)))
        self._changed(tuple(texts), on_done, on_error)

    def change_model_settings(
        self,
        model_id: str,
        values: Mapping[str, str | None],
        on_done: Callable[[SettingsChange], None] | None = None,
        on_error: Callable[[EngineError], None] | None = None,
    ) -> None:
        self.commands.append(("change_model_settings", model_id, dict(values)))
        self._changed(tuple(values), on_done, on_error)

    def ask(
        self,
        question: Command[T] | Callable[[Any], T],
        on_answer: Callable[[T], None] | None = None,
        on_error: Callable[[EngineError], None] | None = None,
    ) -> None:
        try:
            session: Any = _Answering(self._answers)
            answer = question(session) if callable(question) else session.call(question)
        except _NotAnsweredError:
            self._open_questions.append((question, on_answer, on_error))
        except EngineError as error:
            (on_error or self.command_failed.emit)(error)
        else:
            if on_answer is not None:
                on_answer(answer)

    def generate(self, model_id: str, request: GenerateRequest) -> FakeGeneration:
        self.generations.append(FakeGeneration(model_id, request, self))
        return self.generations[-1]

    def _changed(
        self,
        names: tuple[str, ...],
        on_done: Callable[[SettingsChange], None] | None,
        on_error: Callable[[EngineError], None] | None,
    ) -> None:
        if self.error is not None:
            (on_error or self.command_failed.emit)(self.error)
        elif on_done is not None:
            on_done(SettingsChange(changed=names, overridden={}, restart_needed=(), settings=self.settings))


class _NotAnsweredError(Exception):
    """The test has no answer for a question."""


class _Answering:
    """A fake EngineSession with the test's answers."""

    def __init__(self, answers: Mapping[str, Any]) -> None:
        self._answers = answers

    def call(self, command: Command[T]) -> T:
        name, wrap = _RESULTS.get(type(command)) or (_snake_case(type(command).__name__), lambda answer: answer)
        if name not in self._answers:
            raise _NotAnsweredError
        names = [field.name for field in fields(command)]  # type: ignore[arg-type]  # it is a dataclass
        used = names[: _USED_PARAMETERS.get(type(command), len(names))]
        result: T = wrap(_answer(self._answers[name], [getattr(command, each) for each in used]))
        return result

    def embed(self, model: str, inputs: Sequence[str]) -> Any:
        if "embed" not in self._answers:
            raise _NotAnsweredError
        return _answer(self._answers["embed"], [model, inputs])


def _answer(answer: Any, arguments: Sequence[Any]) -> Any:
    if isinstance(answer, EngineError):
        raise answer
    return answer(*arguments) if callable(answer) else answer


def _snake_case(name: str) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower()


_USED_PARAMETERS: dict[type[Command[Any]], int] = {
    control.GetCatalogue: 0,
    control.GetHistory: 0,
    control.ListDecisions: 1,
    control.ListRequests: 1,
    control.SearchHub: 2,
}
"""Number of parameters that windows use, if not all."""

_RESULTS: dict[type[Command[Any]], tuple[str, Callable[[Any], Any]]] = {
    control.ExplainModel: (
        "why",
        lambda why: control.Explanation("", None, None, why if isinstance(why, Message) else verbatim(why)),
    ),
    control.GetCatalogue: ("catalogue", lambda models: control.Catalogue(8 * GB, tuple(models))),
    control.GetHistory: ("history", lambda history: history),
    control.GetModel: ("model_details", lambda facts: facts),
    control.GetRepo: ("repo_files", lambda offer: offer),
    control.GetStats: ("stats", lambda stats: stats),
    control.ImportFile: ("import_file", control.ImportedFile),
    control.ListDecisions: ("decisions", lambda decisions: control.DecisionList(tuple(decisions))),
    control.ListRequests: ("requests", lambda requests: control.RequestList(tuple(requests))),
    control.PullModel: ("pull", lambda download_id: download(download_id)),
    control.SearchHub: ("search", lambda found: control.FoundModels(tuple(found))),
}
"""By command: the name that tests answer it by, and its result from the answer."""
