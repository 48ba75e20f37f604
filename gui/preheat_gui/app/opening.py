"""Finds or starts the engine that the tray shows. Everything here blocks; none of it knows Qt."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from preheat import paths
from preheat.errors import SettingsError

if TYPE_CHECKING:
    from preheat.control import EngineSession
    from preheat.settings import Settings

logger = logging.getLogger(__name__)

_LAST_GOOD: Final = "settings-last-good.toml"


@dataclass(frozen=True, slots=True)
class Opened:
    """An engine, and how its settings are read."""

    session: EngineSession
    reader: SettingsReader | None = None

    @contextmanager
    def starting(self) -> Iterator[None]:
        """Let the engine start meanwhile even if the settings file is broken."""
        if self.reader is None:
            yield
        else:
            with self.reader.starting():
                yield

    def settings_problem(self) -> SettingsError | None:
        """Return what was wrong with the settings when the engine started."""
        return self.reader.problem if self.reader is not None else None


class SettingsReader:
    """Reads the settings. A broken file must not keep Preheat from starting, nor change how it runs unnoticed.

    At a start, the last settings that could be read take the place of those that cannot; without any, the defaults
    do, which open the port to this machine only. Other reads raise: what runs goes on with what it has. Any thread.

    Attributes:
        problem: What was wrong at the last start; None if nothing was.
    """

    def __init__(self) -> None:
        self.problem: SettingsError | None = None
        self._starting = False

    @contextmanager
    def starting(self) -> Iterator[None]:
        """Read for a start while the block runs."""
        self.problem, self._starting = None, True
        try:
            yield
        finally:
            self._starting = False

    def __call__(self) -> Settings:
        """Return the settings.

        Raises:
            SettingsError: They cannot be read, and it is not for a start.
        """
        from preheat.settings import load_settings

        try:
            settings = load_settings()
        except SettingsError as error:
            if not self._starting:
                raise
            self.problem = error
            return _fallback()
        _keep_as_good()
        return settings


def open_engine(*, at_login: bool = False) -> Opened:
    """Return the Preheat that runs already, or else an engine of this process that begins to start.

    Args:
        at_login: The login has started Preheat: it may be to preload nothing yet.

    Raises:
        EngineError: Neither is possible.
    """
    from preheat.control import open_session  # with it come the engine's modules: the icon is there before them

    reader = SettingsReader()
    with reader.starting():
        session = open_session(reader, at_login=at_login)
    return Opened(session, None if session.attached else reader)


def settings_at_start() -> Settings:
    """Return the settings that hold for what is shown before the engine is found or started. It never raises."""
    from preheat.settings import load_settings

    try:
        return load_settings()
    except SettingsError:
        return _fallback()  # what is wrong is told once the engine starts


def _fallback() -> Settings:
    from preheat.settings import Settings, merge_settings

    try:
        document = (paths.data_dir() / _LAST_GOOD).read_text(encoding="utf-8")
        # Without the variables: it may be one of them that is wrong.
        return merge_settings(environ={}, document=document).settings
    except (OSError, ValueError, SettingsError) as error:
        logger.warning("the defaults hold: there are no last good settings (%s)", error)
        return Settings()


def _keep_as_good() -> None:
    """Keep a copy of the settings file, which has just been read. Like the file, it is this user's alone."""
    try:
        text = _text_of(paths.settings_path())
        good = paths.data_dir() / _LAST_GOOD
        if _text_of(good) != text:
            good.parent.mkdir(parents=True, exist_ok=True)
            part = good.with_name(f"{good.name}.{os.getpid()}")
            with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
                file.write(text)
            part.replace(good)
    except OSError as error:
        logger.warning("the settings cannot be kept as the last good ones: %s", error.strerror)


def _text_of(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return ""
