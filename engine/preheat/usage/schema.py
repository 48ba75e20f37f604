"""Tables of the usage log, and the sums that are updated with every write.

Requests and decisions are added up by model and hour, and by model and day (UTC), so that no figure scans the whole
log. Records older than the history exist only as sums by day.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields
from typing import Final

from preheat.residency import Outcome
from preheat.usage.records import Counts

APPLICATION_ID: Final = 0x50524854  # "PRHT": marks a usage log
VERSION: Final = 5

HOUR_S: Final = 3600
DAY_S: Final = 86400
SPANS: Final = (("hours", HOUR_S), ("days", DAY_S))
"""Tables of sums, and the seconds that one row covers."""

MAX_INTEGER: Final = 2**48  # sums of these stay far below SQLite's limit

OUTCOMES: Final = (Outcome.HIT, Outcome.LATE_HIT, Outcome.MISS)
"""An outcome is stored as its index here. Only append."""

SIZE_COLUMNS: Final = (
    "path, file_bytes, modified_at, context_length, kv_cache_type, resident_bytes, load_s, measured_at"
)

SUM_COLUMNS: Final = tuple(field.name for field in fields(Counts))

_REUSED: Final = tuple(
    f"{name} DEFAULT 0"
    for name in (
        "slot_tokens INTEGER",
        "memory_tokens INTEGER",
        "disk_tokens INTEGER",
        "prefill_saved_s REAL",
        "draft_tokens INTEGER",
        "accepted_tokens INTEGER",
    )
)
_REUSED_SUMS: Final = (*_REUSED, "text_prompt_tokens INTEGER DEFAULT 0")
_SUMS: Final = ", ".join(
    f"{field.name} {'REAL' if field.type == 'float' else 'INTEGER'}"
    for field in fields(Counts)
    if not any(column.startswith(f"{field.name} ") for column in _REUSED_SUMS)
)

_OF_VERSION_1: Final = {
    "models": "CREATE TABLE models (no INTEGER PRIMARY KEY, model_id TEXT NOT NULL UNIQUE)",
    # AUTOINCREMENT: ids are not reused after all rows are folded, so marks stay valid.
    "requests": "CREATE TABLE requests (id INTEGER PRIMARY KEY AUTOINCREMENT, model INTEGER, outcome INTEGER, "
    "started_at REAL, wait_s REAL, ttft_s REAL, prompt_tokens INTEGER, completion_tokens INTEGER, client TEXT, "
    "saved_s REAL)",
    "requests_by_time": "CREATE INDEX requests_by_time ON requests (outcome, started_at)",
    "decisions": "CREATE TABLE decisions (id INTEGER PRIMARY KEY AUTOINCREMENT, at REAL, model INTEGER, action TEXT, "
    "why TEXT, bytes INTEGER, seconds REAL, cause TEXT, idle_s REAL, wasted INTEGER)",
    "decisions_by_time": "CREATE INDEX decisions_by_time ON decisions (at)",
    "decisions_by_model": "CREATE INDEX decisions_by_model ON decisions (model, at)",
    "loads_by_time": "CREATE INDEX loads_by_time ON decisions (at) WHERE action IN ('load', 'preload')",
    "sizes": "CREATE TABLE sizes (path TEXT, file_bytes INTEGER, modified_at REAL, context_length INTEGER, "
    "kv_cache_type TEXT, resident_bytes INTEGER, load_s REAL, measured_at REAL, "
    "PRIMARY KEY (path, file_bytes, modified_at, context_length, kv_cache_type)) WITHOUT ROWID",
    "saved": "CREATE TABLE saved (kind TEXT, place INTEGER, row TEXT, PRIMARY KEY (kind, place)) WITHOUT ROWID",
    "marks": "CREATE TABLE marks (kind TEXT PRIMARY KEY, mark INTEGER) WITHOUT ROWID",
    "history": "CREATE TABLE history (begins INTEGER)",
    "hours": f"CREATE TABLE hours (hour INTEGER, model INTEGER, {_SUMS}, PRIMARY KEY (hour, model)) WITHOUT ROWID",
    "days": f"CREATE TABLE days (day INTEGER, model INTEGER, {_SUMS}, PRIMARY KEY (day, model)) WITHOUT ROWID",
}
# The model is NULL for a wake that named none. The client is empty if a model was chosen, and NULL if one was added.
_ADDED_IN_2: Final = {
    "wakes": "CREATE TABLE wakes (id INTEGER PRIMARY KEY AUTOINCREMENT, at REAL, model INTEGER, client TEXT)",
    "wakes_by_time": "CREATE INDEX wakes_by_time ON wakes (at)",
}

_ADDED_IN_3: Final = {
    "looks": "CREATE TABLE looks (passed_s REAL PRIMARY KEY, highest REAL, ticks REAL, source TEXT, requests INTEGER, "
    "decisions INTEGER, wakes INTEGER) WITHOUT ROWID",
}

_ADDED_IN_4: Final = {
    "recomputed_by_time": "CREATE INDEX recomputed_by_time ON requests (started_at) WHERE recomputed != ''",
}

_ADDED_IN_5: Final[Mapping[str, str]] = {}

ADDED: Final = {1: _OF_VERSION_1, 2: _ADDED_IN_2, 3: _ADDED_IN_3, 4: _ADDED_IN_4, 5: _ADDED_IN_5}
"""Tables and indices by the version that added them and by name, each exactly as SQLite stores its text. ``history``
has one row: the Unix time before which only sums by day exist."""

ADDED_COLUMNS: Final[Mapping[int, Mapping[str, Sequence[str]]]] = {
    4: {
        "requests": (
            *_REUSED,
            "prefix TEXT DEFAULT ''",
            "prefix_tokens INTEGER DEFAULT 0",
            "recomputed TEXT DEFAULT ''",
            "recomputed_why TEXT DEFAULT ''",
        ),
        "hours": _REUSED_SUMS,
        "days": _REUSED_SUMS,
    },
    5: {
        "decisions": tuple(f"{name} REAL DEFAULT NULL" for name in ("read_s", "make_s", "probe_s", "disk_share")),
        "requests": ("decode_s REAL DEFAULT 0",),
    },
}
"""Columns of earlier tables by the version that added them."""

WAKES_SINCE: Final = 2
"""Logs of an earlier version, which are only read, have no table of wakes."""

CONTENTS: Final = ("INSERT INTO history (begins) VALUES (0)",)

_OF_REQUESTS: Final = {
    "hits": "SUM(outcome = 0)",
    "late_hits": "SUM(outcome = 1)",
    "misses": "SUM(outcome = 2)",
    "wait_s": "SUM(wait_s)",
    "saved_s": "SUM(saved_s)",
    "prompt_tokens": "SUM(prompt_tokens)",
    "completion_tokens": "SUM(completion_tokens)",
    "text_prompt_tokens": "SUM(CASE WHEN ttft_s IS NULL THEN 0 ELSE prompt_tokens END)",
    "slot_tokens": "SUM(slot_tokens)",
    "memory_tokens": "SUM(memory_tokens)",
    "disk_tokens": "SUM(disk_tokens)",
    "prefill_saved_s": "SUM(prefill_saved_s)",
    "draft_tokens": "SUM(draft_tokens)",
    "accepted_tokens": "SUM(accepted_tokens)",
}
_OF_DECISIONS: Final = {
    "loads": "SUM(action IN ('load', 'preload'))",
    "preloads": "SUM(action = 'preload')",
    "load_s": "SUM(CASE WHEN action IN ('load', 'preload') THEN ifnull(seconds, 0.0) ELSE 0.0 END)",
    "wasted": "SUM(wasted)",
    "evictions": "SUM(action = 'evict')",
    "failures": "SUM(action = 'fail')",
}

REQUEST_SUMS: Final = ", ".join(_OF_REQUESTS.get(name, "0") for name in SUM_COLUMNS)
"""SQL sums over the table ``requests``, one for each of SUM_COLUMNS."""

DECISION_SUMS: Final = ", ".join(_OF_DECISIONS.get(name, "0") for name in SUM_COLUMNS)
"""SQL sums over the table ``decisions``, one for each of SUM_COLUMNS."""


def objects_of(version: int) -> dict[str, str]:
    """Return the tables and indices of a log of this version, by name, as SQLite stores them."""
    objects = {name: sql for since, added in ADDED.items() if since <= version for name, sql in added.items()}
    for since, tables in ADDED_COLUMNS.items():
        for table, columns in tables.items() if since <= version else ():
            # SQLite puts an added column behind the others, before a table's constraints.
            head, mark, constraints = objects[table].partition(", PRIMARY KEY (")
            if not mark:
                head, mark, constraints = objects[table].removesuffix(")"), ")", ""
            objects[table] = ", ".join((head, *columns)) + mark + constraints
    return objects


def columns_since(version: int) -> dict[str, list[str]]:
    """Return the columns that tables have got since this version, by table."""
    added: dict[str, list[str]] = {}
    for since, tables in ADDED_COLUMNS.items():
        for table, columns in tables.items() if since > version else ():
            added.setdefault(table, []).extend(columns)
    return added


def upgrade(version: int) -> Iterator[str]:
    """Yield the statements that turn a log of this version, or an empty database, into one of ``VERSION``."""
    for since, objects in ADDED.items():
        if since > version:
            for table, columns in ADDED_COLUMNS.get(since, {}).items():
                yield from (f"ALTER TABLE {table} ADD COLUMN {column}" for column in columns)
            yield from objects.values()
    yield from CONTENTS if version == 0 else ()


def add_to(table: str, span_s: int, select: str) -> str:
    """Return the statement that adds records to a table of sums with rows of ``span_s`` seconds.

    ``select`` yields time, model and SUM_COLUMNS, with ``{}`` for the span. It needs a WHERE clause: without one SQLite
    parses ON CONFLICT as the condition of a join.
    """
    columns = ", ".join(SUM_COLUMNS)
    added = ", ".join(f"{name} = {name} + excluded.{name}" for name in SUM_COLUMNS)
    span = table.removesuffix("s")
    return (
        f"INSERT INTO {table} ({span}, model, {columns}) {select.format(span_s)} "
        f"ON CONFLICT ({span}, model) DO UPDATE SET {added}"
    )


def whole_where(*conditions: str, numbers: str = "", optional: str = "", texts: str = "") -> str:
    """Return the condition that a row is as Preheat writes it: one that is not must not hide the others.

    To SQLite, texts are greater than numbers. Plus signs in conditions keep it from using an index, to sort by another.

    Args:
        numbers: Columns that are numbers; ``optional``: that may be NULL as well; ``texts``: that are texts.
    """
    columns = (*numbers.split(), *(f"ifnull({name}, 0)" for name in optional.split()))
    ranges = (f"{column} BETWEEN 0 AND {MAX_INTEGER}" for column in columns)
    kinds = (f"typeof({name}) = 'text'" for name in texts.split())
    return " AND ".join((*conditions, *ranges, *kinds))
