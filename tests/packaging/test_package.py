"""What ``make package`` builds on each system."""

from __future__ import annotations

from pathlib import Path

import pytest

import package


@pytest.mark.parametrize("system", ["linux", "win32", "darwin"])
def test_the_scripts_of_each_system_exist(system: str) -> None:
    scripts = [command[0] for command in package.commands(system, Path("dist/preheat"), Path("dist"))]
    assert scripts
    assert all((package.PACKAGING / script).is_file() for script in scripts)
