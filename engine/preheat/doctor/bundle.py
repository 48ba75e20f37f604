"""The file of diagnostics: report, log, settings and models, without what identifies a person or gives access."""

from __future__ import annotations

import io
import json
import os
import time
import zipfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from preheat.doctor import identity
from preheat.doctor.context import preheats_memory
from preheat.doctor.log_extract import clean_log
from preheat.doctor.redaction import TEXT, Redactor
from preheat.doctor.report import CheckResult, Finding, Report
from preheat.doctor.settings_extract import clean_settings
from preheat.doctor.text import report_text
from preheat.errors import EngineError, InvalidRequestError, file_error, reason_of
from preheat.log import log_file, log_files
from preheat.messages import Message, Param, msg

_LOG_BYTES: Final = 3_000_000
_OLD_LOG_BYTES: Final = 1_000_000
"""Most that is taken of the end of a log file, in bytes: hiding takes a second for each megabyte."""

_VALUES: Final = frozenset({"value", "option", "similar"})
"""Parameters of messages that quote the settings file, or another source of settings."""

_NAMES: Final = frozenset({"name", "names", "variable"})
"""Parameters that name a setting, or an unknown name in place of one."""

_ABOUT_SETTINGS: Final = ("setting", "correct_", "doctor_favourites_missing")

README: Final = "README.txt"
_ABOUT: Final[Mapping[str, str]] = {
    README: "what this file contains",
    "report.txt": "the report of preheat doctor",
    "report.json": "the same for programs",
    "settings.toml": "values of the settings, without keys, names and comments",
    "models.json": "ids, sizes and kinds of the models, without their folders",
    "system.json": "facts about system and session",
}


def default_name() -> str:
    """Return a name for a file of diagnostics made now."""
    return f"preheat-diagnostics-{time.strftime('%Y%m%d-%H%M%S')}.zip"


def write_bundle(path: Path, report: Report, *, overwrite: bool = False) -> Mapping[str, str]:
    """Write the file, which only its owner may read. Returns what each part contains, by name. Blocks; any thread.

    Raises:
        InvalidRequestError: The file exists, and ``overwrite`` is not set.
        FolderError, DiskFullError: It cannot be written.
    """
    contents, about = _contents(report)
    packed = _packed(contents)
    temporary = path.with_name(f".{path.name}.{os.urandom(4).hex()}.tmp")
    try:
        if os.path.lexists(path) and not overwrite:
            raise InvalidRequestError(msg("doctor_file_exists", path=str(path)))
        # A new file in every case: an existing one may be readable by others.
        target = temporary if overwrite else path
        handle = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o600)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(packed)
            if overwrite:
                temporary.replace(path)
        except BaseException:  # Ctrl-C too: no half-written file is left
            target.unlink(missing_ok=True)
            raise
    except FileExistsError as error:
        raise InvalidRequestError(msg("doctor_file_exists", path=str(path))) from error
    except OSError as error:
        raise file_error("doctor_bundle_unwritable", error, path) from error
    return about


def _contents(report: Report) -> tuple[Mapping[str, str], Mapping[str, str]]:
    """Return the text of each part, and what each contains."""
    from preheat.control import encode

    hide = identity.redactor()
    cleaned = clean_report(report, hide)
    contents = {
        "report.txt": report_text(cleaned),
        "report.json": json.dumps(encode(cleaned), indent=1),
        "settings.toml": _or_reason(clean_settings, hide),
        "models.json": _or_reason(_models, hide),
        "system.json": _or_reason(_system, hide),
    }
    about = dict(_ABOUT)
    for log in _logs():
        name = f"log/{log.name}"
        contents[name] = _log(log, hide)
        about[name] = "the end of a log file, without texts of other programs and text in quotes"
    lines = [f"{name:20} {meaning}" for name, meaning in about.items()]
    contents[README] = "\n".join(["Diagnostics of Preheat. Look at the files before you send them.", "", *lines, ""])
    return contents, about


def _logs() -> list[Path]:
    try:
        return log_files()
    except EngineError:  # there is no home folder
        return []


def _packed(contents: Mapping[str, str]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in contents.items():
            entry = zipfile.ZipInfo(name, time.localtime()[:6])
            entry.external_attr = 0o600 << 16
            archive.writestr(entry, text.encode("utf-8", "replace"), zipfile.ZIP_DEFLATED)
    return buffer.getvalue()


def _or_reason(make: Any, hide: Redactor) -> str:
    """Return a part, or why it is missing: a broken file must not keep the others out of the bundle."""
    try:
        return str(make(hide))
    except (EngineError, OSError, ValueError) as error:
        return hide.words(f"not available: {error.title if isinstance(error, EngineError) else reason_of(error)}\n")


def clean_report(report: Report, hide: Redactor) -> Report:
    """Return the report without what is hidden, in its messages' parameters too. Pure."""
    checks = tuple(
        CheckResult(check.name, check.title, tuple(_clean_finding(each, hide) for each in check.findings))
        for check in report.checks
    )
    return replace(report, checks=checks)


def _clean_finding(finding: Finding, hide: Redactor) -> Finding:
    details = tuple(map(hide.words, finding.details))
    return Finding(finding.level, _clean_message(finding.title, hide), details)


def _clean_message(message: Message, hide: Redactor) -> Message:
    return Message(
        message.code, {name: _clean_param(message.code, name, each, hide) for name, each in message.params.items()}
    )


def _clean_param(code: str, name: str, value: Param, hide: Redactor) -> Param:
    if name in _VALUES or (name in _NAMES and code.startswith(_ABOUT_SETTINGS) and not _is_setting(value)):
        return TEXT if isinstance(value, str) else [TEXT]
    match value:
        case Message():
            return _clean_message(value, hide)
        case str():
            return hide.words(value)
        case list() | tuple():
            return [hide.words(str(item)) for item in value]
    return value


def _is_setting(name: object) -> bool:
    from preheat.settings import FIELDS

    return str(name).removeprefix("PREHEAT_").lower() in FIELDS


def _log(path: Path, hide: Redactor) -> str:
    from preheat.files import check_regular

    try:
        check_regular(path)
        with path.open("rb") as file:
            most = _LOG_BYTES if path == log_file() else _OLD_LOG_BYTES
            file.seek(max(path.stat().st_size - most, 0))
            text = file.read(most).decode("utf-8", "replace")
    except OSError as error:
        return hide.words(f"not available: {reason_of(error)}\n")
    return clean_log(text, hide)


def _models(hide: Redactor) -> str:
    from preheat.doctor.checks.models import look

    listing, _ = look()
    models = [
        {
            "id": hide(model.model_id),
            "source": model.source.value,
            "file_bytes": model.file_bytes,
            "architecture": hide(model.architecture),
            "quantization": hide(model.quantization),
            "parameters": model.parameters,
            "context_length": model.context_length,
            "abilities": [ability.value for ability in model.abilities],
            "files": len(model.all_files),
        }
        for model in listing.models
    ]
    return json.dumps(models, indent=1) + "\n"


def _system(hide: Redactor) -> str:
    import locale
    import platform
    import sys

    import psutil

    session = ("XDG_SESSION_TYPE", "XDG_CURRENT_DESKTOP", "LANG", "LC_ALL", "QT_QPA_PLATFORM", "QT_SCALE_FACTOR")
    facts = {
        "platform": platform.platform(),
        "machine": platform.machine(),
        "python": sys.version,
        "encoding": locale.getpreferredencoding(do_setlocale=False),
        "memory_bytes": psutil.virtual_memory().total,
        "usable_memory_bytes": preheats_memory().total_bytes,  # within the limits of control groups
        "processors": psutil.cpu_count(),
        "environment": {name: hide.words(os.environ[name]) for name in session if name in os.environ},
        "set": sorted(
            name for name in ("DISPLAY", "WAYLAND_DISPLAY", "CONTAINER", "SSH_CONNECTION") if name in os.environ
        ),
    }
    return json.dumps(
        {name: hide.words(value) if isinstance(value, str) else value for name, value in facts.items()}, indent=1
    )
