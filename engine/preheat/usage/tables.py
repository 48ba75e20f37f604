"""Writes to and reads from the tables of the usage log.

Each write function is one transaction; after an error the connection must be closed, which rolls back. Each read
function sees one moment of the log.
"""

from __future__ import annotations

import contextlib
import json
import math
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

from preheat.inference import LoadStages
from preheat.messages import Message, message_from_json, message_json, verbatim
from preheat.residency import Action, DecisionRecord
from preheat.usage.file import transaction
from preheat.usage.records import (
    END_OF_TIME,
    Item,
    Record,
    RequestRecord,
    Row,
    RowsToSave,
    SavedRows,
    SizeKey,
    SizeRecord,
    Use,
    UseKind,
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
    SPANS,
    WAKES_SINCE,
    add_to,
    whole_where,
)

_MAX_NAME: Final = 300
_MAX_WHY: Final = 500
_MAX_REASON_JSON: Final = 2000
_MAX_CLIENT: Final = 64
_MAX_KEY: Final = 64

_CODES: Final = {outcome: code for code, outcome in enumerate(OUTCOMES)}

_KNOWN_MODEL: Final = "+model IN (SELECT no FROM models WHERE typeof(model_id) = 'text')"
_IN_TIME: Final = f"BETWEEN 0 AND {END_OF_TIME}"
WHOLE_REQUEST: Final = whole_where(
    _KNOWN_MODEL,
    f"+outcome IN ({', '.join(map(str, _CODES.values()))})",
    f"+started_at {_IN_TIME}",
    numbers="wait_s prompt_tokens completion_tokens saved_s slot_tokens memory_tokens disk_tokens "
    "prefill_saved_s draft_tokens accepted_tokens prefix_tokens decode_s",
    optional="ttft_s",
    texts="client prefix recomputed_why",
)
"""SQL condition that a request is as Preheat writes it; WHOLE_DECISION likewise."""

WHOLE_DECISION: Final = whole_where(
    _KNOWN_MODEL,
    f"+at {_IN_TIME}",
    f"action IN ({', '.join(repr(action.value) for action in Action)})",
    numbers="bytes wasted",
    optional="seconds idle_s read_s make_s probe_s disk_share",
    texts="why cause",
)
_WHOLE_WAKE: Final = whole_where(f"(model IS NULL OR {_KNOWN_MODEL})", f"+at {_IN_TIME}", texts="ifnull(client,'')")
_WHOLE_SIZE: Final = whole_where(
    "resident_bytes > 0",
    numbers="file_bytes modified_at context_length resident_bytes load_s measured_at",
    texts="path kv_cache_type",
)
_SIZE_COLUMNS: Final = (
    "path, file_bytes, modified_at, context_length, kv_cache_type, resident_bytes, load_s, measured_at"
)

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

_REQUEST: Final = (
    "SELECT (SELECT model_id FROM models WHERE no = model), started_at, outcome, wait_s, ttft_s, prompt_tokens, "
    "completion_tokens, client, saved_s, slot_tokens, memory_tokens, disk_tokens, prefill_saved_s, draft_tokens, "
    f"accepted_tokens, prefix, prefix_tokens, decode_s, recomputed_why, id FROM requests WHERE {WHOLE_REQUEST} AND "
)
# SQLite merges the outcomes in index order, so nothing is sorted.
_BETWEEN: Final = " UNION ALL ".join(
    f"{_REQUEST} outcome = {code} AND started_at >= :begin AND started_at < :end" for code in range(len(OUTCOMES))
)


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


def read_requests_between(connection: sqlite3.Connection, begin: float, end: float) -> Iterator[RequestRecord]:
    """Yield the requests that arrived from ``begin`` up to, but not at, ``end``, in that order."""
    rows = connection.execute(f"{_BETWEEN} ORDER BY started_at, id", {"begin": begin, "end": end})
    return map(_request, rows)


def read_requests_after(connection: sqlite3.Connection, mark: int) -> Iterator[RequestRecord]:
    """Yield the requests recorded after ``mark``, in that order."""
    return map(_request, connection.execute(f"{_REQUEST} id > ? ORDER BY id", (mark,)))


def read_requests(
    connection: sqlite3.Connection, limit: int, since: float | None, model: str | None, client: str | None
) -> tuple[RequestRecord, ...]:
    """Return the last recorded requests, last first."""
    condition = "" if model is None else "AND model = (SELECT no FROM models WHERE model_id = :model)"
    if client is not None:
        # With its version, or without: ``notes/1.2`` or ``notes``.
        condition += " AND (lower(client) = :client OR substr(lower(client), 1, length(:client) + 1) = :client || '/')"
    rows = connection.execute(
        f"{_REQUEST} started_at >= :since {condition} ORDER BY id DESC LIMIT :limit",
        {
            "since": since or 0.0,
            "model": model,
            "client": client and client.lower(),
            "limit": limit,
        },
    )
    return tuple(map(_request, rows))


def read_wakes(connection: sqlite3.Connection, begin: float, end: float) -> Iterator[WakeRecord]:
    """Yield the wakes from ``begin`` up to, but not at, ``end``, in that order."""
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version < WAKES_SINCE:
        return iter(())
    rows = connection.execute(
        "SELECT at, ifnull(client, ''), ifnull((SELECT model_id FROM models WHERE no = model), ''), client IS NULL "
        f"FROM wakes WHERE {_WHOLE_WAKE} AND at >= ? AND at < ? ORDER BY at, id",
        (begin, end),
    )
    return (WakeRecord(at, client, model_id, bool(added)) for at, client, model_id, added in rows)


def read_uses(connection: sqlite3.Connection, limit: int) -> list[Use]:
    """Return the last requests, and the wakes, choices and additions of that time, in time order.

    Args:
        limit: Most requests; also that of all others.
    """
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    names = dict(connection.execute("SELECT no, model_id FROM models"))
    rows = connection.execute(
        f"SELECT started_at, client, model FROM requests WHERE {WHOLE_REQUEST} ORDER BY id DESC LIMIT ?", (limit,)
    )
    uses = [Use(at, client, names[model], UseKind.REQUEST) for at, client, model in rows]
    if version >= WAKES_SINCE:
        since = min(use.at for use in uses) if len(uses) == limit else 0.0
        rows = connection.execute(
            f"SELECT at, client, model FROM wakes WHERE {_WHOLE_WAKE} AND at >= ? ORDER BY at DESC LIMIT ?",
            (since, limit),
        )
        uses += [Use(at, client or "", names.get(model, ""), _kind(client)) for at, client, model in rows]
    uses.sort(key=lambda use: use.at)
    return uses


def _kind(client: str | None) -> UseKind:
    """Return what a row of the table of wakes is; see ``schema``."""
    if client is None:
        return UseKind.ADDITION
    return UseKind.WAKE if client else UseKind.CHOICE


def read_decisions(
    connection: sqlite3.Connection, limit: int, since: float | None, model: str | None
) -> tuple[DecisionRecord, ...]:
    """Return the last decisions, last first, whatever the clock said when they were made."""
    condition = "" if model is None else "AND model = (SELECT no FROM models WHERE model_id = :model)"
    rows = connection.execute(
        "SELECT at, (SELECT model_id FROM models WHERE no = model), action, why, bytes, seconds, cause, idle_s, "
        "wasted, read_s, make_s, probe_s, disk_share "
        f"FROM decisions WHERE {WHOLE_DECISION} AND at >= :since {condition} ORDER BY id DESC LIMIT :limit",
        {"since": since or 0.0, "model": model, "limit": limit},
    )
    return tuple(map(_decision, rows))


def read_sizes(connection: sqlite3.Connection) -> dict[SizeKey, SizeRecord]:
    """Return every measured size."""
    rows = connection.execute(f"SELECT {_SIZE_COLUMNS} FROM sizes WHERE {_WHOLE_SIZE}")
    return {size.key: size for size in (SizeRecord(*row) for row in rows)}


def read_saved(connection: sqlite3.Connection, kind: str) -> SavedRows:
    """Return the rows that were last saved under this name."""
    rows = connection.execute("SELECT row FROM saved WHERE kind = ? ORDER BY place", (kind,))
    mark = connection.execute("SELECT mark FROM marks WHERE kind = ?", (kind,)).fetchone()
    return SavedRows(tuple(_saved_rows(text for (text,) in rows)), mark[0] if mark else 0)


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
        f"INSERT OR REPLACE INTO sizes ({_SIZE_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
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


def _request(row: tuple[Any, ...]) -> RequestRecord:
    model_id, started_at, outcome, *figures, why, _ = row
    values = [model_id, started_at, OUTCOMES[outcome], *figures, read_reason(why) if why else None]
    return RequestRecord(*values)


def _decision(row: tuple[Any, ...]) -> DecisionRecord:
    at, model_id, action, why, size, seconds, cause, idle_s, wasted, *stages = row
    read = None if None in stages[:3] else LoadStages(*stages)
    known = Action(action), read_reason(why)
    return DecisionRecord(at, model_id, *known, size, seconds, cause, idle_s, bool(wasted), read)


def read_reason(text: str) -> Message:
    """Return a stored reason: a message as JSON, or plain text of an earlier version."""
    if text.startswith("{"):
        with contextlib.suppress(LookupError, TypeError, ValueError, AttributeError):
            return message_from_json(json.loads(text))
    return verbatim(text)


def _saved_rows(texts: Iterable[str]) -> Iterator[Row]:
    for text in texts:
        with contextlib.suppress(TypeError, ValueError, RecursionError):
            values = json.loads(text)
            if isinstance(values, list):
                yield tuple(tuple(value) if isinstance(value, list) else value for value in values)


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
