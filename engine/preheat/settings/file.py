"""Changes the user's settings file and leaves alone what it does not change: comments, order, blank lines.

What would make the file wrong is refused before anything is written, and a file that is no TOML is never overwritten.
A reader sees the old file or the new one, never half of either. Any thread, and several processes at once.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

from preheat import paths
from preheat.errors import SettingsError
from preheat.settings import LISTS, Settings
from preheat.settings.check import check, merge
from preheat.settings.document import commented_defaults, contains, with_value, without
from preheat.settings.layers import Layer, document_layer, environment_layer, read_document
from preheat.settings.names import keys_of, model_setting
from preheat.settings.texts import check_name, checked_value


def set_value(name: str, text: str, *, path: Path | None = None, environ: Mapping[str, str] | None = None) -> object:
    """Write a setting into the file, which is made if there is none.

    Args:
        text: The value as a variable or an option would have it.
        path: Instead of the user's settings file.
        environ: Instead of this process's environment, which may hold the key that an open ``host`` needs.

    Returns:
        The value as it now stands in the file.

    Raises:
        SettingsError: The name or value is wrong, or the file would be wrong or cannot be written. Nothing was changed.
    """
    return set_values({name: text}, path=path, environ=environ)[name]


def set_values(
    texts: Mapping[str, str], *, path: Path | None = None, environ: Mapping[str, str] | None = None
) -> dict[str, object]:
    """Write several settings, all or none; see ``set_value``.

    Raises:
        SettingsError: A name or value is wrong, or the file would be wrong or cannot be written. Nothing was changed.
    """
    values = {name: checked_value(name, text) for name, text in texts.items()}

    def change(document: str) -> str:
        for name, value in values.items():
            document = with_value(document or commented_defaults(), name, value)
        return document

    if values:
        _rewrite(change, tuple(values), path, environ, tolerant=False)
    return values


def set_model_values(
    model_id: str,
    texts: Mapping[str, str | None],
    *,
    path: Path | None = None,
    environ: Mapping[str, str] | None = None,
) -> dict[str, object]:
    """Write what one model has for itself, all or none.

    Args:
        texts: By the setting's own name, such as ``context_length``; None takes it out, so that the value for all
            models holds again. A model that has nothing left loses its section.

    Returns:
        The values as they now stand in the file, without those taken out.

    Raises:
        SettingsError: A name or value is wrong, or the file would be wrong or cannot be written. Nothing was changed.
    """
    named = {model_setting(model_id, name): text for name, text in texts.items()}
    for name in named:
        check_name(name)
    values = {name: checked_value(name, text) for name, text in named.items() if text is not None}

    def change(document: str) -> str:
        for name in named:
            if name in values:
                document = with_value(document or commented_defaults(), name, values[name])
            elif contains(document, name):
                document = without(document, name)
        return document

    if named:
        _rewrite(change, tuple(named), path, environ, tolerant=False)
    return {keys_of(name)[-1]: value for name, value in values.items()}


def unset(name: str, *, path: Path | None = None, environ: Mapping[str, str] | None = None) -> bool:
    """Take a setting out of the file, so that its default holds again; also a name that is no setting.

    Returns:
        Whether it was there.

    Raises:
        SettingsError: There is no such setting and the file has no such line, or the file would be wrong afterwards
            where it was right before, or cannot be written. Nothing was changed.
    """
    found = False

    def change(document: str) -> str:
        nonlocal found
        found = contains(document, name)
        return without(document, name) if found else document

    # A file with two wrong lines must be mendable one line at a time.
    _rewrite(change, (name,), path, environ, tolerant=True)
    if not found:
        check_name(name)
    return found


def _rewrite(
    change: Callable[[str], str],
    names: Collection[str],
    path: Path | None,
    environ: Mapping[str, str] | None,
    *,
    tolerant: bool,
) -> None:
    """Read the file, change its text, check the result, write it; alone among all processes.

    Args:
        tolerant: Let pass what was wrong before.
    """
    # Replace what a symlink points to, not the link: dotfiles are often kept elsewhere.
    given = path or paths.settings_path()
    target = Path(os.path.realpath(given))
    environ = os.environ if environ is None else environ
    try:
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with _only_writer(target.parent):
            content = read_document(given)
            old = content.replace("\r\n", "\n")
            before = document_layer(old, given)  # raises if it is no TOML
            new = change(old)
            if new == old:
                return
            # Nothing of the new file is on disk: name only lines that the user can see.
            after = replace(
                document_layer(new, given),
                place=lambda each: before.place(each) if each not in names and each in before.values else each,
            )
            wrong_before = {error.param for error in _problems(before, environ)} if tolerant else set()
            for error in _problems(after, environ):
                if error.param not in wrong_before:
                    changed = ", ".join(names)
                    raise SettingsError(
                        f"{changed} {'was' if len(names) == 1 else 'were'} not changed: {error.title}",
                        hint=error.hint,
                        param=error.param,
                    )
            _replace(target, (new.replace("\n", "\r\n") if "\r\n" in content else new).encode())
    except OSError as error:
        raise SettingsError(
            f"{given.name} cannot be written: {error.strerror}", hint=f"Check the permissions of {target}"
        ) from error


def _problems(file: Layer, environ: Mapping[str, str]) -> list[SettingsError]:
    """Return what is wrong with a settings file by itself; only what it lacks is looked up in the environment."""
    environment = environment_layer(environ, LISTS)
    _, problems = check(Settings, file)
    if problems:
        return problems
    # What is wrong in the environment is no reason not to write the file.
    weaker = [] if check(Settings, environment)[1] else [environment]
    try:
        merge(Settings, [*weaker, file])
    except ExceptionGroup as group:
        return [error for error in group.exceptions if isinstance(error, SettingsError) and error.param in file.values]
    return []


def _replace(target: Path, content: bytes) -> None:
    """Put ``content`` in the place of ``target`` at once, with the same mode; a new file is its owner's alone."""
    handle, temporary = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        with suppress(FileNotFoundError):
            Path(temporary).chmod(target.stat().st_mode & 0o7777)
        Path(temporary).replace(target)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
    if sys.platform != "win32":
        # Without this a power cut may bring the old file back.
        folder = os.open(target.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


if sys.platform == "win32":
    import msvcrt

    @contextmanager
    def _only_writer(folder: Path) -> Iterator[None]:
        """Wait until no other process or thread is changing the file, and keep the others waiting."""
        with (folder / ".settings.lock").open("wb") as file:
            msvcrt.locking(file.fileno(), msvcrt.LK_LOCK, 1)
            try:
                yield
            finally:
                file.seek(0)
                msvcrt.locking(file.fileno(), msvcrt.LK_UNLCK, 1)

else:
    import fcntl

    @contextmanager
    def _only_writer(folder: Path) -> Iterator[None]:
        """Wait until no other process or thread is changing the file, and keep the others waiting."""
        handle = os.open(folder, os.O_RDONLY)
        try:
            # Some network file systems have no locks; two writers at once are less likely than such a home.
            with suppress(OSError):
                fcntl.flock(handle, fcntl.LOCK_EX)
            yield
        finally:
            os.close(handle)
