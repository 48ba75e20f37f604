"""The wheel with llama.cpp's Vulkan library: built once, for the installed version."""

from __future__ import annotations

import io
import os
import tarfile
from pathlib import Path
from zipfile import ZipFile

import pytest

from setup import build_vulkan
from setup.build_llama import cache_folder
from setup.build_vulkan import FLAGS, ensure_wheel, install, wheel_folder
from setup_step import SetupError

VERSION = "1.2.3"

# A build backend that writes its flags into the "built" library.
BACKEND = """
import os, zipfile
def build_wheel(folder, config_settings=None, metadata_directory=None):
    if os.environ.get("BREAK_THE_BUILD"):
        raise RuntimeError("error: no member named LayerSettingEXT")
    name, info = "{module}-{version}-py3-none-any.whl", "{module}-{version}.dist-info"
    with zipfile.ZipFile(os.path.join(folder, name), "w") as wheel:
        wheel.writestr("llama_cpp/lib/libggml-vulkan.so", os.environ.get("CMAKE_ARGS", ""))
        wheel.writestr(info + "/METADATA", "Metadata-Version: 2.1\\nName: {module}\\nVersion: {version}\\n")
        wheel.writestr(info + "/WHEEL", "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
        wheel.writestr(info + "/RECORD", "")
    return name
"""
LLAMA_PROJECT = '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n'
PROJECT = (
    '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["ggml"]\n'
    '[project]\nname = "preheat-vulkan"\nversion = "@VERSION@"\n'
)


@pytest.fixture
def source(local_index: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A source distribution of llama-cpp-python, and a project of the library that builds immediately."""
    project = tmp_path / "project"
    project.mkdir()
    (project / "pyproject.toml.in").write_text(PROJECT)
    (project / "CMakeLists.txt").write_text("")
    monkeypatch.setattr(build_vulkan, "PROJECT", project)
    monkeypatch.setattr(build_vulkan, "cmake_options", lambda _cache, _environ: ["-DGLSLC=/a b/glslc"])
    path = local_index / f"llama_cpp_python-{VERSION}.tar.gz"
    files = {
        "PKG-INFO": f"Metadata-Version: 2.1\nName: llama-cpp-python\nVersion: {VERSION}\n",
        "pyproject.toml": LLAMA_PROJECT,
        "backend.py": BACKEND.format(module="llama_cpp_python", version=VERSION),
        "vendor/llama.cpp/CMakeLists.txt": "not ggml's",
        "vendor/llama.cpp/ggml/backend.py": BACKEND.format(module="preheat_vulkan", version=VERSION),
    }
    with tarfile.open(path, "w:gz") as archive:
        for name, text in files.items():
            entry = tarfile.TarInfo(f"llama_cpp_python-{VERSION}/{name}")
            entry.size = len(text)
            archive.addfile(entry, io.BytesIO(text.encode()))
    return path


@pytest.fixture
def environ(preheat_home: Path, tmp_path: Path, local_index: Path) -> dict[str, str]:
    """An environment with a compiler and its own cache."""
    commands = tmp_path / "bin"
    commands.mkdir()
    (commands / "c++").write_text("#!/bin/sh\n")
    (commands / "c++").chmod(0o755)
    kept = {name: value for name, value in os.environ.items() if name != "CXX"}
    return {**kept, "PATH": f"{commands}{os.pathsep}{os.environ['PATH']}", "CMAKE_ARGS": "-DGGML_CUDA=ON"}


def flags_in(wheel: Path) -> str:
    with ZipFile(wheel) as archive:
        return archive.read("llama_cpp/lib/libggml-vulkan.so").decode()


def test_the_wheel_is_built_once(source: Path, environ: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.platform", "linux")
    wheel = ensure_wheel(VERSION, environ)
    assert wheel.name == f"preheat_vulkan-{VERSION}-py3-none-any.whl"
    assert flags_in(wheel) == f"{FLAGS} '-DGLSLC=/a b/glslc'"
    source.unlink()  # building again would fail
    assert ensure_wheel(VERSION, environ) == wheel
    assert list(wheel.parent.iterdir()) == [wheel]
    assert wheel.parent.parent == cache_folder(environ)


def test_an_interrupted_build_goes_on(source: Path, environ: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.platform", "linux")
    with pytest.raises(SetupError, match="no member named LayerSettingEXT"):
        ensure_wheel(VERSION, {**environ, "BREAK_THE_BUILD": "1"})
    source.unlink()
    assert flags_in(ensure_wheel(VERSION, environ)).startswith(FLAGS)


def test_each_version_has_its_own_wheel() -> None:
    folders = {wheel_folder(version, {"PREHEAT_HOME": "/home"}) for version in ("1.2.3", "1.2.4")}
    assert {folder.name[: len("1.2.3-vulkan-")] for folder in folders} == {"1.2.3-vulkan-", "1.2.4-vulkan-"}


def test_macos_needs_none(preheat_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.platform", "darwin")
    with pytest.raises(SetupError, match="Metal is part of each build"):
        ensure_wheel(VERSION)


@pytest.fixture
def calls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """Arguments of pip, with a finished wheel for the installed llama-cpp-python."""
    made: list[list[str]] = []
    monkeypatch.setattr(build_vulkan, "pip", made.append)
    monkeypatch.setattr(build_vulkan, "ensure_wheel", lambda version, _environ: tmp_path / f"{version}.whl")
    monkeypatch.setattr(build_vulkan, "installed_version", lambda _distribution: VERSION)
    monkeypatch.setattr(build_vulkan, "installed_from", lambda _distribution: None)
    return made


def test_the_wheel_for_the_installed_version_is_installed_once(
    calls: list[list[str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install()
    wheel = tmp_path / f"{VERSION}.whl"
    assert calls == [["install", "--force-reinstall", "--no-deps", str(wheel)]]
    monkeypatch.setattr(build_vulkan, "installed_from", lambda _distribution: wheel.as_uri())
    install()
    assert len(calls) == 1


def test_without_llama_cpp_nothing_is_built(calls: list[list[str]], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(build_vulkan, "installed_version", lambda _distribution: None)
    with pytest.raises(SetupError, match="llama-cpp-python is not installed"):
        install()
    assert calls == []
