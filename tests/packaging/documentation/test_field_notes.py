"""The meaning of fields is found where it is written."""

from __future__ import annotations

from dataclasses import dataclass

from documentation.field_notes import notes_of


def test_comments_and_attributes() -> None:
    from preheat.core import MemorySnapshot

    notes = notes_of(MemorySnapshot.__name__, ["used_bytes", "peak_bytes", "unknown"])
    assert notes == {
        "used_bytes": "Held by workers now",
        "peak_bytes": "Maximum of ``used_bytes`` since the engine started",
        "unknown": "",
    }


def test_other_classes_have_no_notes() -> None:
    @dataclass
    class Unknown:
        value: int

    assert notes_of(Unknown.__name__, ["value"]) == {}
