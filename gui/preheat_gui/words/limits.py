"""The memory limit as text, as the setting is written, and what another one would do."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QCoreApplication

from preheat.units import memory_decimals
from preheat_gui.words.figures import SEPARATOR, format_memory, list_names

if TYPE_CHECKING:
    from preheat.control import EngineSnapshot, LimitPreview, MemorySnapshot

PERCENT: Final = "%"
BYTES: Final = "GB"

_GB: Final = 10**9
_MARGIN: Final = 1.03  # A loaded model may take more than was estimated; it must not lack room again
_SNAP: Final = 0.015  # A dragged limit snaps to round values within this share of all memory


def limit_unit(text: str) -> str:
    """Return the unit of a memory limit as text: ``PERCENT`` or ``BYTES``."""
    return PERCENT if text.strip().endswith(PERCENT) else BYTES


def limit_text(share: float, total_bytes: int, unit: str, *, snap: bool) -> str:
    """Return a share of all memory as text, with ``snap`` near a tenth of it or a whole GB rounded to that."""
    if unit == PERCENT:
        percent, tenth = share * 100, round(share * 10) * 10
        snaps = snap and tenth > 0 and abs(percent - tenth) < _SNAP * 100
        return f"{max(tenth if snaps else round(percent), 1)}%"
    amount, whole = share * total_bytes / _GB, float(round(share * total_bytes / _GB))
    snaps = snap and whole > 0 and abs(amount - whole) < _SNAP * total_bytes / _GB
    return f"{max(whole if snaps else round(amount, 1), 0.1):g}GB"


def preview_words(preview: LimitPreview) -> str:
    """Return what a limit would do: ``Stays: qwen3-8b · Leaves: gemma-3-4b``; empty if there is nothing to say."""
    parts = (
        (preview.stays, _tr("Stays: {models}")),
        (preview.shrinks, _tr("Gets smaller: {models}")),
        (preview.leaves, _tr("Leaves: {models}")),
        (preview.loads, _tr("Loads: {models}")),
        (preview.left_out, _tr("No room: {models}")),
    )
    return SEPARATOR.join(text.format(models=list_names(names)) for names, text in parts if names)


def _tr(text: str) -> str:
    return QCoreApplication.translate("Limits", text)


def lacking_words(snapshot: EngineSnapshot) -> str:
    """Return which favourites have no room, and the limit that all would need; empty if all have."""
    names = snapshot.favourites_without_room
    if not names:
        return ""
    amounts = (snapshot.favourites_bytes, snapshot.memory.limit_bytes)
    needed, limit = (format_memory(amount, memory_decimals(amounts)) for amount in amounts)
    text = _tr("No room for {models}. All favourites need {needed}, and the limit is {limit}.")
    return text.format(models=list_names(names), needed=needed, limit=limit)


def raised_limit(needed_bytes: int, memory: MemorySnapshot, setting: str) -> str:
    """Return a memory limit that suffices, in the unit of the setting; empty if it is fixed or the machine has less.

    Args:
        setting: The limit as the user wrote it; empty if it cannot be changed.
    """
    most_bytes = memory.total_bytes - memory.keep_free_bytes
    if not setting or not needed_bytes or needed_bytes > most_bytes:
        return ""  # Before the engine's first snapshot all are 0
    needed_bytes = min(round(needed_bytes * _MARGIN), most_bytes)
    if limit_unit(setting) == PERCENT:
        return f"{math.ceil(100 * needed_bytes / memory.total_bytes)}%"
    return f"{math.ceil(10 * needed_bytes / _GB) / 10:g}GB"
