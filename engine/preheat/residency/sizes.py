"""Memory of a model: measured after its last load, or estimated before that."""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping, Sequence
from typing import Final

from preheat.devices import DeviceRoom, Placement, PlacementTable
from preheat.models import ModelFile
from preheat.residency.estimates import estimate_under, loaded_form
from preheat.residency.forms import Form, FormSize
from preheat.residency.placements import PlacementQuestion, Placements
from preheat.residency.pools import NO_DEVICE_BYTES, DeviceBytes
from preheat.residency.slots import parallel_requests
from preheat.settings import EffectiveModelSettings, Settings

SizeKey = tuple[str, int, float, int, str]
"""Key of a measurement: path, file bytes, time of modification, context length, kind of memory."""

_MOST_GROWTH: Final = 1.25
"""Memory above this multiple of the size after a load does not count for the next load."""

_NOTABLE_GROWTH: Final = 1.01


class SizeTable:
    """The known sizes of models. Engine's loop only.

    Args:
        on_measured: Called with each new measurement, to keep it over restarts.
        table: The placements that llama.cpp has confirmed.
    """

    def __init__(
        self,
        settings: Settings,
        on_measured: Callable[[SizeKey, int], None] = lambda _key, _size: None,
        table: PlacementTable | None = None,
    ) -> None:
        self._settings = settings
        self._placements: Final = Placements(settings, table=table or PlacementTable())
        self._on_devices: dict[str, tuple[ModelFile, DeviceBytes]] = {}
        self._measured: dict[SizeKey, int] = {}
        self._expected: dict[tuple[str, Form | None], tuple[ModelFile, int]] = {}  # each request asks for it
        self._ceilings: dict[SizeKey, int] = {}
        self._on_measured = on_measured

    def remember(self, known: Mapping[SizeKey, int]) -> None:
        """Add measurements of earlier runs; those of this run have precedence."""
        self._measured = {**known, **self._measured}
        self._forget()

    def apply_settings(self, settings: Settings) -> None:
        """Use new settings."""
        self._settings = self._placements.settings = settings
        self._forget()

    @property
    def rooms(self) -> tuple[DeviceRoom, ...]:
        """The devices that models are placed on."""
        return self._placements.rooms

    def use_devices(
        self,
        rooms: Sequence[DeviceRoom],
        favourites: Sequence[ModelFile] = (),
        left_off: Callable[[ModelFile], Container[str]] = lambda _: (),
    ) -> None:
        """Place models on these devices from now on, in order.

        Args:
            rooms: What all models may take of each.
            favourites: Models whose place is kept free of others, most important first.
            left_off: Returns the names of devices that a model is not put on.
        """
        placements = self._placements
        placements.rooms, placements.favourites, placements.left_off = tuple(rooms), tuple(favourites), left_off
        self._forget()

    def placement(self, model: ModelFile) -> Placement:
        """Return where the model's layers are after its next load."""
        return self._placements.of(model)

    def placement_question(self, model: ModelFile) -> PlacementQuestion | None:
        """Return what llama.cpp has to be asked before the model's next load; None if the header tells enough."""
        return self._placements.question(model)

    def confirm_placement(self, question: PlacementQuestion, placement: Placement) -> None:
        """Keep the answer, for all loads of this file under the same settings and limits."""
        self._placements.answer(question, placement)
        self._forget()

    def loaded_form(self, model: ModelFile) -> Form:
        """Return the form in which a load puts a model: devices take no weights that are rewritten for processors."""
        own = self._settings.for_model(model.model_id)
        return Form.MAPPED if self.placement(model).devices else loaded_form(own)

    def expected_bytes(self, model: ModelFile, form: Form | None = None) -> int:
        """Return the memory of a worker in use, measured or estimated; by default in the form of a load."""
        known = self._expected.get((model.model_id, form))
        if known is not None and known[0] is model:
            return known[1]
        settings = self._settings.for_model(model.model_id)  # once: there may be a thousand models
        placement, own_form = self.placement(model), form or self.loaded_form(model)
        key = _key(model, settings, own_form, placement)
        expected = self._measured.get(key)
        if not expected:
            expected = self._estimated_bytes(model, settings, own_form, placement)
        self._expected[model.model_id, form] = model, expected
        return expected

    def under(self, model: ModelFile, own: EffectiveModelSettings) -> tuple[int, Placement]:
        """Return the estimated memory under other settings of the model, and where its layers would be."""
        placement = self._placements.under(model, own)
        return self._estimated_bytes(model, own, None, placement), placement

    def device_room_bytes(self, model: ModelFile) -> int:
        """Return what all models together may take of the devices that this one may be put on."""
        return self._placements.room_bytes(model)

    def device_bytes(self, model: ModelFile) -> DeviceBytes:
        """Return the memory of devices that a worker takes in use."""
        estimated = self.placement(model).device_bytes
        if not estimated:
            return NO_DEVICE_BYTES
        known = self._on_devices.get(model.model_id)
        if known is None or known[0] is not model:
            key = self.key(model)
            sizes = {name: self._measured.get(_device_key(key, name)) or size for name, size in estimated.items()}
            self._on_devices[model.model_id] = known = model, sizes
        return known[1]

    def form_size(self, model: ModelFile, form: Form) -> FormSize:
        """Return the memory of a model that is to change to this form."""
        working_bytes = self.expected_bytes(model, form)
        return FormSize(working_bytes, min(model.shape.weight_bytes, working_bytes))

    def note(
        self,
        model: ModelFile,
        resident_bytes: int,
        form: Form | None = None,
        device_bytes: DeviceBytes = NO_DEVICE_BYTES,
    ) -> None:
        """Record a worker's memory right after its load; 0 if it has ended.

        Args:
            device_bytes: What it takes of devices, as llama.cpp accounts it.
        """
        placement = self.placement(model)
        if not resident_bytes or device_bytes.keys() != placement.device_bytes.keys():
            return  # the devices have changed meanwhile
        key = self.key(model, form)
        for device, size in device_bytes.items():
            self._set(_device_key(key, device), size)
        settings = self._settings.for_model(model.model_id)
        guess = estimate_under(model, settings, form or self.loaded_form(model), placement)
        if shared := self._device_main_bytes(device_bytes):
            # Some drivers count it as memory of the process, others do not.
            resident_bytes = max(resident_bytes, guess.loaded_bytes + shared)
        working = resident_bytes + guess.scratch_bytes
        self._ceilings[key] = ceiling = int(working * _MOST_GROWTH)
        # What it grew to earlier is better than the estimated part, unless it was implausibly much.
        known = self._measured.get(key, 0)
        self._set(key, known if working < known <= ceiling else working)

    def note_use(self, model: ModelFile, resident_bytes: int, form: Form | None = None) -> None:
        """Record the current memory of a hot model's worker; only the maximum is kept."""
        key = self.key(model, form)
        ceiling = self._ceilings.get(key)
        if ceiling is not None and resident_bytes > self._measured[key] * _NOTABLE_GROWTH:
            self._set(key, min(resident_bytes, ceiling))

    def key(self, model: ModelFile, form: Form | None = None) -> SizeKey:
        """Return the key of the model's measurements: its file, form, and the settings that its size depends on."""
        settings = self._settings.for_model(model.model_id)
        return _key(model, settings, form or self.loaded_form(model), self.placement(model))

    def _estimated_bytes(
        self, model: ModelFile, own: EffectiveModelSettings, form: Form | None, placement: Placement
    ) -> int:
        footprint = estimate_under(model, own, form, placement)
        return footprint.working_bytes + self._device_main_bytes(footprint.device_bytes)

    def _device_main_bytes(self, device_bytes: DeviceBytes) -> int:
        """Return the part that is main memory: that of integrated GPUs."""
        return sum(device_bytes.get(room.name, 0) for room in self._placements.rooms if room.is_main_memory)

    def _forget(self) -> None:
        self._expected.clear()
        self._placements.forget()
        self._on_devices.clear()

    def _set(self, key: SizeKey, size: int) -> None:
        if self._measured.get(key) != size:
            self._measured[key] = size
            self._expected.clear()
            self._on_devices.clear()
            self._on_measured(key, size)


def _key(model: ModelFile, settings: EffectiveModelSettings, form: Form, placement: Placement) -> SizeKey:
    kind = "-".join(
        (
            settings.kv_cache_type,
            f"x{parallel_requests(model, settings)}",
            *(["vision"] if model.mmproj_bytes else []),
            *(["repacked"] if form is Form.REPACKED else []),
            *(["scores"] if settings.flash_attention == "off" else []),
            *([placement.key] if placement.devices else []),
        )
    )
    # The usage log keeps the time as a number of seconds.
    return str(model.path), model.file_bytes, model.modified_ns / 1e9, settings.context_length, kind


def _device_key(key: SizeKey, device: str) -> SizeKey:
    """Return the key of what a model takes of a device."""
    return (*key[:-1], f"{key[-1]}@{device}")
