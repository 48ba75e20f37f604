"""The settings that hold while an engine runs, and how they change: written to the user's file, then acted on."""

from __future__ import annotations

import asyncio
import json
import logging
import os
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from preheat.settings import AUTO, Settings, to_toml_value
from preheat.settings.check import value_of
from preheat.settings.layers import variable_of
from preheat.settings.names import model_setting

if TYPE_CHECKING:
    from preheat.core.engine import Engine

logger = logging.getLogger(__name__)

PORT_SETTINGS: Final = (
    "host",
    "port",
    "api_keys",
    "allowed_hosts",
    "allowed_origins",
    "max_body",
    "shutdown_grace",
)
"""Settings that hold from the next time that the port is opened."""

START_SETTINGS: Final = ("history_days", "log_level")
"""Settings that hold from the next start of Preheat; all others hold at once."""

PortOpener = Callable[[Settings], Awaitable[bool]]


@dataclass(frozen=True, slots=True)
class SettingsChange:
    """What became of a wish to change settings.

    Attributes:
        changed: The settings that are others than before.
        overridden: What goes before the settings file, by those settings that were written and do not hold.
        restart_needed: Those that hold from a later start.
        settings: All that hold now.
    """

    changed: tuple[str, ...]
    overridden: Mapping[str, str]
    restart_needed: tuple[str, ...]
    settings: Settings


@dataclass(slots=True)
class LiveSettings:
    """Changes one engine's settings, one wish at a time. Engine's loop only; files are read in other threads.

    Attributes:
        reload: Reads the settings again as they were read for the start. Any thread.
        reopen_port: Opens the port anew with these settings and says whether that went well; None where the port
            stays as it is until Preheat ends.
    """

    engine: Engine
    reload: Callable[[], Settings]
    reopen_port: PortOpener | None = None
    _started_with: Settings = field(init=False)
    _port_opened_with: Settings = field(init=False)
    _writing: asyncio.Lock = field(init=False, default_factory=asyncio.Lock)

    def __post_init__(self) -> None:
        self._started_with = self._port_opened_with = self.engine.settings

    @property
    def restart_needed(self) -> tuple[str, ...]:
        """The settings that have changed and do not hold yet."""
        now = self.engine.settings
        return (
            *(name for name in PORT_SETTINGS if getattr(now, name) != getattr(self._port_opened_with, name)),
            *(name for name in START_SETTINGS if getattr(now, name) != getattr(self._started_with, name)),
        )

    async def change(self, texts: Mapping[str, str]) -> SettingsChange:
        """Write settings into the user's file, all or none, and act on them.

        Args:
            texts: By name, as a variable or an option would have them.

        Raises:
            SettingsError: A name or value is wrong. Nothing was changed.
        """
        from preheat.settings.file import set_values  # here: most runs never need it, nor tomlkit

        return await self._write(lambda: set_values(texts))

    async def change_model(self, model_id: str, texts: Mapping[str, str | None]) -> SettingsChange:
        """Write what one model has for itself, all or none, and act on it; None is as for all models again.

        Raises:
            SettingsError: A name or value is wrong. Nothing was changed.
        """
        from preheat.settings.file import set_model_values

        def write() -> dict[str, object]:
            written = set_model_values(model_id, texts)
            return {model_setting(model_id, name): value for name, value in written.items()}

        return await self._write(write)

    async def reload_file(self) -> SettingsChange:
        """Read the settings again, and act on them.

        Raises:
            SettingsError: They cannot be read; those that held go on.
        """
        async with self._writing:
            changed = await self._apply()
        return self._change(changed, {})

    async def set_favourites(self, names: Sequence[str] | None) -> SettingsChange:
        """Keep exactly these models hot, in this order; None leaves the choice to Preheat.

        Raises:
            ModelNotFoundError, AmbiguousModelError: No one model has such a name.
        """
        if names is None:
            return await self.change({"favourites": AUTO})
        return await self._write_favourites([(await self.engine.find(name)).model_id for name in names])

    async def set_favourite(self, name: str, on: bool) -> SettingsChange:
        """Keep a model hot whenever it fits, after the other favourites; or only as long as it is used.

        Raises:
            ModelNotFoundError, AmbiguousModelError: No one model has this name.
        """
        model_id = (await self.engine.find(name)).model_id
        others = [each for each in self.engine.snapshot.favourites if each != model_id]
        if not on:
            return await self._write_favourites(others)
        before = self.engine.snapshot.favourites
        return await self._write_favourites(before if model_id in before else [*others, model_id])

    async def _write_favourites(self, model_ids: Sequence[str]) -> SettingsChange:
        return await self.change({"favourites": json.dumps(model_ids, ensure_ascii=False)})

    async def _write(self, write: Callable[[], Mapping[str, object]]) -> SettingsChange:
        async with self._writing:
            written = await asyncio.to_thread(write)
            changed = await self._apply()
        now = self.engine.settings
        covered = [name for name, value in written.items() if to_toml_value(value_of(now, name)) != value]
        return self._change(changed, {name: stronger_source(name) for name in covered})

    async def _apply(self) -> tuple[str, ...]:
        """Read the settings, act on them, and return the names of those that are others than before."""
        before, now = self.engine.settings, await asyncio.to_thread(self.reload)
        changed = tuple(name for name in Settings.model_fields if getattr(before, name) != getattr(now, name))
        if not changed:
            return ()
        self.engine.apply_settings(now)
        logger.info("settings changed: %s", ", ".join(changed))
        if self.reopen_port is not None and not set(changed).isdisjoint(PORT_SETTINGS):
            await self._reopen(self.reopen_port)
        return changed

    async def _reopen(self, reopen_port: PortOpener) -> None:
        now = self.engine.settings
        if await reopen_port(now):
            self._port_opened_with = now

    def _change(self, changed: tuple[str, ...], overridden: Mapping[str, str]) -> SettingsChange:
        return SettingsChange(changed, dict(overridden), self.restart_needed, self.engine.settings)


def stronger_source(name: str) -> str:
    """Return what goes before the settings file for this setting: a variable's name, or an option."""
    variable = variable_of(name)
    return variable if variable in os.environ else f"an option of the command line ({name})"
