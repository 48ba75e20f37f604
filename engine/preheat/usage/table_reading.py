"""Reads the tables of the usage log. Each function sees one moment of it, and passes over what is damaged."""

from __future__ import annotations

import contextlib
import json
import sqlite3
from collections.abc import Iterable, Iterator
from typing import Any, Final

from preheat.inference import LoadStages
from preheat.messages import Message, message_from_json, verbatim
from preheat.residency import Action, DecisionRecord
from preheat.usage.records import (
    END_OF_TIME,
    RequestRecord,
    Row,
    SavedRows,
    SizeKey,
    SizeRecord,
    Use,
    UseKind,
    WakeRecord,
)
from preheat.usage.schema import OUTCOMES, SIZE_COLUMNS, WAKES_SINCE, whole_where

_KNOWN_MODEL: Final = "+model IN (SELECT no FROM models WHERE typeof(model_id) = 'text')"
_IN_TIME: Final = f"BETWEEN 0 AND {END_OF_TIME}"
WHOLE_REQUEST: Final = whole_where(
    _KNOWN_MODEL,
    f"+outcome IN ({', '.join(map(str, range(len(OUTCOMES))))})",
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

_REQUEST: Final = (
    "SELECT (SELECT model_id FROM models WHERE no = model), started_at, outcome, wait_s, ttft_s, prompt_tokens, "
    "completion_tokens, client, saved_s, slot_tokens, memory_tokens, disk_tokens, prefill_saved_s, draft_tokens, "
    f"accepted_tokens, prefix, prefix_tokens, decode_s, recomputed_why, id FROM requests WHERE {WHOLE_REQUEST} AND "
)
# SQLite merges the outcomes in index order, so nothing is sorted.
_BETWEEN: Final = " UNION ALL ".join(
    f"{_REQUEST} outcome = {code} AND started_at >= :begin AND started_at < :end" for code in range(len(OUTCOMES))
)


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
    rows = connection.execute(f"SELECT {SIZE_COLUMNS} FROM sizes WHERE {_WHOLE_SIZE}")
    return {size.key: size for size in (SizeRecord(*row) for row in rows)}


def read_saved(connection: sqlite3.Connection, kind: str) -> SavedRows:
    """Return the rows that were last saved under this name."""
    rows = connection.execute("SELECT row FROM saved WHERE kind = ? ORDER BY place", (kind,))
    mark = connection.execute("SELECT mark FROM marks WHERE kind = ?", (kind,)).fetchone()
    return SavedRows(tuple(_saved_rows(text for (text,) in rows)), mark[0] if mark else 0)


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
