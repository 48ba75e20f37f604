"""Writes to the tables of the usage log.

Each public function is one transaction; after an error the connection must be closed, which rolls back.
"""

from __future__ import annotations

import json
import math
import sqlite3
from collections.abc import Sequence
from typing import Final

from preheat.inference import LoadStages
from preheat.messages import Message, message_json
from preheat.residency import DecisionRecord
from preheat.usage.file import transaction
from preheat.usage.records import (
    END_OF_TIME,
    Item,
    Record,
    RequestRecord,
    RowsToSave,
    SizeRecord,
    WakeRecord,
)
from preheat.usage.retention import LastRecords
from preheat.usage.schema import (
    DAY_S,
    DECISION_SUMS,
    HOUR_S,
    MAX_INTEGER,
    OUTCOMES,
    REQUEST_SUMS,
    SIZE_COLUMNS,
    SPANS,
    add_to,
)

_MAX_NAME: Final = 300
_MAX_WHY: Final = 500
_MAX_REASON_JSON: Final = 2000
_MAX_CLIENT: Final = 64
_MAX_KEY: Final = 64

_CODES: Final = {outcome: code for code, outcome in enumerate(OUTCOMES)}

_ADD_MODEL: Final = "INSERT OR IGNORE INTO models (model_id) VALUES (?)"
_ADD_REQUEST: Final = (
    "INSERT INTO requests (model, outcome, started_at, wait_s, ttft_s, prompt_tokens, completion_tokens, client, "
    "saved_s, slot_tokens, memory_tokens, disk_tokens, prefill_saved_s, draft_tokens, accepted_tokens, prefix, "
    "prefix_tokens, decode_s, recomputed, recomputed_why) "
    "VALUES ((SELECT no FROM models WHERE model_id = ?), ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
_ADD_DECISION: Final = (
    "INSERT INTO decisions (model, at, action, why, bytes, seconds, cause, idle_s, wasted, read_s, make_s, probe_s, "
    "disk_share) VALUES ((SELECT no FROM models WHERE model_id = ?), ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
_ADD_WAKE: Final = "INSERT INTO wakes (at, model, client) VALUES (?, (SELECT no FROM models WHERE model_id = ?), ?)"
# Wakes have no sums, and may be the only records of a day.
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
_LAST_ID: Final = "SELECT ifnull(max(seq), 0) FROM sqlite_sequence WHERE name = ?"


def write_batch(connection: sqlite3.Connection, batch: Sequence[Item]) -> None:
    """Write all items, or none."""
    with transaction(connection):
        # The mark of saved rows says which requests came before them, so records are written up to that place first.
        records: list[Record] = []
        for item in batch:
            if isinstance(item, RowsToSave):
                _write_records(connection, records)
                _save_rows(connection, item)
                records = []
            else:
                records.append(item)
        _write_records(connection, records)


def fold_oldest_day(connection: sqlite3.Connection, kept_since: float, old: LastRecords) -> bool:
    """Delete all but the sums of the oldest day (UTC), and return whether that was done.

    Args:
        kept_since: Unix time that the day must have ended by.
        old: The day must have no record after these.
    """
    (oldest,) = connection.execute(_OLDEST_HOUR).fetchone()
    if oldest is None:
        return False
    end = (oldest * HOUR_S // DAY_S + 1) * DAY_S
    if end > kept_since:
        return False
    # One day per transaction: a long one would block another process.
    with transaction(connection):
        foldable = _none_after(connection, old, end)
        if foldable:
            connection.execute("UPDATE history SET begins = max(begins, ?)", (end,))
            connection.execute("DELETE FROM hours WHERE hour < ?", (end // HOUR_S,))
            for code in range(len(OUTCOMES)):
                connection.execute("DELETE FROM requests WHERE outcome = ? AND started_at < ?", (code, end))
            connection.execute("DELETE FROM decisions WHERE at < ?", (end,))
            connection.execute("DELETE FROM wakes WHERE at < ?", (end,))
    return foldable


def _none_after(connection: sqlite3.Connection, old: LastRecords, end: float) -> bool:
    """Return whether no record before the Unix time ``end`` was written after the old ones."""
    conditions = [("requests", f"outcome = {code} AND started_at", old.requests) for code in range(len(OUTCOMES))]
    conditions += [("decisions", "at", old.decisions), ("wakes", "at", old.wakes)]
    return not any(
        connection.execute(f"SELECT 1 FROM {table} WHERE {at} < ? AND id > ? LIMIT 1", (end, last)).fetchone()
        for table, at, last in conditions
    )


def _write_records(connection: sqlite3.Connection, records: Sequence[Record]) -> None:
    model_ids = {record.model_id for record in records if isinstance(record, RequestRecord | DecisionRecord)}
    model_ids |= {record.model_id for record in records if isinstance(record, WakeRecord) and record.model_id}
    connection.executemany(_ADD_MODEL, [(_text(model_id, _MAX_NAME),) for model_id in sorted(model_ids)])
    requests = [_request_row(record) for record in records if isinstance(record, RequestRecord)]
    decisions = [_decision_row(record) for record in records if isinstance(record, DecisionRecord)]
    for table, insert, rows, sums in (
        ("requests", _ADD_REQUEST, requests, _REQUEST_SUMS),
        ("decisions", _ADD_DECISION, decisions, _DECISION_SUMS),
    ):
        if rows:
            last = connection.execute(_LAST_ID, (table,)).fetchone()
            connection.executemany(insert, rows)
            for name, span_s in SPANS:
                connection.execute(add_to(name, span_s, sums), last)
    connection.executemany(_ADD_WAKE, [_wake_row(record) for record in records if isinstance(record, WakeRecord)])
    for record in records:
        if isinstance(record, SizeRecord):
            _write_size(connection, record)


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
    # The file changed: its earlier sizes are no longer valid.
    connection.execute(
        "DELETE FROM sizes WHERE path = ? AND (file_bytes, modified_at) != (?, ?)", (path, file_bytes, changed)
    )
    connection.execute(
        f"INSERT OR REPLACE INTO sizes ({SIZE_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
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
        _count(record.slot_tokens),
        _count(record.memory_tokens),
        _count(record.disk_tokens),
        _seconds(record.prefill_saved_s) or 0.0,
        _count(record.draft_tokens),
        _count(record.accepted_tokens),
        _text(record.prefix, _MAX_KEY),
        _count(record.prefix_tokens),
        _seconds(record.decode_s) or 0.0,
        "" if record.recomputed is None else _text(record.recomputed.code, _MAX_CLIENT),
        "" if record.recomputed is None else _reason(record.recomputed),
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
        *_stages(record.stages),
    )


def _stages(stages: LoadStages | None) -> tuple[float | None, ...]:
    if stages is None:
        return None, None, None, None
    return tuple(map(_seconds, (stages.read_s, stages.make_s, stages.probe_s, stages.disk_share)))


def _wake_row(record: WakeRecord) -> tuple[object, ...]:
    client = None if record.added else _text(record.client, _MAX_CLIENT)
    return _time(record.at), _text(record.model_id, _MAX_NAME), client


# No value may make a batch fail: it would be retried forever, and all later records would be lost.


def _reason(reason: Message) -> str:
    """Return a reason with its code and parameters as JSON, so that it can be translated later."""
    if reason.code != "text":
        content = json.dumps(message_json(reason), ensure_ascii=False)
        if len(content) <= _MAX_REASON_JSON:
            return _text(content, None)
    return _text(str(reason), _MAX_WHY)


def _text(value: str, limit: int | None) -> str:
    """Replace lone surrogates, which file names may have and SQLite cannot store."""
    return value[:limit].encode("utf-8", "replace").decode("utf-8")


def _count(value: int) -> int:
    return min(max(value, 0), MAX_INTEGER)


def _seconds(value: float | None) -> float | None:
    """Return a duration, without the negative values of a clock that was set back."""
    return None if value is None or not math.isfinite(value) else max(value, 0.0)


def _time(value: float) -> float:
    return min(max(value, 0.0), END_OF_TIME) if math.isfinite(value) else 0.0
