"""Where the layers of each model go: by its header, or as llama.cpp has confirmed."""

from __future__ import annotations

from collections.abc import Callable, Container, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from preheat.devices import (
    ALL_LAYERS,
    ON_PROCESSOR,
    DeviceRoom,
    ModelParts,
    Placement,
    PlacementTable,
    is_doubtful,
    place,
    place_as,
)
from preheat.models import ModelFile
from preheat.residency.estimates import model_parts
from preheat.residency.slots import parallel_requests
from preheat.settings import EffectiveModelSettings, Settings

_STEP_BYTES: Final = 1 << 24
"""What is kept free is rounded up to this: a few bytes more or less of a favourite move no other model."""


@dataclass(frozen=True, slots=True)
class PlacementQuestion:
    """What llama.cpp has to be asked before a model is loaded.

    Attributes:
        guess: The placement by the header.
        parts: What it follows from.
        rooms: The devices, without what is kept free for others.
        searches: Whether another placement may be better; otherwise the settings give it.
        key: What the answer is kept under.
    """

    guess: Placement
    parts: ModelParts
    rooms: tuple[DeviceRoom, ...]
    searches: bool
    key: str


@dataclass(slots=True)
class Placements:
    """Places models on devices. Engine's loop only.

    Attributes:
        settings: The current ones; assign with ``forget``.
        rooms: What all models may take of each device, in the order in which they are filled.
        favourites: Models whose place is kept free of others, most important first.
        left_off: Returns the names of devices that a model is not put on.
        table: What llama.cpp has confirmed.
    """

    settings: Settings
    rooms: tuple[DeviceRoom, ...] = ()
    favourites: tuple[ModelFile, ...] = ()
    left_off: Callable[[ModelFile], Container[str]] = lambda _: ()
    table: PlacementTable = field(default_factory=PlacementTable)
    _known: dict[str, tuple[ModelFile, Placement]] = field(default_factory=dict)  # each plan asks for all

    def forget(self) -> None:
        """Something has changed that placements follow from."""
        self._known.clear()

    def of(self, model: ModelFile) -> Placement:
        """Return where the model's layers are after its next load."""
        if not self.rooms:
            return ON_PROCESSOR
        known = self._known.get(model.model_id)
        if known is None or known[0] is not model:
            self._known[model.model_id] = known = model, self.under(model, self.settings.for_model(model.model_id))
        return known[1]

    def under(self, model: ModelFile, own: EffectiveModelSettings) -> Placement:
        """Return where the model's layers would be under other settings of its own."""
        if not self.rooms:
            return ON_PROCESSOR
        rooms, parts = self._rooms(model), model_parts(model, own)
        guess = place(parts, rooms, own.gpu_layers, own.experts_in_ram)
        kept = self.table.get(_key(model, own, rooms))
        if kept is None or sum(kept.split.values()) > len(parts.layers) + 1:
            return guess
        placement = place_as(parts, rooms, kept.split, kept.cpu_experts)
        if placement.devices != tuple(kept.split):
            return guess
        reason = guess.reason if guess.key == placement.key else placement.reason
        return replace(placement, device_bytes=kept.device_bytes, reason=reason)

    def room_bytes(self, model: ModelFile) -> int:
        """Return what all models together may take of the devices that this one may be put on."""
        left_off = self.left_off(model)
        return sum(room.limit_bytes for room in self.rooms if room.name not in left_off)

    def question(self, model: ModelFile) -> PlacementQuestion | None:
        """Return what llama.cpp has to be asked before a load, if the header does not tell enough."""
        if not self.rooms:
            return None
        own, rooms = self.settings.for_model(model.model_id), self._rooms(model)
        key = _key(model, own, rooms)
        if self.table.get(key) is not None:
            return None
        parts = model_parts(model, own)
        guess = place(parts, rooms, own.gpu_layers, own.experts_in_ram)
        if not is_doubtful(parts, rooms, guess):
            return None
        searches = own.gpu_layers == ALL_LAYERS and own.experts_in_ram == "auto"
        return PlacementQuestion(guess, parts, rooms, searches, key)

    def answer(self, question: PlacementQuestion, placement: Placement) -> None:
        """Keep where llama.cpp says that a model fits."""
        self.table.note(question.key, placement)
        self.forget()

    def _rooms(self, model: ModelFile) -> tuple[DeviceRoom, ...]:
        """Return what the model may take of each device.

        The place of favourites is kept free, so that they need not leave for it. Other models make way instead: they
        keep nothing free, whether they are in memory or not.
        """
        left_off = self.left_off(model)
        rooms = {room.name: room for room in self.rooms if room.name not in left_off}
        for favourite in self.favourites:
            if favourite.model_id == model.model_id:
                break  # those after it are less important
            for name, size in self.of(favourite).device_bytes.items():
                if (room := rooms.get(name)) is not None:
                    kept = -(-size // _STEP_BYTES) * _STEP_BYTES
                    rooms[name] = room._replace(limit_bytes=room.limit_bytes - kept, kept_bytes=room.kept_bytes + kept)
        return tuple(rooms.values())


def _key(model: ModelFile, own: EffectiveModelSettings, rooms: Sequence[DeviceRoom]) -> str:
    parts: list[object] = [model.path, model.file_bytes, model.modified_ns, own.context_length, own.kv_cache_type]
    parts += [parallel_requests(model, own), own.flash_attention, own.gpu_layers, own.experts_in_ram]
    parts += [f"{room.name}={room.limit_bytes}={room.key}" for room in rooms]
    return ";".join(map(str, parts))
