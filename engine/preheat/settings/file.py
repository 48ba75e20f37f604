"""Changes the settings file.

A change that would make the file wrong is refused, and a file that is not TOML is never overwritten. Readers see the
old file or the new one. Any thread and any number of processes.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Final

from preheat.errors import SettingsError, file_error
from preheat.files import FileLock, write_atomic
from preheat.messages import msg
from preheat.settings.check import check, merge
from preheat.settings.document import commented_defaults, with_value, without
from preheat.settings.former import predecessors
from preheat.settings.layers import MAX_FILE_BYTES, Layer, document_layer, environment_layer, read_document, sets
from preheat.settings.model import LISTS
from preheat.settings.names import show_name

Change = Callable[[Mapping[str, object]], Mapping[str, object]]
"""Receives the file's values by name, and returns the values to write, in TOML's types; None removes one."""

LOCK_NAME: Final = ".settings.lock"

_TRIALS: Final = 5


def update_file(path: Path, environ: Mapping[str, str], change: Change, *, tolerant: bool = False) -> dict[str, object]:
    """Change values of the settings file, all or none, and return those that were written.

    ``change`` sees the file's contents while no other process can change them. A new file explains every setting.

    Args:
        environ: May hold the key that an open ``host`` requires.
        tolerant: Ignore problems that the file had before, so that several wrong lines can be corrected one by one.

    Raises:
        SettingsError: The file would be wrong. Nothing was changed.
        FolderError, DiskFullError: It cannot be written. Nothing was changed.
    """
    # Replace the target of a symbolic link, not the link: dotfiles are often kept elsewhere.
    target = Path(os.path.realpath(path))
    try:
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with FileLock(target.parent / LOCK_NAME):
            for _ in range(_TRIALS):
                with suppress(_EditedError):
                    return _update(path, target, environ, change, tolerant=tolerant)
            raise OSError(errno.EBUSY, "another program is changing it", str(target))
    except OSError as error:
        raise file_error("settings_unwritable", error, target, file=path.name) from error


class _EditedError(Exception):
    """An editor, which takes no lock, has written the file in the meantime."""


def _update(
    path: Path, target: Path, environ: Mapping[str, str], change: Change, *, tolerant: bool
) -> dict[str, object]:
    content = read_document(path)
    old = content.replace("\r\n", "\n")
    before = document_layer(old, path)  # raises an error if it is not TOML
    changes = change(before.values)
    new = _changed(old, changes)
    if new != old:
        problems_before = _problems(before, environ) if tolerant else {}
        # Lines of the new text are not on disk: name only lines that the user can see.
        kept = before.values.keys() - changes.keys()
        after = replace(
            document_layer(new, path),
            place=lambda name: before.place(name) if name in kept else msg("text", text=name),
        )
        for name, error in _problems(after, environ).items():
            if name not in problems_before:
                raise _refusal(list(changes), error)
        try:
            encoded = (new.replace("\n", "\r\n") if "\r\n" in content else new).encode()
        except UnicodeEncodeError as error:
            raise SettingsError(msg("setting_not_text", names=list(map(show_name, changes)))) from error
        _write(target, encoded, content)
    return {name: value for name, value in changes.items() if value is not None or _in_file(old, name)}


def _write(target: Path, new: bytes, before: str) -> None:
    """Write the file; raises ``_EditedError`` if its content is no longer ``before``."""
    if len(new) > MAX_FILE_BYTES:
        raise SettingsError(msg("settings_too_large", file=target.name, path=str(target)))
    if target.exists() and not os.access(target, os.W_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(target))

    def check() -> None:
        if read_document(target) != before:
            raise _EditedError

    write_atomic(target, new, mode=0o600, before_replace=check)


def _changed(document: str, changes: Mapping[str, object]) -> str:
    for name, value in changes.items():
        if value is not None:
            document = with_value(document or commented_defaults(), name, value)
        # A former setting with the same meaning would be in force again once this one is removed.
        for each in _in_file(document, name):
            if value is None or each != name:
                document = without(document, each)
    return document


def _in_file(document: str, name: str) -> list[str]:
    """Return the names under which a document has a setting: its own, and those of former ones."""
    return [each for each in (name, *predecessors(name)) if sets(document, each)]


def _problems(file: Layer, environ: Mapping[str, str]) -> dict[str | None, SettingsError]:
    """Return the problems of a settings file alone, by name; the environment may complete it but not spoil it."""
    _, problems = check(file)
    if not problems:
        environment = environment_layer(environ, LISTS)
        weaker = [] if check(environment)[1] else [environment]
        try:
            merge([*weaker, file])
        except ExceptionGroup as group:
            found = [error for error in group.exceptions if isinstance(error, SettingsError)]
            problems = [error for error in found if error.param in file.values]
    return {error.param: error for error in reversed(problems)}


def _refusal(names: list[str], error: SettingsError) -> SettingsError:
    message = msg("setting_not_changed", names=names, problem=error.message, remedy=error.message.params.get("remedy"))
    return SettingsError(message, param=error.param)
