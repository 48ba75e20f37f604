"""What the commands know of the models: from the running application, or from the disk."""

from __future__ import annotations

from typing import TYPE_CHECKING

from preheat.cli.output import JsonObject
from preheat.errors import NotRunningError

if TYPE_CHECKING:
    from preheat.models import Listing
    from preheat.settings import Settings


def read_models() -> JsonObject:
    """Return what ``/preheat/v1/models`` answers, from the running application or, as far as it goes, from the disk.

    Raises:
        SettingsError: Preheat does not run, and its settings cannot be read.
    """
    from preheat.control.client import find_running

    try:
        with find_running() as running:
            return running.control("GET", "models")
    except NotRunningError:
        return _from_disk(*_look())


def read_model(name: str) -> JsonObject:
    """Return what ``/preheat/v1/models/{id}`` answers, likewise.

    Raises:
        ModelNotFoundError, AmbiguousModelError: No one model has this name.
    """
    from preheat.control.client import find_running, quoted

    try:
        with find_running() as running:
            return running.control("GET", f"models/{quoted(name)}")
    except NotRunningError:
        pass
    from preheat.models import printable, resolve

    settings, listing = _look()
    file = resolve(name, listing.models)
    known = next(model for model in _from_disk(settings, listing)["models"] if model["id"] == file.model_id)
    return {
        **known,
        "files": [printable(str(path)) for path in file.files],
        "modified_at": file.modified_ns / 1e9,
        "why": None,
    }


def _look() -> tuple[Settings, Listing]:
    from preheat.models import look_once
    from preheat.settings import load_settings

    settings = load_settings()
    return settings, look_once(settings.models_dirs, settings.sources, settings.own_models_dir)


def _from_disk(settings: Settings, listing: Listing) -> JsonObject:
    import psutil

    from preheat.residency.sizes import estimate

    limit = settings.memory_limit.resolve(psutil.virtual_memory().total)
    models = []
    for model in listing.models:
        expected = estimate(model, settings).working_bytes
        models.append(
            {
                "id": model.model_id,
                "state": "cold",
                "standby": False,
                "progress": None,
                "embeddings": model.embeddings,
                "file_bytes": model.file_bytes,
                "expected_bytes": expected,
                "fits": expected <= limit,
                "file_missing": False,
                **model.public_facts(),
            }
        )
    return {
        "limit_bytes": limit,
        "models": models,
        "left_out": [file.public_facts() for file in listing.skipped],
        "unreachable": [str(message) for message in listing.unreachable],
    }
