"""Messages about the usage log."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from preheat.messages.template import Template

TABLE: Final[Mapping[str, Template]] = {
    "no_usage_history": Template("No usage history is kept", "Set history_days to more than 0"),
    "usage_not_saved": Template(
        "Usage is not saved: {path} cannot be written ({reason}). It is kept in memory, and saving is retried"
    ),
    "usage_log_replaced": Template(
        "The usage log {path} was deleted or replaced while Preheat was running; a new one was started"
    ),
    "usage_log_damaged": Template(
        "The usage log was damaged ({error}). It was moved to {path}, and a new one was started"
    ),
    "usage_log_empty": Template("the usage log is still empty"),
    "usage_log_foreign": Template("the file is not a usage log"),
    "usage_log_incomplete": Template("the usage log lacks tables"),
    "usage_log_newer": Template(
        "the usage log was written by a newer Preheat (log version {version}, this Preheat knows {known})"
    ),
    "usage_log_locked": Template("another program has locked the file"),
    "export_unwritable": Template("{path} cannot be written: {reason}", "{remedy}"),
}
