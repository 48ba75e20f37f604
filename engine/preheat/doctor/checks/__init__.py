"""The checks, each a function that yields findings. They read and ask, but change nothing.

A check may block and may raise: ``run`` gives each a thread, a time limit, and a report of its failure.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final, NamedTuple

from preheat.doctor.checks.autostart import check_autostart
from preheat.doctor.checks.cache import check_cache
from preheat.doctor.checks.clock import check_clock
from preheat.doctor.checks.database import check_database
from preheat.doctor.checks.devices import check_devices
from preheat.doctor.checks.engine import check_engine
from preheat.doctor.checks.folders import check_folders
from preheat.doctor.checks.installation import check_installation, check_versions
from preheat.doctor.checks.log import check_log
from preheat.doctor.checks.memory import check_memory
from preheat.doctor.checks.models import check_models
from preheat.doctor.checks.port import check_port
from preheat.doctor.checks.private_files import check_private_files
from preheat.doctor.checks.processor import check_processor
from preheat.doctor.checks.prompts import check_prompts
from preheat.doctor.checks.service import check_service
from preheat.doctor.checks.settings import check_settings
from preheat.doctor.checks.tray import check_tray
from preheat.doctor.checks.updates import check_updates
from preheat.doctor.report import Finding


class Check(NamedTuple):
    """A check by its stable name, and its title for people."""

    name: str
    title: str
    look: Callable[[], Iterator[Finding]]


CHECKS: Final = (
    Check("versions", "Versions", check_versions),
    Check("installation", "Installation", check_installation),
    Check("processor", "Processor", check_processor),
    Check("devices", "Devices", check_devices),
    Check("memory", "Memory and limits", check_memory),
    Check("folders", "Folders", check_folders),
    Check("settings", "Settings", check_settings),
    Check("port", "Port", check_port),
    Check("engine", "Running Preheat", check_engine),
    Check("models", "Models", check_models),
    Check("database", "Usage history", check_database),
    Check("cache", "Cache and downloads", check_cache),
    Check("prompts", "Kept prompts", check_prompts),
    Check("private_files", "Keys and runtime files", check_private_files),
    Check("tray", "Tray", check_tray),
    Check("autostart", "Start at login", check_autostart),
    Check("service", "Background service", check_service),
    Check("updates", "Updates", check_updates),
    Check("log", "Log", check_log),
    Check("clock", "Clock", check_clock),
)
