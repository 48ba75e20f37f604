"""The settings file, the variables that override it, and the last good copy."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator

from preheat import paths
from preheat.doctor.context import settings_in_force, short
from preheat.doctor.report import Finding, Level, broken, good, to_do


def check_settings() -> Iterator[Finding]:
    """Check all sources of settings."""
    from preheat.settings import LAST_GOOD, find_problems, merge_settings

    path, problems = paths.settings_path(), find_problems()
    overrides = _variables()
    details = [f"from the environment: {', '.join(overrides)}"] if overrides else []
    if not problems:
        merged = merge_settings()
        changed = [name for name, origin in merged.origins.items() if origin.value == "file"]
        details = [*([f"set in the file: {', '.join(changed)}"] if changed else []), *details]
        exists = os.path.exists(path)  # noqa: PTH110 - Path.exists raises for some errors
        yield good("doctor_settings" if exists else "doctor_settings_default", path=short(path), details=details)
        if exists:
            yield from _mode()
        return
    last_good = paths.data_dir() / LAST_GOOD
    kept = os.path.isfile(last_good)  # noqa: PTH113 - likewise
    yield broken("doctor_settings_wrong" if kept else "doctor_settings_ignored", path=short(path), details=details)
    yield from (Finding(Level.BROKEN, problem.message) for problem in problems)


def _variables() -> list[str]:
    """Return the variables that override settings, by name; never their values."""
    from preheat.settings import FIELDS, variable_of

    return sorted(variable for variable in map(variable_of, FIELDS) if variable in os.environ)


def _mode() -> Iterator[Finding]:
    """Check that others cannot read a file with API keys."""
    path = paths.settings_path()
    if os.name == "posix" and settings_in_force().api_keys:
        mode = path.stat().st_mode
        if mode & (stat.S_IRGRP | stat.S_IROTH):
            yield to_do("doctor_settings_readable", path=short(path))
