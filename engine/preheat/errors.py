"""Every expected failure, with a stable code, a title and a remedy.

Adapters (HTTP, command line, tray) convert these once each. Anything that is not an ``EngineError`` is a bug.
"""

from __future__ import annotations

from preheat.messages import Message, render, verbatim


class EngineError(Exception):
    """An expected failure.

    Args:
        message: What went wrong. A text, with ``hint``, stands for other software's words, which have no code.

    Attributes:
        code: Stable kind of failure; HTTP clients and tests match on it.
        message: What went wrong and what to do, as code and parameters; the windows translate it.
        title: The same in English: one sentence without its full stop; fits a notification.
        hint: What to do about it, in English; may be empty.
        param: The request field or setting at fault, if one is.
        retry_after_s: When trying again makes sense, in seconds; None if waiting does not help.
    """

    code = "engine_error"

    def __init__(
        self,
        message: Message | str,
        *,
        hint: str = "",
        param: str | None = None,
        retry_after_s: float | None = None,
    ) -> None:
        self.message = verbatim(message, hint) if isinstance(message, str) else message
        self.title, self.hint = title, hint = render(self.message)
        super().__init__(f"{title}. {hint}" if hint else title)
        self.param = param
        self.retry_after_s = retry_after_s


class SettingsError(EngineError):
    """A setting's name or value is wrong; the title names file and line, variable or option.

    Attributes:
        reason: What is wrong with the value and what is allowed; None if the error is not about a value.
    """

    code = "invalid_settings"

    def __init__(
        self, message: Message | str, *, hint: str = "", param: str | None = None, reason: Message | None = None
    ) -> None:
        super().__init__(message, hint=hint, param=param)
        self.reason = reason


class InvalidRequestError(EngineError):
    """A request's field has a value that cannot be served; ``param`` names it."""

    code = "invalid_request"


class ModelNotFoundError(EngineError):
    """No model file has this name; the hint names near ones."""

    code = "model_not_found"


class AmbiguousModelError(EngineError):
    """A shortened model name fits more than one model."""

    code = "ambiguous_model"


class UnsupportedOperationError(EngineError):
    """The model cannot do what was asked, such as embeddings from a chat model."""

    code = "unsupported_operation"


class ModelFileError(EngineError):
    """A file is not a whole, well-formed GGUF model."""

    code = "invalid_model_file"


class ModelLoadError(EngineError):
    """A model did not become hot."""

    code = "model_load_failed"


class LoadTimeoutError(ModelLoadError):
    """A model did not become hot within ``load_timeout``."""

    code = "load_timeout"


class LoadCancelledError(EngineError):
    """A load was stopped on purpose: unloaded by the user, or in the way of a waiting request."""

    code = "load_cancelled"


class InsufficientMemoryError(EngineError):
    """Evicting every idle model is not enough."""

    code = "insufficient_memory"


class ContextLengthExceededError(EngineError):
    """Prompt and completion do not fit the model's context length."""

    code = "context_length_exceeded"


class QueueFullError(EngineError):
    """Too many requests are waiting for this model."""

    code = "queue_full"


class WorkerDiedError(EngineError):
    """The worker process ended in the middle of a request."""

    code = "worker_died"


class EngineStoppedError(EngineError):
    """The engine is shutting down."""

    code = "engine_stopped"


class PortInUseError(EngineError):
    """Another process listens on the configured port."""

    code = "port_in_use"


class NotRunningError(EngineError):
    """No Preheat runs on this machine for this user."""

    code = "not_running"


class HubError(EngineError):
    """The hub that models are downloaded from did not answer as expected."""

    code = "hub_error"


class HubOfflineError(HubError):
    """``HF_HUB_OFFLINE`` is set: nothing is asked of the hub."""

    code = "hub_offline"


class HubUnreachableError(HubError):
    """No connection to the hub, or none that lasted; trying again later may help."""

    code = "hub_unreachable"


class RepoNotFoundError(HubError):
    """The hub has no such repository or revision, or hides it from this user."""

    code = "repo_not_found"


class HubFileNotFoundError(HubError):
    """The repository has no such file or quantization; the hint names those that it has."""

    code = "hub_file_not_found"


class GatedRepoError(HubError):
    """The repository's owner asks for consent first; the hint says how to get access."""

    code = "gated_repo"


class HubRateLimitedError(HubError):
    """The hub wants fewer requests; ``retry_after_s`` says for how long, if the hub did."""

    code = "hub_rate_limited"


class DownloadNotFoundError(EngineError):
    """No download has this id."""

    code = "download_not_found"


class DownloadBusyError(EngineError):
    """Another process is fetching the same files."""

    code = "download_busy"


class ChecksumMismatchError(EngineError):
    """What came is not what the hub says it has; it was kept aside."""

    code = "checksum_mismatch"


class DiskFullError(EngineError):
    """There is not enough room on the disk; the title names both sizes."""

    code = "disk_full"


class FolderError(EngineError):
    """A folder or file cannot be read or written; the title says which and why."""

    code = "folder_error"


class NotOwnFileError(EngineError):
    """The file belongs to another program or to the user: Preheat does not delete it."""

    code = "not_own_file"


class ModelInUseError(EngineError):
    """A model is answering, and cannot be taken away now."""

    code = "model_in_use"


class ModelExistsError(EngineError):
    """There is another file of this name already."""

    code = "model_exists"
