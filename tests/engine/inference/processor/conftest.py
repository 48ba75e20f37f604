"""An installation of llama.cpp with libraries for several processors, which nothing can load."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture
def site(tmp_path: Path, preheat_home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A site-packages folder as llama-cpp-python's portable wheel leaves it, and an empty cache."""
    lib, binaries = tmp_path / "llama_cpp" / "lib", tmp_path / "bin"
    lib.mkdir(parents=True)
    binaries.mkdir()
    for name in ("libllama.so", "libllama.so.0", "libggml.so", "libggml-base.so", "libmtmd.so"):
        (lib / name).write_text(name)
    for variant in ("x64", "haswell", "zen4", "sapphirerapids"):
        (binaries / f"libggml-cpu-{variant}.so").write_text(variant)
    monkeypatch.setenv("LLAMA_CPP_LIB_PATH", str(lib))
    return tmp_path
