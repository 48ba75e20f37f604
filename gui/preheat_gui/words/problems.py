"""What is wrong, as at most one sentence with what to do. Pure: what it is told in, what is to be shown out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QCoreApplication

from preheat.errors import EngineError, PortInUseError, SettingsError
from preheat.residency.states import State
from preheat_gui.words.figures import format_bytes

if TYPE_CHECKING:
    from preheat.core.snapshot import EngineSnapshot, ModelSnapshot
    from preheat.link.link import PortStatus

MIN_FREE_BYTES: Final = 200_000_000
"""With less room on the disk, neither usage nor downloads nor the log can be kept."""

FAILURES_IN_A_LOOP: Final = 3


class Kind(StrEnum):
    """What kind of thing is wrong, the weightiest first."""

    ENGINE_ENDED = "engine ended"
    PORT_TAKEN = "port taken"
    PORT_CLOSED = "port closed"
    SETTINGS_BROKEN = "settings broken"
    DISK_FULL = "disk full"
    USAGE_NOT_KEPT = "usage not kept"
    CRASH_LOOP = "crash loop"
    FILE_MISSING = "file missing"
    LOAD_FAILED = "load failed"


class Action(StrEnum):
    """What a problem's button does; see ``remedies.py``."""

    RESTART_ENGINE = "restart engine"
    USE_PORT = "use port"
    OPEN_FILE = "open file"
    OPEN_SETTINGS = "open settings"
    OPEN_FOLDER = "open folder"
    LOAD = "load"
    SHOW_LOG = "show log"


@dataclass(frozen=True, slots=True)
class ProblemAction:
    """A problem's button.

    Attributes:
        target: What the action is about: a port's number, a file, a folder, a group of settings or a model_id; empty
            where it is clear.
    """

    action: Action
    text: str
    target: str = ""


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong.

    Attributes:
        sentence: What is wrong, with its full stop.
        remedy: What to do about it, as a sentence; may be empty.
        model_id: The model it is about; None if it is about none.
    """

    kind: Kind
    sentence: str
    remedy: str
    action: ProblemAction | None = None
    model_id: str | None = None

    @property
    def text(self) -> str:
        """What is wrong and what to do."""
        return f"{self.sentence} {self.remedy}".strip()


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What is known besides the engine's own words.

    Attributes:
        settings_file: The user's settings file.
        data_folder: Where models and usage are kept.
        settings_problem: What is wrong with the settings file; None if nothing is.
        free_bytes: Room on the disk of ``data_folder``; None if unknown.
        free_port: A port that could be used instead; None if none was looked for.
        failures: How often each model has failed lately, loading or after it.
    """

    settings_file: str
    data_folder: str
    settings_problem: SettingsError | None = None
    free_bytes: int | None = None
    free_port: int | None = None
    failures: Mapping[str, int] = field(default_factory=dict)


def find_problem(snapshot: EngineSnapshot, port: PortStatus, known: Circumstances) -> Problem | None:
    """Return the weightiest thing that is wrong; None if nothing is."""
    if port.engine_error is not None:
        return _engine_ended(port.engine_error)
    if port.error is not None:
        return _port_closed(port.error, known.free_port)
    if known.settings_problem is not None:
        return _settings_broken(known.settings_problem, known.settings_file)
    if known.free_bytes is not None and known.free_bytes < MIN_FREE_BYTES:
        return _disk_full(known.free_bytes, known.data_folder)
    if snapshot.warning is not None:
        return _usage_not_kept(snapshot.warning)
    return _model_problem(snapshot, known.failures)


def _engine_ended(reason: str) -> Problem:
    return Problem(
        Kind.ENGINE_ENDED,
        sentence(reason),
        _tr("Until it runs again, no model can be used."),
        ProblemAction(Action.RESTART_ENGINE, _tr("&Start it again")),
    )


def _port_closed(error: EngineError, free_port: int | None) -> Problem:
    if not isinstance(error, PortInUseError):
        return Problem(
            Kind.PORT_CLOSED,
            sentence(error.title),
            sentence(error.hint),
            ProblemAction(Action.OPEN_SETTINGS, _tr("Open &settings"), "access"),
        )
    remedy = _tr("Programs cannot reach Preheat meanwhile: end that one, or use another port.")
    action = ProblemAction(Action.OPEN_SETTINGS, _tr("Open &settings"), "access")
    if free_port is not None:
        action = ProblemAction(Action.USE_PORT, _tr("&Use port {port}").format(port=free_port), str(free_port))
    return Problem(Kind.PORT_TAKEN, sentence(error.title), remedy, action)


def _settings_broken(error: SettingsError, path: str) -> Problem:
    return Problem(
        Kind.SETTINGS_BROKEN,
        sentence(error.title),
        _tr("Until it is corrected, the last good settings hold, or the defaults where there are none."),
        ProblemAction(Action.OPEN_FILE, _tr("&Open the file"), path),
    )


def _disk_full(free_bytes: int, folder: str) -> Problem:
    return Problem(
        Kind.DISK_FULL,
        _tr("The disk is nearly full: {free} are left.").format(free=format_bytes(free_bytes)),
        _tr("Usage and downloads cannot be kept: make room, for instance by removing a model."),
        ProblemAction(Action.OPEN_FOLDER, _tr("&Open the folder"), folder),
    )


def _usage_not_kept(warning: str) -> Problem:
    return Problem(
        Kind.USAGE_NOT_KEPT,
        sentence(warning),
        _tr("Models go on working; what is learned of their use may be lost."),
        ProblemAction(Action.SHOW_LOG, _tr("Show the &log")),
    )


def _model_problem(snapshot: EngineSnapshot, failures: Mapping[str, int]) -> Problem | None:
    for model in snapshot.models:
        count = failures.get(model.model_id, 0)
        if count >= FAILURES_IN_A_LOOP and model.state is not State.HOT:
            return _fails_again_and_again(model, count)
    for model in snapshot.models:
        if model.file_missing:
            return _file_missing(model)
    # A model that someone tried an hour ago and forgot must not keep the icon red; a favourite is wanted all the time.
    failed = [model for model in snapshot.models if model.state is State.FAILED]
    wanted = [model for model in failed if model.favourite or failures.get(model.model_id)]
    worst = max(wanted, key=lambda model: (model.favourite, model.last_used_at or 0.0), default=None)
    return None if worst is None else _load_failed(worst)


def _fails_again_and_again(model: ModelSnapshot, count: int) -> Problem:
    return Problem(
        Kind.CRASH_LOOP,
        _tr("{model} has failed {count} times in a row: {reason}").format(
            model=model.model_id, count=count, reason=_reason(model)
        ),
        _tr("The file may be damaged, or too new for this version of Preheat: try another one."),
        ProblemAction(Action.SHOW_LOG, _tr("Show the &log")),
        model.model_id,
    )


def _file_missing(model: ModelSnapshot) -> Problem:
    return Problem(
        Kind.FILE_MISSING,
        _tr("The file of {model} has gone from the disk.").format(model=model.model_id),
        _tr("It answers until it is unloaded; then it has to be put back or downloaded again."),
        None,
        model.model_id,
    )


def _load_failed(model: ModelSnapshot) -> Problem:
    return Problem(
        Kind.LOAD_FAILED,
        _tr("{model} is not available: {reason}").format(model=model.model_id, reason=_reason(model)),
        "",
        ProblemAction(Action.LOAD, _tr("&Try again"), model.model_id),
        model.model_id,
    )


def _reason(model: ModelSnapshot) -> str:
    """Return why it failed, without the model's name at its start, which the sentence has already."""
    reason = model.error or _tr("the log says why")
    return sentence(reason.removeprefix(model.model_id).lstrip(": "))


def sentence(words: str) -> str:
    """Return the words with a full stop; empty words stay so."""
    words = words.strip()
    return words if not words or words[-1] in ".!?" else f"{words}."


def _tr(text: str) -> str:
    return QCoreApplication.translate("Problem", text)
