"""Reads records from the usage log. Each function reads one open connection, at one moment of the log."""

from __future__ import annotations

import contextlib
import json
import sqlite3
from collections.abc import Iterator
from typing import Any, Final

from preheat.messages import Message, message_from_json, verbatim
from preheat.usage.records import (
    Action,
    DecisionRecord,
    RequestRecord,
    Row,
    SavedRows,
    SizeKey,
    SizeRecord,
    WakeRecord,
)
from preheat.usage.schema import OUTCOMES, WAKES_SINCE

_REQUEST: Final = (
    "SELECT (SELECT model_id FROM models WHERE no = model), started_at, outcome, wait_s, ttft_s, prompt_tokens, "
    "completion_tokens, client, saved_s, id FROM requests WHERE "
)
# SQLite merges the outcomes, each in the order of its index, so that nothing is sorted.
_BETWEEN: Final = " UNION ALL ".join(
    f"{_REQUEST} outcome = {code} AND started_at >= :begin AND started_at < :end" for code in range(len(OUTCOMES))
)


def read_requests_between(connection: sqlite3.Connection, begin: float, end: float) -> Iterator[RequestRecord]:
    """Yield the requests that arrived from ``begin`` up to, but not at, ``end``, in that order."""
    rows = connection.execute(f"{_BETWEEN} ORDER BY started_at, id", {"begin": begin, "end": end})
    return map(_request, rows)


def read_requests_after(connection: sqlite3.Connection, mark: int) -> Iterator[RequestRecord]:
    """Yield the requests that were recorded after ``mark``, in the order of recording."""
    return map(_request, connection.execute(f"{_REQUEST} id > ? ORDER BY id", (mark,)))


def read_wakes(connection: sqlite3.Connection, begin: float, end: float) -> Iterator[WakeRecord]:
    """Yield the wake-ups from ``begin`` up to, but not at, ``end``, in that order."""
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version < WAKES_SINCE:
        return iter(())
    rows = connection.execute(
        "SELECT at, client, ifnull((SELECT model_id FROM models WHERE no = model), '') FROM wakes "
        "WHERE at >= ? AND at < ? ORDER BY at, id",
        (begin, end),
    )
    return (WakeRecord(*row) for row in rows)


def read_decisions(
    connection: sqlite3.Connection, limit: int, since: float | None, model: str | None
) -> tuple[DecisionRecord, ...]:
    """Return the newest decisions, newest first."""
    condition = "" if model is None else "AND model = (SELECT no FROM models WHERE model_id = :model)"
    rows = connection.execute(
        "SELECT at, (SELECT model_id FROM models WHERE no = model), action, why, bytes, seconds, cause, idle_s, wasted "
        f"FROM decisions WHERE at >= :since {condition} ORDER BY at DESC, id DESC LIMIT :limit",
        {"since": since or 0.0, "model": model, "limit": limit},
    )
    return tuple(
        DecisionRecord(at, model_id, Action(action), _reason(why), held, seconds, cause, idle_s, bool(wasted))
        for at, model_id, action, why, held, seconds, cause, idle_s, wasted in rows
    )


def _reason(text: str) -> Message:
    """Return a stored reason: a message as JSON, or plain words of an earlier version."""
    if text.startswith("{"):
        with contextlib.suppress(LookupError, TypeError, ValueError, AttributeError):
            return message_from_json(json.loads(text))
    return verbatim(text)


def read_sizes(connection: sqlite3.Connection) -> dict[SizeKey, SizeRecord]:
    """Return every measured size."""
    rows = connection.execute(
        "SELECT path, file_bytes, modified_at, context_length, kv_cache_type, resident_bytes, load_s, measured_at "
        "FROM sizes"
    )
    return {size.key: size for size in (SizeRecord(*row) for row in rows)}


def read_saved(connection: sqlite3.Connection, kind: str) -> SavedRows:
    """Return the rows that were saved last under this name."""
    rows = connection.execute("SELECT row FROM saved WHERE kind = ? ORDER BY place", (kind,))
    mark = connection.execute("SELECT mark FROM marks WHERE kind = ?", (kind,)).fetchone()
    return SavedRows(tuple(_row(json.loads(text)) for (text,) in rows), mark[0] if mark else 0)


def _row(values: list[Any]) -> Row:
    return tuple(tuple(value) if isinstance(value, list) else value for value in values)


def _request(row: tuple[str, float, int, float, float | None, int, int, str, float, int]) -> RequestRecord:
    model_id, started_at, outcome, wait_s, ttft_s, prompt, completion, client, saved_s, _ = row
    return RequestRecord(model_id, started_at, OUTCOMES[outcome], wait_s, ttft_s, prompt, completion, client, saved_s)
