from __future__ import annotations

import sys
from pathlib import Path

import pytest

from benchmarks import llama_server
from benchmarks.llama_server import BuildError, build_key, ensure_llama_server

FAKE_CMAKE = """#!/bin/sh
echo "$@" >> "{calls}"
[ "$1" = --build ] || exit 0
echo "compiling"
{build}
"""


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache with the source of version 1.2, and only the test's cmake."""
    monkeypatch.setattr(llama_server, "installed_version", lambda: "1.2")
    (tmp_path / "bin").mkdir()
    monkeypatch.setattr(sys, "executable", str(tmp_path / "bin" / "python"))
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    cache = tmp_path / "cache"
    source = cache / build_key("1.2") / "source" / "llama_cpp_python-1.2" / "vendor" / "llama.cpp"
    source.mkdir(parents=True)
    (source / "CMakeLists.txt").touch()
    return cache


def fake_cmake(cache: Path, build: str) -> Path:
    """Install a cmake that runs this line as its build step; return the file with its calls."""
    calls = cache.parent / "calls"
    script = cache.parent / "bin" / "cmake"
    script.write_text(FAKE_CMAKE.format(calls=calls, build=build))
    script.chmod(0o755)
    return calls


def test_a_build_is_made_once(cache: Path) -> None:
    calls = fake_cmake(cache, 'mkdir -p "$2/bin" && touch "$2/bin/llama-server"')
    binary = ensure_llama_server(cache)
    assert binary == cache / build_key("1.2") / "build" / "bin" / "llama-server"
    configure, build = calls.read_text().splitlines()
    assert "-DGGML_NATIVE=OFF" in configure
    assert "--target llama-server" in build
    assert ensure_llama_server(cache) == binary
    assert len(calls.read_text().splitlines()) == 2


def test_an_interrupted_build_continues(cache: Path) -> None:
    calls = fake_cmake(cache, 'mkdir -p "$2/bin" && touch "$2/bin/llama-server"; exit 1')
    for attempts in (1, 2):
        with pytest.raises(BuildError, match="compiling"):
            ensure_llama_server(cache)
        assert len(calls.read_text().splitlines()) == 2 * attempts


def test_a_build_without_its_program_is_an_error(cache: Path) -> None:
    fake_cmake(cache, "true")
    with pytest.raises(BuildError, match="ended without"):
        ensure_llama_server(cache)


def test_a_missing_cmake_is_reported_with_a_remedy(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(BuildError, match="make bench"):
        ensure_llama_server(cache)


def test_the_key_depends_on_version_and_flags() -> None:
    keys = {build_key("1.2"), build_key("1.3"), build_key("1.2", ["-DGGML_NATIVE=ON"])}
    assert len(keys) == 3
