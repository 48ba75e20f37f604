"""How this copy of Preheat is installed: its own commands, its build, and the environment of other programs.

Standard library only: workers import it too.
"""

from __future__ import annotations

from preheat.installation.build import Build, build_info
from preheat.installation.commands import foreign_environment, is_bundle, module_command, own_command, tray_command

__all__ = [
    "Build",
    "build_info",
    "foreign_environment",
    "is_bundle",
    "module_command",
    "own_command",
    "tray_command",
]
