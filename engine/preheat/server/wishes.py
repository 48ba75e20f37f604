"""The control endpoints that take wishes: pause, favourites and settings, under /preheat/v1/."""

from __future__ import annotations

import asyncio
import json
import logging
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from starlette.requests import Request
from starlette.responses import Response

from preheat.errors import InvalidRequestError
from preheat.server.control import json_response
from preheat.server.parameters import json_object, span
from preheat.server.snapshot_json import paused_json
from preheat.settings import AUTO, Settings, to_toml_value
from preheat.settings_check import HIDDEN, is_secret
from preheat.settings_layers import variable_of

if TYPE_CHECKING:
    from preheat.engine import Engine

logger = logging.getLogger(__name__)

NEEDS_RESTART: Final = (
    "host",
    "port",
    "api_keys",
    "allowed_hosts",
    "allowed_origins",
    "max_body",
    "shutdown_grace",
    "history_days",
    "log_level",
)
"""Settings that hold from the next start of Preheat; all others hold at once."""

MAX_FAVOURITES: Final = 1000


@dataclass(frozen=True, slots=True)
class WishesApi:
    """What the user wants. Engine thread only; files are written in other threads.

    Attributes:
        reload: Reads the settings again from where they were read at the start. Any thread.
        started_with: The settings that the port was opened with.
    """

    engine: Engine
    reload: Callable[[], Settings]
    started_with: Settings
    _writing: asyncio.Lock = field(default_factory=asyncio.Lock)

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
        if wanted == AUTO:
            return await self._write_favourites(AUTO)
        return await self._write_favourites([(await self.engine.find(name)).model_id for name in _names(wanted)])

    async def favourite(self, request: Request) -> Response:
        """Keep a model hot whenever it fits, after the other favourites."""
        model_id = (await self.engine.find(request.path_params["model_id"])).model_id
        favourites = list(self.engine.snapshot.favourites)
        return await self._write_favourites(favourites if model_id in favourites else [*favourites, model_id])

    async def unfavourite(self, request: Request) -> Response:
        """Keep a model hot only as long as it is used."""
        model_id = (await self.engine.find(request.path_params["model_id"])).model_id
        return await self._write_favourites([name for name in self.engine.snapshot.favourites if name != model_id])

    async def settings(self) -> Response:
        """Answer with the settings that hold; keys are hidden."""
        return json_response(self._settings_json())

    async def change_settings(self, request: Request) -> Response:
        """Write settings into the user's file, all or none, and act on them: ``{"memory_limit": "8GiB"}``."""
        texts = {name: _as_text(name, value) for name, value in (await json_object(request)).items()}
        changed, overridden = await self._write(texts)
        return json_response(self._changed_json(changed, overridden))

    async def reload_settings(self) -> Response:
        """Read the settings again, and act on them."""
        async with self._writing:
            changed = await self._apply()
        return json_response(self._changed_json(changed, {}))

    async def _write_favourites(self, favourites: Sequence[str] | str) -> Response:
        text = favourites if isinstance(favourites, str) else json.dumps(favourites, ensure_ascii=False)
        _, overridden = await self._write({"favourites": text})
        return json_response(
            {
                "favourites": list(self.engine.snapshot.favourites),
                "overridden_by": overridden.get("favourites"),
            }
        )

    async def _write(self, texts: Mapping[str, str]) -> tuple[list[str], dict[str, str]]:
        """Write and apply; return the settings that have changed, and what goes before those that have not.

        Raises:
            SettingsError: A name or value is wrong. Nothing was changed.
        """
        async with self._writing:
            written = await asyncio.to_thread(_write_file, texts)
            changed = await self._apply()
        now = self.engine.settings
        covered = [name for name, value in written.items() if to_toml_value(getattr(now, name)) != value]
        return changed, {name: stronger_source(name) for name in covered}

    async def _apply(self) -> list[str]:
        """Read the settings, give them to the engine, and return the names of those that are others than before."""
        before, now = self.engine.settings, await asyncio.to_thread(self.reload)
        changed = [name for name in Settings.model_fields if getattr(before, name) != getattr(now, name)]
        if changed:
            self.engine.apply_settings(now)
            logger.info("settings changed: %s", ", ".join(changed))
        return changed

    def _changed_json(self, changed: Sequence[str], overridden: Mapping[str, str]) -> dict[str, Any]:
        return {"changed": list(changed), "overridden": dict(overridden), **self._settings_json()}

    def _settings_json(self) -> dict[str, Any]:
        now = self.engine.settings
        shown = {name: _shown(name, getattr(now, name)) for name in Settings.model_fields}
        waiting = [name for name in NEEDS_RESTART if getattr(now, name) != getattr(self.started_with, name)]
        return {"settings": shown, "restart_needed": waiting}


def _write_file(texts: Mapping[str, str]) -> dict[str, object]:
    from preheat.settings_file import set_values  # here: most runs never need it, nor tomlkit

    return set_values(texts)


def stronger_source(name: str) -> str:
    """Return what goes before the settings file for this setting: a variable's name, or an option."""
    variable = variable_of(name)
    return variable if variable in os.environ else f"an option of preheat serve ({name})"


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
