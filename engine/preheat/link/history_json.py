"""Use over time as the port tells it, back into values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any, Final

from preheat.errors import EngineError
from preheat.usage import UsageBucket, UsageHistory
from preheat.usage.records import Counts

_KEYS: Final = {"saved_s": "time_saved_s"}
"""Sums that have another name in JSON."""


def history_from_json(content: Mapping[str, Any]) -> UsageHistory:
    """Return the history of ``GET /preheat/v1/history``.

    Raises:
        EngineError: It is of a version that this one does not understand.
    """
    try:
        return UsageHistory(hours=_buckets(content["hours"]), days=_buckets(content["days"]))
    except (LookupError, TypeError) as error:
        raise EngineError(
            "The running Preheat's figures cannot be understood", hint="It may be another version: start it again"
        ) from error


def _buckets(content: list[Mapping[str, Any]]) -> tuple[UsageBucket, ...]:
    return tuple(UsageBucket(bucket["begins_at"], bucket["length_s"], _counts(bucket)) for bucket in content)


def _counts(bucket: Mapping[str, Any]) -> Counts:
    return Counts(**{field.name: bucket[_KEYS.get(field.name, field.name)] for field in fields(Counts)})
