"""Writes to the usage log's tables. Each function is one transaction's work on an open connection."""

from __future__ import annotations

import json
import math
import sqlite3
from collections.abc import Iterable, Sequence
from typing import Final

from preheat.messages import Message, message_json
from preheat.usage.file import transaction
from preheat.usage.records import END_OF_TIME, DecisionRecord, RequestRecord, Row, SizeRecord, WakeRecord
from preheat.usage.schema import DAY_S, DECISION_SUMS, HOUR_S, OUTCOMES, REQUEST_SUMS, SPANS, add_to

_MAX_INTEGER: Final = 2**48  # sums of these stay far below what SQLite can hold
_MAX_NAME: Final = 300
_MAX_WHY: Final = 500
_MAX_REASON_JSON: Final = 2000
_MAX_CLIENT: Final = 64

_CODES: Final = {outcome: code for code, outcome in enumerate(OUTCOMES)}

_ADD_MODEL: Final = "INSERT OR IGNORE INTO models (model_id) VALUES (?)"
_ADD_REQUEST: Final = (
    "INSERT INTO requests (model, outcome, started_at, wait_s, ttft_s, prompt_tokens, completion_tokens, client, "
    "saved_s) VALUES ((SELECT no FROM models WHERE model_id = ?), ?, ?, ?, ?, ?, ?, ?, ?)"
)
_ADD_DECISION: Final = (
    "INSERT INTO decisions (model, at, action, why, bytes, seconds, cause, idle_s, wasted) "
    "VALUES ((SELECT no FROM models WHERE model_id = ?), ?, ?, ?, ?, ?, ?, ?, ?)"
)
_ADD_WAKE: Final = "INSERT INTO wakes (at, model, client) VALUES (?, (SELECT no FROM models WHERE model_id = ?), ?)"
# Wake-ups have no sums, and may be all that there was on a day.
_OLDEST_HOUR: Final = (
    f"SELECT min(hour) FROM (SELECT min(hour) AS hour FROM hours UNION ALL "
    f"SELECT CAST(min(at) AS INTEGER) / {HOUR_S} FROM wakes)"
)
_REQUEST_SUMS: Final = (
    f"SELECT CAST(started_at AS INTEGER) / {{}}, model, {REQUEST_SUMS} FROM requests WHERE id > ? GROUP BY 1, 2"
)
_DECISION_SUMS: Final = (
    f"SELECT CAST(at AS INTEGER) / {{}}, model, {DECISION_SUMS} FROM decisions WHERE id > ? GROUP BY 1, 2"
)
_ADD_UP_REQUESTS: Final = [add_to(table, span_s, _REQUEST_SUMS) for table, span_s in SPANS]
_ADD_UP_DECISIONS: Final = [add_to(table, span_s, _DECISION_SUMS) for table, span_s in SPANS]
_LAST_ID: Final = "SELECT ifnull(max(seq), 0) FROM sqlite_sequence WHERE name = ?"


class RowsToSave:
    """Rows on their way to the log. ``rows`` becomes None when newer ones have taken their place."""

    __slots__ = ("kind", "rows")

    def __init__(self, kind: str, rows: tuple[Row, ...]) -> None:
        self.kind = kind
        self.rows: tuple[Row, ...] | None = rows


Item = RequestRecord | DecisionRecord | SizeRecord | WakeRecord | RowsToSave


def write_batch(connection: sqlite3.Connection, batch: Sequence[Item]) -> None:
    """Write all items, or none.

    Raises:
        sqlite3.Error: None is written; the connection must be closed.
    """
    with transaction(connection):
        # Saved rows are a border: their mark says which requests came before them.
        begin = 0
        for place, item in enumerate(batch):
            if isinstance(item, RowsToSave):
                _write_records(connection, batch[begin:place])
                _save_rows(connection, item)
                begin = place + 1
        _write_records(connection, batch[begin:])


def fold_oldest_day(connection: sqlite3.Connection, kept_since: float) -> bool:
    """Forget all but the sums of the oldest day (UTC), if it ended before ``kept_since``.

    One day at a time: a long transaction would keep another process waiting.

    Returns:
        Whether there was such a day.

    Raises:
        sqlite3.Error: Nothing is changed; the connection must be closed.
    """
    (oldest,) = connection.execute(_OLDEST_HOUR).fetchone()
    if oldest is None:
        return False
    end = (oldest * HOUR_S // DAY_S + 1) * DAY_S
    if end > kept_since:
        return False
    with transaction(connection):
        connection.execute("UPDATE history SET begins = max(begins, ?)", (end,))
        connection.execute("DELETE FROM hours WHERE hour < ?", (end // HOUR_S,))
        for code in range(len(OUTCOMES)):
            connection.execute("DELETE FROM requests WHERE outcome = ? AND started_at < ?", (code, end))
        connection.execute("DELETE FROM decisions WHERE at < ?", (end,))
        connection.execute("DELETE FROM wakes WHERE at < ?", (end,))
    return True


def _write_records(connection: sqlite3.Connection, items: Iterable[Item]) -> None:
    requests: list[RequestRecord] = []
    decisions: list[DecisionRecord] = []
    sizes: list[SizeRecord] = []
    wakes: list[WakeRecord] = []
    for item in items:
        if isinstance(item, RequestRecord):
            requests.append(item)
        elif isinstance(item, DecisionRecord):
            decisions.append(item)
        elif isinstance(item, SizeRecord):
            sizes.append(item)
        elif isinstance(item, WakeRecord):
            wakes.append(item)
    model_ids = {record.model_id for record in requests} | {record.model_id for record in decisions}
    model_ids |= {wake.model_id for wake in wakes if wake.model_id}
    connection.executemany(_ADD_MODEL, [(_text(model_id, _MAX_NAME),) for model_id in sorted(model_ids)])
    if requests:
        last = connection.execute(_LAST_ID, ("requests",)).fetchone()
        connection.executemany(_ADD_REQUEST, map(_request_row, requests))
        for statement in _ADD_UP_REQUESTS:
            connection.execute(statement, last)
    if decisions:
        last = connection.execute(_LAST_ID, ("decisions",)).fetchone()
        connection.executemany(_ADD_DECISION, map(_decision_row, decisions))
        for statement in _ADD_UP_DECISIONS:
            connection.execute(statement, last)
    connection.executemany(_ADD_WAKE, map(_wake_row, wakes))
    for size in sizes:
        _write_size(connection, size)


def _save_rows(connection: sqlite3.Connection, item: RowsToSave) -> None:
    rows = item.rows
    if rows is None:
        return
    (mark,) = connection.execute(_LAST_ID, ("requests",)).fetchone()
    connection.execute("DELETE FROM saved WHERE kind = ?", (item.kind,))
    connection.executemany(
        "INSERT INTO saved (kind, place, row) VALUES (?, ?, ?)",
        ((item.kind, place, json.dumps(row)) for place, row in enumerate(rows)),
    )
    connection.execute("INSERT OR REPLACE INTO marks (kind, mark) VALUES (?, ?)", (item.kind, mark))


def _write_size(connection: sqlite3.Connection, size: SizeRecord) -> None:
    path, file_bytes, changed = _text(size.path, None), _count(size.file_bytes), _time(size.modified_at)
    # The file has changed since: what it measured before will not come back.
    connection.execute(
        "DELETE FROM sizes WHERE path = ? AND (file_bytes, modified_at) != (?, ?)", (path, file_bytes, changed)
    )
    connection.execute(
        "INSERT OR REPLACE INTO sizes (path, file_bytes, modified_at, context_length, kv_cache_type, resident_bytes, "
        "load_s, measured_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (
            path,
            file_bytes,
            changed,
            _count(size.context_length),
            _text(size.kv_cache_type, _MAX_CLIENT),
            _count(size.resident_bytes),
            _seconds(size.load_s) or 0.0,
            _time(size.measured_at),
        ),
    )


def _request_row(record: RequestRecord) -> tuple[object, ...]:
    return (
        _text(record.model_id, _MAX_NAME),
        _CODES[record.outcome],
        _time(record.started_at),
        _seconds(record.wait_s) or 0.0,
        _seconds(record.ttft_s),
        _count(record.prompt_tokens),
        _count(record.completion_tokens),
        _text(record.client, _MAX_CLIENT),
        _seconds(record.saved_s) or 0.0,
    )


def _decision_row(record: DecisionRecord) -> tuple[object, ...]:
    return (
        _text(record.model_id, _MAX_NAME),
        _time(record.at),
        record.action.value,
        _reason(record.reason),
        _count(record.bytes),
        _seconds(record.seconds),
        _text(record.cause, _MAX_CLIENT),
        _seconds(record.idle_s),
        int(record.wasted),
    )


def _wake_row(record: WakeRecord) -> tuple[object, ...]:
    return _time(record.at), _text(record.model_id, _MAX_NAME), _text(record.client, _MAX_CLIENT)


# No value may make a batch fail: it would be tried again for ever, and all that follow it would be lost.


def _reason(reason: Message) -> str:
    """Return a reason with its code and parameters as JSON, so that it can be translated later."""
    if reason.code != "text":
        content = json.dumps(message_json(reason), ensure_ascii=False)
        if len(content) <= _MAX_REASON_JSON:
            return _text(content, None)
    return _text(str(reason), _MAX_WHY)


def _text(value: str, limit: int | None) -> str:
    """Return what SQLite can store: no lone surrogates, which file names may have."""
    return value[:limit].encode("utf-8", "replace").decode("utf-8")


def _count(value: int) -> int:
    return min(max(value, 0), _MAX_INTEGER)


def _seconds(value: float | None) -> float | None:
    """Return a duration; a clock that was set back makes it negative."""
    return None if value is None or not math.isfinite(value) else max(value, 0.0)


def _time(value: float) -> float:
    return min(max(value, 0.0), END_OF_TIME) if math.isfinite(value) else 0.0
