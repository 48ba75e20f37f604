"""How this copy of Preheat is installed: its own commands, its build, and the environment of child processes.

Standard library only: workers import it too.
"""

from __future__ import annotations

from preheat.installation.build import Build, build_info
from preheat.installation.commands import (
    child_module,
    is_bundle,
    module_command,
    own_command,
    restore_environment,
    tray_command,
)
from preheat.installation.licences import Part, licence_text, parts_of, project_urls, section_of
from preheat.installation.processor import (
    missing_features,
    processor_features,
    processor_identity,
    processor_name,
    processor_problem,
)
from preheat.installation.upgrade import ending_grace, start_after_upgrade, upgrade_runs

__all__ = [
    "Build",
    "Part",
    "build_info",
    "child_module",
    "ending_grace",
    "is_bundle",
    "licence_text",
    "missing_features",
    "module_command",
    "own_command",
    "parts_of",
    "processor_features",
    "processor_identity",
    "processor_name",
    "processor_problem",
    "project_urls",
    "restore_environment",
    "section_of",
    "start_after_upgrade",
    "tray_command",
    "upgrade_runs",
]
