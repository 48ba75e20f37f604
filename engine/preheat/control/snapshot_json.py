"""Snapshots as public JSON, and back. Sizes are bytes, times are Unix times, durations are seconds.

Every field of a snapshot is carried under its own name; how a value is written follows from the field's type and
default. What differs stands in ``_SPECIAL``. A reader skips keys that it does not know and takes the default for those
that are missing, so that a newer and an older Preheat understand each other.
"""

from __future__ import annotations

import math
import os
import time
from collections.abc import Callable, Mapping
from dataclasses import MISSING, Field, fields
from operator import attrgetter
from typing import Any, Final, NamedTuple, TypeVar

from preheat.core.snapshot import EngineSnapshot, MemorySnapshot, ModelSnapshot, PreloadSnapshot, RequestSnapshot
from preheat.errors import EngineError
from preheat.messages import message_from_json, message_json, render
from preheat.models.downloads import DownloadSnapshot, DownloadState
from preheat.residency.states import State

T = TypeVar("T")

JsonObject = dict[str, Any]


class _Entry(NamedTuple):
    """How a field stands in JSON: under which key, and what its value becomes there and back."""

    key: str
    write: Callable[[Any], Any]
    read: Callable[[Any], Any]


def status_json(snapshot: EngineSnapshot, port: int) -> JsonObject:
    """Return the whole snapshot, and which process and port it is of."""
    return {
        "pid": os.getpid(),
        "uptime_s": round(max(0.0, time.time() - snapshot.started_at), 3),
        "port": port,
        **_write(snapshot),
        "prefix_cache_hit_rate": snapshot.prefix_cache_hit_rate,
    }


def memory_json(memory: MemorySnapshot) -> JsonObject:
    """Return the memory now, and its peak."""
    return _write(memory)


def preload_json(preload: PreloadSnapshot) -> JsonObject:
    """Return preloading's state and what it brought since the start."""
    return {**_write(preload), "paused": preload.paused, "preload_hit_rate": preload.preload_hit_rate}


def paused_json(preload: PreloadSnapshot) -> JsonObject:
    """Return whether and until when preloading is paused; a pause without an end has no time."""
    return {"paused": preload.paused, "paused_until": _finite(preload.paused_until)}


def model_json(model: ModelSnapshot) -> JsonObject:
    """Return one model, with what is known of its file."""
    content = _write(model)
    file = content.pop("file")
    return content if file is None else {**content, **file.public_facts()}


def request_json(request: RequestSnapshot) -> JsonObject:
    """Return one request."""
    return _write(request)


def download_json(download: DownloadSnapshot) -> JsonObject:
    """Return one download."""
    message = download.error or download.notice
    words = render(message) if message is not None else None
    return {
        **_write(download),
        "error": words.text if words and download.error else None,
        "notice": words.text if words and download.notice else None,
        "hint": words.hint or None if words else None,
        "message": message_json(message) if message is not None else None,
    }


def snapshot_from_json(status: Mapping[str, Any]) -> EngineSnapshot:
    """Return the snapshot that ``status_json`` was made of.

    Raises:
        EngineError: It is of a Preheat that does not speak this language.
    """
    try:
        return _read(EngineSnapshot, status)
    except (LookupError, TypeError, ValueError, AttributeError) as error:
        raise EngineError(
            f"The running Preheat is another version ({status.get('version', 'unknown')}) and cannot be shown",
            hint="End it and start it again",
        ) from error


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None


def _download_from_json(content: Mapping[str, Any]) -> DownloadSnapshot:
    message = message_from_json(content["message"]) if content["message"] else None
    failed = content["error"] is not None
    return _read(
        DownloadSnapshot, {**content, "error": message if failed else None, "notice": None if failed else message}
    )


def _preload_from_json(content: Mapping[str, Any]) -> PreloadSnapshot:
    # JSON has no infinity: a pause without an end is a pause without a time.
    endless = content.get("paused") and content.get("paused_until") is None
    return _read(PreloadSnapshot, {**content, "paused_until": math.inf} if endless else content)


def _same(value: Any) -> Any:
    return value


def _or_null(text: str) -> str | None:
    return text or None


def _or_empty(text: str | None) -> str:
    return text or ""


def _printable(path: str) -> str | None:
    # A file's name need not be UTF-8; Python then keeps its bytes as halves of surrogate pairs, which JSON has not.
    return path.encode("utf-8", "replace").decode() or None


def _each(work: Callable[[Any], Any], into: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda values: into(map(work, values))


_SPECIAL: Final[Mapping[type, Mapping[str, _Entry]]] = {
    ModelSnapshot: {
        "model_id": _Entry("id", _same, _same),
        "state": _Entry("state", lambda state: state.value, State),
        "path": _Entry("path", _printable, _or_empty),
    },
    RequestSnapshot: {
        "request_id": _Entry("id", _same, _same),
        "model_id": _Entry("model", _same, _same),
    },
    DownloadSnapshot: {
        "download_id": _Entry("id", _same, _same),
        "state": _Entry("state", lambda state: state.value, DownloadState),
    },
    PreloadSnapshot: {"paused_until": _Entry("paused_until", _finite, _same)},
    EngineSnapshot: {
        "memory": _Entry("memory", memory_json, lambda content: _read(MemorySnapshot, content)),
        "preload": _Entry("preload", preload_json, _preload_from_json),
        "models": _Entry(
            "models", _each(model_json, list), _each(lambda content: _read(ModelSnapshot, content), tuple)
        ),
        "requests": _Entry(
            "requests", _each(request_json, list), _each(lambda content: _read(RequestSnapshot, content), tuple)
        ),
        "downloads": _Entry("downloads", _each(download_json, list), _each(_download_from_json, tuple)),
    },
}


def _entry(kind: type, field: Field[Any]) -> _Entry:
    special = _SPECIAL.get(kind, {}).get(field.name)
    if special is not None:
        return special
    if field.default == "":
        return _Entry(field.name, _or_null, _or_empty)
    if str(field.type).startswith("tuple["):
        return _Entry(field.name, list, tuple)
    return _Entry(field.name, _same, _same)


class _Form(NamedTuple):
    """One class's entries, made for speed: there may be a thousand models, ten times a second."""

    values_of: Callable[[Any], tuple[Any, ...]]
    keys: tuple[str, ...]
    entries: Mapping[str, _Entry]
    changed: tuple[tuple[str, Callable[[Any], Any]], ...]
    needed: frozenset[str]


def _form(kind: type) -> _Form:
    entries = {field.name: _entry(kind, field) for field in fields(kind)}
    return _Form(
        attrgetter(*entries),
        tuple(entry.key for entry in entries.values()),
        entries,
        tuple((entry.key, entry.write) for entry in entries.values() if entry.write is not _same),
        frozenset(each.name for each in fields(kind) if each.default is MISSING and each.default_factory is MISSING),
    )


_FORMS: Final[Mapping[type, _Form]] = {
    kind: _form(kind)
    for kind in (
        DownloadSnapshot,
        EngineSnapshot,
        MemorySnapshot,
        ModelSnapshot,
        PreloadSnapshot,
        RequestSnapshot,
    )
}


def _write(snapshot: Any) -> JsonObject:
    form = _FORMS[type(snapshot)]
    content = dict(zip(form.keys, form.values_of(snapshot), strict=True))
    for key, write in form.changed:
        content[key] = write(content[key])
    return content


def _read(kind: type[T], content: Mapping[str, Any]) -> T:
    form = _FORMS[kind]
    return kind(
        **{
            name: entry.read(content[entry.key])
            for name, entry in form.entries.items()
            if name in form.needed or entry.key in content
        }
    )
