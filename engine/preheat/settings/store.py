"""The settings of a running Preheat: read from their sources, written to the user's file, watched for edits."""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from preheat import paths
from preheat.errors import SettingsError
from preheat.files import write_atomic
from preheat.settings.check import check_name, checked_model_setting
from preheat.settings.declaration import AUTO
from preheat.settings.former import predecessors
from preheat.settings.layers import read_document, variable_of
from preheat.settings.load import checked_value, load_settings, merge_settings
from preheat.settings.model import Settings
from preheat.settings.names import canonical

if TYPE_CHECKING:
    from preheat.settings.file import Change

logger = logging.getLogger(__name__)

LAST_GOOD: Final = "settings-last-good.toml"

_POLL_S: Final = 0.5


@dataclass(frozen=True, slots=True)
class SettingsChange:
    """The result of reading or writing the settings."""

    changed: tuple[str, ...] = ()  # settings with a new value
    written: Mapping[str, object] = field(default_factory=dict)  # in TOML's types; None for a removed one
    overridden: Mapping[str, str] = field(default_factory=dict)  # by written setting: the variable or option in force
    problem: SettingsError | None = None  # why they could not be read; the previous ones stay in force


class SettingsStore:
    """Reads the settings, and is the only writer of the settings file. Any thread; calls block on the disk.

    Args:
        overrides: Options of the command line, by setting name.
        environ: Instead of this process's environment.
        path: Instead of the user's settings file.

    Attributes:
        problem: Why the settings could not be read the last time; None if they could.
    """

    def __init__(
        self,
        overrides: Mapping[str, str] = MappingProxyType({}),
        *,
        environ: Mapping[str, str] | None = None,
        path: Path | None = None,
    ) -> None:
        self.problem: SettingsError | None = None
        self._overrides = {canonical(name): text for name, text in overrides.items()}
        self._environ = os.environ if environ is None else environ
        self._path = path or paths.settings_path()
        self._settings: Settings | None = None
        self._subscribers: list[Callable[[SettingsChange], None]] = []
        self._lock = threading.RLock()  # subscribers see changes in the order in which they happened
        self._seen = _mark(self._path)
        self._stopped: threading.Event | None = None

    # -- reading --

    def load(self, *, must_start: bool = False) -> Settings:
        """Read the settings for a start. Where they are wrong, the last good file applies, and ``problem`` says why.

        Args:
            must_start: Ignore wrong variables and options too, and fall back to the defaults.

        Raises:
            SettingsError: Nothing can replace the wrong settings.
        """
        with self._lock:
            try:
                settings = self._read()
            except SettingsError as error:
                self.problem = error
                settings = self._fallback(error, must_start=must_start)
                logger.warning("%s; using the last good settings", error.title)
            self._settings = settings
            return settings

    @property
    def settings(self) -> Settings:
        """The settings in force.

        Raises:
            SettingsError: They have not been loaded yet, and are wrong.
        """
        return self._settings or self.load()

    def reload(self) -> SettingsChange:
        """Read the settings again and notify the subscribers.

        Raises:
            SettingsError: The settings are wrong; the previous ones stay in force.
        """
        with self._lock:
            try:
                now = self._read()
            except SettingsError as error:
                if str(error) != str(self.problem):
                    logger.warning("the settings are not applied: %s", error)
                self.problem = error
                self._notify(SettingsChange(problem=error))
                raise
            before, self._settings, self.problem = self.settings, now, None
            names = Settings.model_fields
            changed = tuple(name for name in names if getattr(before, name) != getattr(now, name))
            if changed:
                logger.info("settings changed: %s", ", ".join(changed))
            change = SettingsChange(changed)
            self._notify(change)
            return change

    def _read(self) -> Settings:
        self._seen = _mark(self._path)
        try:
            document = read_document(self._path)
        except SettingsError:
            return load_settings(self._overrides, self._environ, self._path)  # reports all problems
        settings = merge_settings(self._overrides, self._environ, self._path, document).settings
        self._keep_as_good(document)
        return settings

    def _keep_as_good(self, document: str) -> None:
        path = paths.data_dir() / LAST_GOOD
        try:
            if read_document(path) != document:
                write_atomic(path, document, mode=0o600, durable=False)
        except (OSError, SettingsError) as error:
            logger.warning("the last good settings cannot be kept: %s", error)

    def _fallback(self, error: SettingsError, *, must_start: bool) -> Settings:
        path = paths.data_dir() / LAST_GOOD
        sources = [(self._overrides, self._environ), ({}, {})] if must_start else [(self._overrides, self._environ)]
        for overrides, environ in sources:
            try:
                if os.path.isfile(path):  # noqa: PTH113 - Path.is_file raises where the folder cannot be read
                    return merge_settings(overrides, environ, self._path, read_document(path)).settings
            except SettingsError as again:
                logger.debug("the last good settings do not help: %s", again)
        if must_start:
            return Settings()
        raise error

    # -- writing --

    def set(self, texts: Mapping[str, str], *, relative: bool = True) -> SettingsChange:
        """Write settings, all or none.

        Args:
            texts: Values as text, by setting name.
            relative: Allow relative folders, which start in this process's current one.

        Raises:
            SettingsError: A name or value is wrong, or the file cannot be written. Nothing was changed.
        """
        values = {name: checked_value(name, text, relative=relative) for name, text in texts.items()}
        return self.update(lambda _: values)

    def set_model(self, model_id: str, texts: Mapping[str, str | None]) -> SettingsChange:
        """Write one model's own settings, all or none; None removes one.

        Args:
            texts: Values as text, by a model setting's own name, such as ``context_length``.

        Raises:
            SettingsError: As for ``set``.
        """
        values: dict[str, object] = {}
        for own_name, text in texts.items():
            name = checked_model_setting(model_id, own_name)
            values[name] = None if text is None else checked_value(name, text)
        return self.update(lambda _: values)

    def unset(self, name: str) -> SettingsChange:
        """Remove a setting from the file, or a line that is no setting. Nothing is ``written`` if it was not there.

        Raises:
            SettingsError: The name is neither a setting nor in the file, or the file would become wrong.
        """
        change = self.update(lambda _: {name: None}, tolerant=True)
        if not change.written:
            check_name(name)
        return change

    def update_favourites(self, change: Callable[[Sequence[str] | None], Sequence[str] | None]) -> SettingsChange:
        """Change the favourites in the file; None stands for ``auto``.

        Raises:
            SettingsError: The file is wrong or cannot be written.
        """

        def update(values: Mapping[str, object]) -> dict[str, object]:
            before = values.get("favourites", AUTO)
            after = change([str(name) for name in before] if isinstance(before, list) else None)
            return {"favourites": AUTO if after is None else list(after)}

        return self.update(update)

    def update(self, change: Change, *, tolerant: bool = False) -> SettingsChange:
        """Change the file and apply the result. See ``update_file``.

        Raises:
            SettingsError: The file would be wrong, or cannot be written. Nothing was changed.
        """
        from preheat.settings.file import update_file  # most runs need neither it nor tomlkit

        with self._lock:
            written = update_file(self._path, self._environ, change, tolerant=tolerant)
            changed = self.reload().changed if written and self._settings is not None else ()
        overridden = {name: source for name in written if (source := self.overriding_source(name))}
        return SettingsChange(changed, written, overridden)

    def overriding_source(self, name: str) -> str:
        """Return the option or variable that overrides the file for a setting; empty if none does."""
        names = (name, *predecessors(name))
        options = (f"--set {each}" for each in names if each in self._overrides)
        variables = (variable_of(each) for each in names if variable_of(each) in self._environ)
        return next(options, None) or next(variables, "")

    def overridden(self) -> dict[str, str]:
        """Return the settings that the file cannot change, each with the option or variable in force."""
        return {name: source for name in Settings.model_fields if (source := self.overriding_source(name))}

    # -- notifying --

    def subscribe(self, callback: Callable[[SettingsChange], None]) -> Callable[[], None]:
        """Call back after every change, in the thread that made it; return a function that ends this."""
        self._subscribers.append(callback)
        return lambda: self._subscribers.remove(callback)

    def _notify(self, change: SettingsChange) -> None:
        for callback in list(self._subscribers):
            callback(change)

    # -- watching --

    def watch(self) -> None:
        """Reload after every edit of the file, until ``close``."""
        if self._stopped is None:
            self._stopped = threading.Event()
            threading.Thread(target=self._watch, args=(self._stopped,), name="settings-watch", daemon=True).start()

    def close(self) -> None:
        """Stop watching. Returns at once."""
        if self._stopped is not None:
            self._stopped.set()
            self._stopped = None

    def _watch(self, stopped: threading.Event) -> None:
        previous = self._seen
        while not stopped.wait(_POLL_S):
            mark = _mark(self._path)
            # An editor may write a file in several steps: wait until it stays the same.
            if mark == previous and mark != self._seen:
                with suppress(SettingsError):  # the subscribers know
                    self.reload()
            previous = mark


def _mark(path: Path) -> tuple[int, int, int] | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size, status.st_ino
