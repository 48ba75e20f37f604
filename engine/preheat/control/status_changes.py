"""What a status stream sends after its first event: the changes since the event before. Pure.

A change holds the fields that are different. ``models``, ``requests`` and ``downloads`` are lists in a status; in a
change they are objects with an entry for each item that is different, by its id: its different fields, all of them for
a new item, or null for one that is gone.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from preheat.control.codec import JsonObject
from preheat.units import natural_key

LISTS: Final = ("models", "requests", "downloads")

_ABSENT: Final = object()


def changes(old: JsonObject, new: JsonObject) -> JsonObject:
    """Return what turns one status as JSON into another."""
    content = {key: value for key, value in _fields(old, new).items() if key not in LISTS}
    for name in LISTS:
        before, now = _by_id(old[name]), _by_id(new[name])
        entries: JsonObject = dict.fromkeys(before.keys() - now.keys())
        for key, item in now.items():
            if before.get(key) != item:
                entries[key] = _fields(before.get(key, {}), item)
        if entries:
            content[name] = entries
    return content


def merged(status: JsonObject, change: JsonObject) -> JsonObject:
    """Return the status after a change. What is not different is the same object as before."""
    result = {**status, **change}
    for name in LISTS:
        if name in change:
            items = _by_id(status[name])
            for key, fields in change[name].items():
                if fields is None:
                    items.pop(key, None)
                else:
                    items[key] = {**items.get(key, {}), **fields}
            # New requests and downloads are the last ones; models are in the order of their ids.
            result[name] = [items[key] for key in (sorted(items, key=natural_key) if name == "models" else items)]
    return result


def _fields(old: JsonObject, new: JsonObject) -> JsonObject:
    gone = dict.fromkeys(old.keys() - new.keys())
    return gone | {key: value for key, value in new.items() if old.get(key, _ABSENT) != value}


def _by_id(items: Iterable[JsonObject]) -> JsonObject:
    return {str(item["id"]): item for item in items}
