"""Commands about settings and favourites."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Self

from preheat.control.command import Command, Risk, command
from preheat.errors import (
    AmbiguousModelError,
    DiskFullError,
    EngineError,
    FolderError,
    InvalidRequestError,
    ModelNotFoundError,
    SettingsError,
)
from preheat.messages import msg

if TYPE_CHECKING:
    from preheat.control.host import ControlHost
    from preheat.models import ModelFile
    from preheat.settings import Settings
    from preheat.settings import SettingsChange as StoredChange

    FavouritesUpdate = Callable[[Sequence[str] | None, Sequence[str], Sequence[ModelFile]], Sequence[str] | None]

_AUTO: Final = "auto"
_MAX_FAVOURITES: Final = 1000
_MAX_CHANGES: Final = 200
_MAX_TEXT: Final = 100_000
_MAX_DIGITS: Final = 12  # of a context length; longer numbers are wrong anyway
_CONTEXT: Final = "context_length"
_NAMES = (ModelNotFoundError, AmbiguousModelError)


def settings_json(settings: Settings) -> dict[str, Any]:
    """Return settings as JSON; secrets are hidden."""
    from preheat.settings import HIDDEN, is_secret, to_toml_value

    fields = type(settings).model_fields

    def shown(name: str) -> object:
        value = getattr(settings, name)
        if is_secret(fields[name]):
            return [HIDDEN for _ in value] if isinstance(value, tuple) else HIDDEN
        return to_toml_value(value)

    return {name: shown(name) for name in fields}


def settings_from_json(content: Mapping[str, Any]) -> Settings:
    """Return the settings that ``settings_json`` wrote.

    Secrets do not travel: they are those of this user's own settings, if there are as many.

    Raises:
        ValueError: Another version wrote them.
    """
    from preheat.settings import Settings, is_secret

    known = {name: value for name, value in content.items() if name in Settings.model_fields}
    for name, setting in Settings.model_fields.items():
        if is_secret(setting) and known.get(name):
            known[name] = _own_secret(name, len(known[name])) or known[name]
    return Settings.model_validate(known)


def _own_secret(name: str, count: int) -> list[str]:
    from preheat.settings import HIDDEN, load_settings

    try:
        own = getattr(load_settings(), name)
    except EngineError:
        return []
    return list(own) if len(own) == count and HIDDEN not in own else []


_SETTINGS: Final[Mapping[str, Any]] = {
    "write": settings_json,
    "read": lambda content: settings_from_json(content["settings"]),
}


@dataclass(frozen=True, slots=True)
class SettingsState:
    """The settings in force."""

    settings: Settings = field(metadata=_SETTINGS)
    restart_needed: tuple[str, ...]  # changed settings that take effect after a restart
    # settings that the file cannot change, each with the variable or option in force
    overridden: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SettingsChange:
    """The result of a change of settings."""

    changed: tuple[str, ...]  # settings that differ from before
    # settings that were written without effect, each with the variable or option that overrides the file
    overridden: Mapping[str, str]
    restart_needed: tuple[str, ...]  # changed settings that take effect after a restart
    settings: Settings = field(metadata=_SETTINGS)  # all settings in force


@dataclass(frozen=True, slots=True)
class Favourites:
    """The models to keep hot, in the user's order."""

    favourites: tuple[str, ...]
    missing: tuple[str, ...]  # favourites without a model on disk. They stay favourites.
    ordered: tuple[str, ...]  # both, in the order of the user

    @classmethod
    async def of(cls, host: ControlHost, *more: Any) -> Self:
        """Return the favourites of an engine."""
        from preheat.preload import favourites_in_order

        now = host.engine.snapshot
        ordered = favourites_in_order(host.engine.settings.favourites, await host.engine.models())
        return cls(now.favourites, now.missing_favourites, ordered, *more)


@dataclass(frozen=True, slots=True)
class FavouritesChange(Favourites):
    """The favourites after a change."""

    overridden_by: str | None  # the variable or option that overrides the written favourites; None if they have effect


def _text(name: str, value: object) -> str:
    """Return a JSON value as a variable or an option would have it."""
    text = json.dumps(value, ensure_ascii=False) if isinstance(value, bool | int | float | list) else value
    if isinstance(text, str) and len(text) > _MAX_TEXT:
        raise InvalidRequestError(msg("setting_too_long", param=name[:100], limit=_MAX_TEXT), param=name[:100])
    if isinstance(text, str):
        return text
    raise InvalidRequestError(msg("must_be_setting", param=name[:100]), param=name[:100])


def _check_count(values: Mapping[str, object]) -> None:
    if len(values) > _MAX_CHANGES:
        raise InvalidRequestError(msg("too_many_settings", limit=_MAX_CHANGES))


def _names(value: object, param: str) -> tuple[str, ...] | None:
    if value == _AUTO:
        return None
    if isinstance(value, list) and len(value) <= _MAX_FAVOURITES and all(isinstance(name, str) for name in value):
        return tuple(value)
    raise InvalidRequestError(msg("must_be_model_names", param=param), param=param)


@command("GET", "favourites", risk=Risk.USE)
class GetFavourites(Command[Favourites]):
    """Return the models to keep hot, in the user's order."""

    async def run(self, host: ControlHost) -> Favourites:
        return await Favourites.of(host)


def _write_names(names: tuple[str, ...] | None) -> object:
    return _AUTO if names is None else list(names)


@command("PUT", "favourites", risk=Risk.MANAGE, errors=_NAMES)
class SetFavourites(Command[FavouritesChange]):
    """Keep exactly these models hot, in this order; ``auto`` (None) leaves the choice to Preheat."""

    favourites: tuple[str, ...] | None = field(metadata={"check": _names, "write": _write_names})

    async def run(self, host: ControlHost) -> FavouritesChange:
        from preheat.preload import replace_favourites

        if self.favourites is None:
            return await _update_favourites(host, lambda *_: None)
        return await _update_favourites(host, replace_favourites, *self.favourites)


@command("POST", "favourites/order", risk=Risk.MANAGE, errors=_NAMES)
class OrderFavourites(Command[FavouritesChange]):
    """Put these models before all other favourites, in this order."""

    favourites: tuple[str, ...]

    async def run(self, host: ControlHost) -> FavouritesChange:
        from preheat.preload import order_favourites

        return await _update_favourites(host, order_favourites, *self.favourites)


@command("POST", "models/{model:path}/favourite", risk=Risk.MANAGE, errors=_NAMES)
class AddFavourite(Command[FavouritesChange]):
    """Keep a model hot whenever it fits, after the other favourites."""

    model: str

    async def run(self, host: ControlHost) -> FavouritesChange:
        from preheat.preload import add_favourites

        return await _update_favourites(host, add_favourites, self.model)


@command("POST", "models/{model:path}/unfavourite", risk=Risk.MANAGE, errors=_NAMES)
class DropFavourite(Command[FavouritesChange]):
    """Keep a model hot only while it is used."""

    model: str

    async def run(self, host: ControlHost) -> FavouritesChange:
        from preheat.preload import remove_favourites

        return await _update_favourites(host, remove_favourites, self.model)


@command("GET", "settings", risk=Risk.MANAGE)
class GetSettings(Command[SettingsState]):
    """Return the settings in force; keys are hidden."""

    async def run(self, host: ControlHost) -> SettingsState:
        return SettingsState(host.engine.settings, host.live.restart_needed, host.live.store.overridden())


@command("PATCH", "settings", risk=Risk.ADMIN, errors=(SettingsError, FolderError, DiskFullError))
class ChangeSettings(Command[SettingsChange]):
    """Write settings to the user's file, all or none, and apply them: ``{"memory_limit": "8GiB"}``."""

    values: Mapping[str, Any] = field(metadata={"in": "body"}, hash=False)

    async def run(self, host: ControlHost) -> SettingsChange:
        _check_count(self.values)
        texts = {name: _text(name, value) for name, value in self.values.items()}
        await _check_contexts(host, self.values)
        # The client's current folder is not this process's.
        return _changed(host, await host.live.write(host.live.store.set, texts, relative=False))


@command(
    "PATCH",
    "models/{model:path}/settings",
    risk=Risk.ADMIN,
    errors=(*_NAMES, SettingsError, FolderError, DiskFullError),
)
class ChangeModelSettings(Command[SettingsChange]):
    """Write one model's own settings, and apply them; null removes one: ``{"context_length": 4096}``."""

    model: str
    values: Mapping[str, Any] = field(metadata={"in": "body"}, hash=False)

    async def run(self, host: ControlHost) -> SettingsChange:
        _check_count(self.values)
        model_id = await host.model_id(self.model)
        texts = {name: None if value is None else _text(name, value) for name, value in self.values.items()}
        if texts.get(_CONTEXT) is not None:
            _check_context(await host.engine.find(model_id), self.values[_CONTEXT])
        return _changed(host, await host.live.write(host.live.store.set_model, model_id, texts))


@dataclass(frozen=True, slots=True)
class MemoryEstimate:
    """The estimated effect of other settings on a model."""

    growth_bytes: int  # additional memory; negative for less


@command("POST", "models/{model:path}/estimate", risk=Risk.USE, errors=(*_NAMES, SettingsError))
class EstimateMemory(Command[MemoryEstimate]):
    """Estimate the additional memory a model would need with other settings; null removes one."""

    model: str
    values: Mapping[str, Any] = field(metadata={"in": "body"}, hash=False)

    async def run(self, host: ControlHost) -> MemoryEstimate:
        from preheat.settings import ModelSettings, checked_model_setting, checked_value

        _check_count(self.values)
        engine = host.engine
        file, now = await engine.find(self.model), engine.settings
        own = now.models.get(file.model_id, ModelSettings()).model_dump(exclude_none=True)
        if self.values.get(_CONTEXT) is not None:
            _check_context(file, self.values[_CONTEXT])
        for name, value in self.values.items():
            setting = checked_model_setting(file.model_id, name)
            own[name] = None if value is None else checked_value(setting, _text(name, value))
        models = {**now.models, file.model_id: ModelSettings.model_validate(own)}
        then = now.model_copy(update={"models": models})
        return MemoryEstimate(engine.contexts.estimated_bytes(file, then) - engine.contexts.estimated_bytes(file, now))


@command("POST", "settings/reload", risk=Risk.ADMIN, errors=(SettingsError,))
class ReloadSettings(Command[SettingsChange]):
    """Read the settings again, and apply them."""

    async def run(self, host: ControlHost) -> SettingsChange:
        return _changed(host, await host.live.write(host.live.store.reload))


async def _check_contexts(host: ControlHost, values: Mapping[str, Any]) -> None:
    """Check the context lengths of single models, named as in ``models.NAME.context_length``.

    Raises:
        SettingsError: A model was trained for fewer tokens.
    """
    from preheat.settings import MODELS, keys_of

    for name, value in values.items():
        keys = keys_of(name)
        if len(keys) == 3 and (keys[0], keys[2]) == (MODELS, _CONTEXT):
            with contextlib.suppress(*_NAMES):  # settings of a model that is not there yet
                _check_context(await host.engine.find(keys[1]), value)


def _check_context(file: ModelFile, value: object) -> None:
    """Check that a model was trained for a context length; other mistakes are left to the settings.

    Raises:
        SettingsError: It was trained for fewer tokens.
    """
    from preheat.settings import model_setting

    text, trained = str(value), file.context_length
    if not text.isdecimal() or len(text) > _MAX_DIGITS or not 0 < trained < int(text):
        return
    raise SettingsError(
        msg("context_beyond_training", model=file.model_id, value=text, trained=trained),
        param=model_setting(file.model_id, _CONTEXT),
        reason=msg("context_trained", trained=trained),
    )


async def _update_favourites(host: ControlHost, update: FavouritesUpdate, *names: str) -> FavouritesChange:
    """Change the favourites with the named models, write them, and apply them.

    Raises:
        ModelNotFoundError, AmbiguousModelError: A name does not stand for one model or missing favourite.
    """
    missing = host.engine.snapshot.missing_favourites
    ids = [name if name in missing else await host.model_id(name) for name in names]
    models = await host.engine.models()
    change = await host.live.write(host.live.store.update_favourites, lambda old: update(old, ids, models))
    return await FavouritesChange.of(host, change.overridden.get("favourites"))


def _changed(host: ControlHost, change: StoredChange) -> SettingsChange:
    return SettingsChange(change.changed, change.overridden, host.live.restart_needed, host.engine.settings)
