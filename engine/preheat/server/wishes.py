"""The control endpoints that take wishes: pause, favourites and settings, under /preheat/v1/."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from starlette.requests import Request
from starlette.responses import Response

from preheat.control.snapshot_json import paused_json
from preheat.core.live_settings import LiveSettings, SettingsChange
from preheat.errors import InvalidRequestError
from preheat.server.control import json_response
from preheat.server.parameters import json_object, span
from preheat.settings import AUTO, Settings, to_toml_value
from preheat.settings.check import HIDDEN, is_secret

if TYPE_CHECKING:
    from preheat.core.engine import Engine

MAX_FAVOURITES: Final = 1000


@dataclass(frozen=True, slots=True)
class WishesApi:
    """What the user wants. Engine thread only; files are written in other threads.

    Attributes:
        live: The settings that hold.
    """

    engine: Engine
    live: LiveSettings

    async def pause(self, request: Request) -> Response:
        """Preload nothing for ``?seconds=`` (also ``30m``), or until told."""
        self.engine.pause(span(request, "seconds"))
        return json_response(paused_json(self.engine.snapshot.preload))

    async def resume(self) -> Response:
        """Preload again."""
        self.engine.resume()
        return json_response(paused_json(self.engine.snapshot.preload))

    async def favourites(self) -> Response:
        """Answer with the models to keep hot, in the user's order."""
        return json_response({"favourites": list(self.engine.snapshot.favourites)})

    async def set_favourites(self, request: Request) -> Response:
        """Keep exactly these models hot, in this order: ``{"favourites": [names]}``, or ``"auto"``."""
        wanted = (await json_object(request)).get("favourites")
        return self._favourites_json(await self.live.set_favourites(None if wanted == AUTO else _names(wanted)))

    async def favourite(self, request: Request) -> Response:
        """Keep a model hot whenever it fits, after the other favourites."""
        return self._favourites_json(await self.live.set_favourite(request.path_params["model_id"], True))

    async def unfavourite(self, request: Request) -> Response:
        """Keep a model hot only as long as it is used."""
        return self._favourites_json(await self.live.set_favourite(request.path_params["model_id"], False))

    async def settings(self) -> Response:
        """Answer with the settings that hold; keys are hidden."""
        return json_response(self._settings_json())

    async def change_settings(self, request: Request) -> Response:
        """Write settings into the user's file, all or none, and act on them: ``{"memory_limit": "8GiB"}``."""
        texts = {name: _as_text(name, value) for name, value in (await json_object(request)).items()}
        return self._changed_json(await self.live.change(texts))

    async def change_model_settings(self, request: Request) -> Response:
        """Write what one model has for itself, and act on it: ``{"context_length": 4096, "parallel": null}``."""
        model_id = (await self.engine.find(request.path_params["model_id"])).model_id
        texts = {
            name: None if value is None else _as_text(name, value)
            for name, value in (await json_object(request)).items()
        }
        return self._changed_json(await self.live.change_model(model_id, texts))

    async def reload_settings(self) -> Response:
        """Read the settings again, and act on them."""
        return self._changed_json(await self.live.reload_file())

    def _favourites_json(self, change: SettingsChange) -> Response:
        return json_response(
            {
                "favourites": list(self.engine.snapshot.favourites),
                "overridden_by": change.overridden.get("favourites"),
            }
        )

    def _changed_json(self, change: SettingsChange) -> Response:
        told = {"changed": list(change.changed), "overridden": dict(change.overridden)}
        return json_response({**told, **self._settings_json()})

    def _settings_json(self) -> dict[str, Any]:
        now = self.engine.settings
        shown = {name: _shown(name, getattr(now, name)) for name in Settings.model_fields}
        return {"settings": shown, "restart_needed": list(self.live.restart_needed)}


def _names(value: object) -> list[str]:
    names = [name for name in value if isinstance(name, str)] if isinstance(value, list) else None
    if names is None or len(names) != len(value) or len(names) > MAX_FAVOURITES:  # type: ignore[arg-type] # a list then
        raise InvalidRequestError("favourites: must be a list of model names, or auto", param="favourites")
    return names


def _as_text(name: str, value: object) -> str:
    """Return a JSON value as a variable or an option would have it."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool | int | float | list):
        return json.dumps(value, ensure_ascii=False)
    raise InvalidRequestError(f"{name}: must be a text, number, true, false or list", param=name)


def _shown(name: str, value: object) -> object:
    if is_secret(Settings.model_fields[name]):
        return [HIDDEN for _ in value] if isinstance(value, tuple) else HIDDEN
    return to_toml_value(value)
