"""Libraries of devices that do not exist, made by the system's compiler."""

from __future__ import annotations

import importlib.util
import subprocess
from collections.abc import Callable
from enum import IntEnum
from pathlib import Path

import pytest

MakeLibrary = Callable[..., Path]
SOURCE = Path(__file__).with_name("fake_library.c")


class Fault(IntEnum):
    """What is wrong with a library."""

    NONE = 0
    CRASHES = 1
    HANGS = 2
    FOREIGN = 3
    NO_DEVICE = 4
    EXITS = 5


@pytest.fixture
def make_library(tmp_path: Path) -> MakeLibrary:
    """Make ``libggml-NAME.so`` with one device, of this name and the number 0."""
    spec = importlib.util.find_spec("llama_cpp")
    assert spec is not None
    assert spec.origin is not None
    headers = Path(spec.origin).parent.parent / "include"

    def make(name: str, fault: Fault = Fault.NONE) -> Path:
        path = tmp_path / f"libggml-{name}.so"
        flags = ["-shared", "-fPIC", f"-I{headers}", f'-DDEVICE="{name.capitalize()}0"', f"-DFAULT={int(fault)}"]
        subprocess.run(["cc", *flags, "-o", str(path), str(SOURCE)], check=True)
        return path

    return make
