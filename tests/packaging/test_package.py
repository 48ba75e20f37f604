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


@pytest.mark.parametrize(
    ("system", "environ", "expected"),
    [
        ("linux", {}, True),
        ("win32", {}, False),
        ("win32", {"VULKAN_SDK": "C:/VulkanSDK"}, True),
        ("darwin", {"VULKAN_SDK": "/opt/vulkan"}, False),
    ],
)
def test_packages_have_the_library_for_vulkan(system: str, environ: dict[str, str], expected: bool) -> None:
    assert package.has_vulkan(system, environ) == expected
