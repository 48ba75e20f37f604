"""A graphics card that the processor imitates: Mesa's llvmpipe, with 2 GiB of its own.

`make test-vulkan` builds llama.cpp's library for Vulkan and runs these tests; they are not part of `make test`.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.device_sizes import VARIABLES

SHADERS = Path.home() / ".cache"
"""Read before the environment changes. Compiling the shaders takes 20 s, finding them here 1 s."""


@pytest.fixture(scope="session", autouse=True)
def _software_device() -> Iterator[None]:
    """Let processes see the device."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in VARIABLES.items():
            patch.setenv(name, value)
        patch.setenv("MESA_SHADER_CACHE_DIR", str(SHADERS))
        yield
