"""The most important problem, as a sentence with a remedy. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QCoreApplication

from preheat.control import State
from preheat.errors import EngineError, PortInUseError, SettingsError
from preheat_gui.words.figures import format_bytes, sentence
from preheat_gui.words.messages import error_hint, error_title, message_text
from preheat_gui.words.models import failure_reason

if TYPE_CHECKING:
    from preheat.control import EngineSnapshot, ModelSnapshot, PortStatus

MIN_FREE_BYTES: Final = 200_000_000  # Usage, downloads and the log need at least this much free disk space
FAILURES_IN_A_LOOP: Final = 3


class Kind(StrEnum):
    """The kinds of problems, most important first."""

    ENGINE_ENDED = "engine ended"
    PORT_TAKEN = "port taken"
    PORT_CLOSED = "port closed"
    SETTINGS_BROKEN = "settings broken"
    DISK_FULL = "disk full"
    USAGE_NOT_KEPT = "usage not kept"
    CRASH_LOOP = "crash loop"
    FILE_MISSING = "file missing"
    LOAD_FAILED = "load failed"


class Remedy(StrEnum):
    """Action of a problem's button; see ``EngineBridge.act_on``."""

    RESTART_ENGINE = "restart engine"
    OPEN_PORT = "open port"
    USE_PORT = "use port"
    OPEN_FILE = "open file"
    OPEN_SETTINGS = "open settings"
    OPEN_FOLDER = "open folder"
    LOAD = "load"
    SHOW_LOG = "show log"


@dataclass(frozen=True, slots=True)
class ProblemAction:
    """A problem's button."""

    action: Remedy
    text: str
    target: str = ""  # The port, file, folder, group of settings or model_id; empty where there is only one


@dataclass(frozen=True, slots=True)
class Problem:
    """One problem."""

    kind: Kind
    sentence: str  # What is wrong, with its full stop
    remedy: str  # What to do about it, as a sentence; may be empty
    action: ProblemAction | None = None
    model_id: str | None = None  # The model in question, if any
    other: ProblemAction | None = None  # A second button

    @property
    def text(self) -> str:
        """A problem and its remedy."""
        return f"{self.sentence} {self.remedy}".strip()


@dataclass(frozen=True, slots=True)
class Circumstances:
    """Facts in addition to the snapshot."""

    settings_file: str  # The user's settings file
    data_folder: str  # The folder of models and usage
    settings_problem: SettingsError | None = None  # The error in the settings file, if any
    free_bytes: int | None = None  # Free space on the disk of ``data_folder``; None if unknown
    free_port: int | None = None  # A free port; None if not known
    overridden: Collection[str] = ()  # Settings that the windows cannot change
    # Recent failures by model_id, of loads and of running workers
    failures: Mapping[str, int] = field(default_factory=dict)


def find_problem(snapshot: EngineSnapshot, port: PortStatus, known: Circumstances) -> Problem | None:
    """Return the most important problem, if any."""
    if port.engine_error is not None:
        return Problem(
            Kind.ENGINE_ENDED,
            sentence(message_text(port.engine_error)),
            _tr("No model can be used until it runs again."),
            ProblemAction(Remedy.RESTART_ENGINE, _tr("&Start it again")),
        )
    if port.error is not None:
        return _port_closed(port.error, port.url, known)
    if known.settings_problem is not None:
        return Problem(
            Kind.SETTINGS_BROKEN,
            error_title(known.settings_problem),
            _tr("Until you correct it, the last valid settings apply, or the defaults if there are none."),
            ProblemAction(Remedy.OPEN_FILE, _tr("&Open the file"), known.settings_file),
        )
    if known.free_bytes is not None and known.free_bytes < MIN_FREE_BYTES:
        return Problem(
            Kind.DISK_FULL,
            _tr("The disk is nearly full: {free} left.").format(free=format_bytes(known.free_bytes)),
            _tr("Usage and downloads cannot be saved. Free some space, for example by deleting a model."),
            ProblemAction(Remedy.OPEN_FOLDER, _tr("&Open the folder"), known.data_folder),
        )
    if snapshot.warning is not None:
        return Problem(
            Kind.USAGE_NOT_KEPT,
            sentence(message_text(snapshot.warning)),
            _tr("Models keep working, but usage data may be lost."),
            ProblemAction(Remedy.SHOW_LOG, _tr("Show the &log")),
        )
    return _model_problem(snapshot, known.failures)


def _port_closed(error: EngineError, url: str | None, known: Circumstances) -> Problem:
    action = ProblemAction(Remedy.OPEN_SETTINGS, _tr("Open &settings"), "access")
    if not isinstance(error, PortInUseError):
        return Problem(Kind.PORT_CLOSED, error_title(error), error_hint(error), action)
    if url is not None:
        remedy = _tr("Preheat takes it when that program ends, and stays at {url} until then.").format(url=url)
    else:
        remedy = _tr("Other apps can't connect. Preheat takes it when that program ends.")
    again = ProblemAction(Remedy.OPEN_PORT, _tr("&Try again"))
    if "port" in known.overridden:
        return Problem(Kind.PORT_TAKEN, error_title(error), remedy, again)
    if known.free_port is not None:
        text = _tr("&Use port {port}").format(port=known.free_port)
        action = ProblemAction(Remedy.USE_PORT, text, str(known.free_port))
    return Problem(Kind.PORT_TAKEN, error_title(error), remedy, action, other=again)


def _model_problem(snapshot: EngineSnapshot, failures: Mapping[str, int]) -> Problem | None:
    for model in snapshot.models:
        count = failures.get(model.model_id, 0)
        if count >= FAILURES_IN_A_LOOP and model.state is not State.HOT:
            words = _tr("{model} has failed {count} times in a row: {reason}")
            return Problem(
                Kind.CRASH_LOOP,
                words.format(model=model.model_id, count=count, reason=_reason(model)),
                _tr("The file may be damaged, or too new for this version of Preheat. Try another file."),
                ProblemAction(Remedy.SHOW_LOG, _tr("Show the &log")),
                model.model_id,
            )
    for model in snapshot.models:
        if model.file_missing:
            return Problem(
                Kind.FILE_MISSING,
                _tr("The file of {model} is missing.").format(model=model.model_id),
                _tr("The model works until it is unloaded. Restore the file or download it again."),
                None,
                model.model_id,
            )
    # A model that was tried an hour ago must not keep the icon red; a favourite is always wanted.
    failed = [model for model in snapshot.models if model.state is State.FAILED]
    wanted = [model for model in failed if model.favourite or failures.get(model.model_id)]
    worst = max(wanted, key=lambda model: (model.favourite, model.last_used_at or 0.0), default=None)
    if worst is None:
        return None
    return Problem(
        Kind.LOAD_FAILED,
        _tr("{model} is not available: {reason}").format(model=worst.model_id, reason=_reason(worst)),
        "",
        ProblemAction(Remedy.LOAD, _tr("&Try again"), worst.model_id),
        worst.model_id,
    )


def _reason(model: ModelSnapshot) -> str:
    """Return why the model failed, without its name at the start, which the sentence already has."""
    return sentence(failure_reason(model) or _tr("see the log"))


def _tr(text: str) -> str:
    return QCoreApplication.translate("Problem", text)
