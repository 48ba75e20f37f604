"""Every expected failure, with its stable code and its HTTP status.

Adapters (HTTP, command line, tray) convert these once each. Anything that is not an ``EngineError`` is a bug.
"""

from __future__ import annotations

import errno
import re
from pathlib import Path
from typing import Final

from preheat.messages import REASON_CODES, Message, Param, msg, render, verbatim


class EngineError(Exception):
    """An expected failure.

    Args:
        message: What went wrong and what to do. A text, with ``hint``, stands for other software's words.
        param: The request field or setting at fault, if one is.
        retry_after_s: When trying again makes sense, in seconds; None if waiting does not help.
    """

    code = "engine_error"  # HTTP clients and tests match on it
    status = 500  # of an HTTP response

    def __init_subclass__(cls, code: str | None = None, status: int | None = None) -> None:
        cls.code, cls.status = code or cls.code, status or cls.status

    def __init__(
        self,
        message: Message | str,
        *,
        hint: str = "",
        param: str | None = None,
        retry_after_s: float | None = None,
    ) -> None:
        self.message = verbatim(message, hint) if isinstance(message, str) else message
        # In English; the title is one sentence without its full stop.
        self.title, self.hint = title, hint = render(self.message)
        super().__init__(f"{title}. {hint}" if hint else title)
        self.param = param
        self.retry_after_s = retry_after_s


class SettingsError(EngineError, code="invalid_settings", status=400):
    """A setting's name or value is wrong; the title names file and line, variable or option."""

    def __init__(
        self, message: Message | str, *, hint: str = "", param: str | None = None, reason: Message | None = None
    ) -> None:
        super().__init__(message, hint=hint, param=param)
        self.reason = reason  # what is wrong with the value and what is allowed, if the error is about a value


class InvalidRequestError(EngineError, code="invalid_request", status=400):
    """A request's field has a value that cannot be served; ``param`` names it."""


class ModelNotFoundError(EngineError, code="model_not_found", status=404):
    """No model file has this name; the hint names near ones."""


class AmbiguousModelError(EngineError, code="ambiguous_model", status=400):
    """A shortened model name fits more than one model."""


class UnsupportedOperationError(EngineError, code="unsupported_operation", status=400):
    """The model does not support the operation, such as embeddings from a chat model."""


class ModelFileError(EngineError, code="invalid_model_file", status=422):
    """A file is not a whole, well-formed GGUF model."""


class ModelLoadError(EngineError, code="model_load_failed", status=503):
    """A model did not become hot."""


class LoadTimeoutError(ModelLoadError, code="load_timeout", status=504):
    """A model did not become hot within ``load_timeout``."""


class LoadCancelledError(EngineError, code="load_cancelled", status=503):
    """A load was stopped on purpose: unloaded by the user, or in the way of a waiting request."""


class InsufficientMemoryError(EngineError, code="insufficient_memory", status=507):
    """Evicting every idle model is not enough."""


class ChatTemplateError(EngineError, code="chat_template_failed", status=422):
    """The model's chat template cannot be run, or fails with these messages; completions work."""


class ChatTemplateTooSlowError(ChatTemplateError, code="chat_template_too_slow"):
    """The model's chat template takes too long with these messages."""


class ChatTemplateUnavailableError(EngineError, code="chat_template_unavailable", status=503):
    """The process that runs chat templates does not start."""


class ContextLengthExceededError(EngineError, code="context_length_exceeded", status=400):
    """Prompt and completion do not fit the model's context length."""


class QueueFullError(EngineError, code="queue_full", status=503):
    """Too many requests are waiting for this model."""


class WorkerDiedError(EngineError, code="worker_died", status=502):
    """The worker process ended in the middle of a request."""


class WorkerHungError(WorkerDiedError, code="worker_hung", status=503):
    """The worker process made no progress and was ended."""


class EngineStoppedError(EngineError, code="engine_stopped", status=503):
    """The engine is shutting down."""


class InternalError(EngineError, code="internal_error", status=500):
    """A bug in Preheat. The log has it under the same id; made by ``report_bug``."""

    @property
    def bug_id(self) -> str:
        """The id in the log."""
        return str(self.message.params.get("id", ""))


class PortInUseError(EngineError, code="port_in_use", status=500):
    """Another process listens on the configured port."""


class NotRunningError(EngineError, code="not_running", status=503):
    """No Preheat runs on this machine for this user."""


class HubError(EngineError, code="hub_error", status=502):
    """The hub that models are downloaded from did not answer as expected."""


class HubOfflineError(HubError, code="hub_offline", status=503):
    """``HF_HUB_OFFLINE`` is set: nothing is asked of the hub."""


class HubUnreachableError(HubError, code="hub_unreachable", status=504):
    """No connection to the hub, or none that lasted; trying again later may help."""


class RepoNotFoundError(HubError, code="repo_not_found", status=404):
    """The hub has no such repository or revision, or hides it from this user."""


class HubFileNotFoundError(HubError, code="hub_file_not_found", status=404):
    """The repository has no such file or quantization; the hint names those that it has."""


class GatedRepoError(HubError, code="gated_repo", status=403):
    """The repository's owner asks for consent first; the hint says how to get access."""


class HubRateLimitedError(HubError, code="hub_rate_limited", status=429):
    """The hub wants fewer requests; ``retry_after_s`` says for how long, if the hub did."""


class DownloadNotFoundError(EngineError, code="download_not_found", status=404):
    """No download has this id."""


class DownloadBusyError(EngineError, code="download_busy", status=409):
    """Another process is fetching the same files."""


class ChecksumMismatchError(EngineError, code="checksum_mismatch", status=502):
    """The downloaded file does not match the hub's checksum; it was kept."""


class DiskFullError(EngineError, code="disk_full", status=507):
    """There is not enough room on the disk."""


class FolderError(EngineError, code="folder_error", status=500):
    """A folder or file cannot be read or written; the title says which and why."""


class UnusablePathError(EngineError, code="unusable_path", status=400):
    """A path that cannot be used for this. The same for one that does not exist, is unreadable, or of another kind."""


class NotOwnFileError(EngineError, code="not_own_file", status=409):
    """The file belongs to another program or to the user: Preheat does not delete it."""


class ModelInUseError(EngineError, code="model_in_use", status=409):
    """A model is answering, and cannot be taken away now."""


class ModelExistsError(EngineError, code="model_exists", status=409):
    """There is another file of this name already."""


_NUMBER: Final = re.compile(r"^\[(?:Errno|WinError) -?\d+\] ")


def reason_of(error: BaseException) -> Message | str:
    """Return the reason for a failure, without number and path: a message if its words are in the table."""
    words = getattr(error, "strerror", None) or str(error).strip().rstrip(".") or type(error).__name__
    words = _NUMBER.sub("", words)  # of an error in the words of another
    code = REASON_CODES.get(words)
    return msg(code) if code else words


_FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT})
_WINDOWS: Final = ("PySide6", "preheat_gui")
_REMEDIES: Final = {
    **dict.fromkeys(_FULL, "free_space"),
    errno.EROFS: "check_read_only",
    errno.EACCES: "check_permissions",
    errno.EPERM: "check_permissions",
    errno.EMFILE: "close_programs",
    errno.ENFILE: "close_programs",
    errno.ENOMEM: "close_programs",
    errno.EIO: "check_disk",
    errno.EBUSY: "close_user_of",
}


def is_full(error: Exception) -> bool:
    """Return whether the error means a full disk or a used-up quota."""
    return getattr(error, "errno", None) in _FULL


def file_remedy(error: Exception, path: Path) -> Message:
    """Return what to do about an error of a file or folder."""
    return msg(_REMEDIES.get(getattr(error, "errno", None) or 0, "check_file"), path=_shown(path))


def file_error(code: str, error: OSError, path: Path, **params: Param) -> EngineError:
    """Return the error of a file or folder that cannot be used.

    Args:
        code: Of a message with the parameters ``path``, ``reason`` and ``remedy``.
        params: More parameters of the message.
    """
    kind = DiskFullError if is_full(error) else FolderError
    return kind(msg(code, path=_shown(path), reason=reason_of(error), remedy=file_remedy(error, path), **params))


def windows_error(error: ImportError) -> EngineError:
    """Return the error of a tray that cannot be imported. Raises ``error`` again if another module is missing."""
    if not isinstance(error, ModuleNotFoundError):
        # PySide6 is installed, but a system library it needs is not.
        return EngineError(msg("cli_windows_fail", reason=str(error)))
    if (error.name or "").partition(".")[0] not in _WINDOWS:
        raise error
    from preheat.installation import build_info

    return EngineError(msg("cli_windows_not_in_package" if build_info().package == "deb" else "cli_windows_missing"))


def _shown(path: Path) -> str:
    return "".join(char if char.isprintable() else "_" for char in str(path))
