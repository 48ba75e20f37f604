"""Messages of replays."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from preheat.messages.template import Template

TABLE: Final[Mapping[str, Template]] = {
    "nothing_to_replay": Template(
        "There is nothing to replay: no request is on record", "Try a synthetic user: preheat replay --synthetic steady"
    ),
    "replay_log_unreadable": Template("{path} cannot be replayed: {reason}", "Choose the usage.db of a Preheat"),
    "replay_log_or_user": Template("--log and --synthetic exclude each other", "Use one of them"),
    "replay_option_alone": Template("{option} has no effect without {needed}", "Add {needed}, or leave out the option"),
    "replay_own_limits": Template("--synthetic {user} chooses its own limits", "Leave out --limit and --csv"),
    "replay_days_few": Template(
        "--synthetic {user} measures what comes after the first {days} days", "Use more with --days"
    ),
    "replay_unknown_user": Template("There is no synthetic user {user}", "Choose one of {known:names}"),
    "replay_wrong_size": Template('{option}: "{text}" is not a size', "Write 8GiB, or 50% of the memory"),
    "replay_limit_zero": Template("--limit must be above 0", "Write 8GiB,12GiB"),
    "replay_csv_unwritable": Template("{path} cannot be written: {reason}", "Choose another file"),
    "replay_failed": Template("The recorded use could not be replayed", "See the log"),
    "replay_process_failed": Template(
        "A process that replays has failed: {reason}", "Replay fewer users with --users; see whether memory is left"
    ),
    "tune_too_little": Template(
        "There is too little use to tune settings: {weeks} weeks and {requests} requests after the first week",
        "It takes {least_weeks} weeks and {least_requests} requests; try later, and keep history_days long enough",
    ),
    "tune_own_use": Template("--tune learns from your own use", "Leave out --synthetic, --limit and --csv"),
    "replay_busy": Template("Two requests of this kind are being computed", "Send the request again in a few seconds"),
}
