"""The wheel of llama-cpp-python: its cache, its flags, and that it is built once."""

from __future__ import annotations

import contextlib
import io
import os
import tarfile
from pathlib import Path
from zipfile import ZipFile

import pytest

from preheat import paths
from setup import build_llama
from setup.build_llama import (
    PORTABLE_FLAGS,
    QUICK_FLAGS,
    build_flags,
    cache_folder,
    ensure_compiler,
    ensure_wheel,
    quick_build_runs,
    wanted_version,
    wheel_folder,
)
from setup_step import SetupError

# A build backend that writes its flags into the "built" wheel.
BACKEND = """
import os, zipfile
NAME = "llama_cpp_python-{version}-py3-none-any.whl"
INFO = "llama_cpp_python-{version}.dist-info"
def build_wheel(folder, config_settings=None, metadata_directory=None):
    if os.environ.get("BREAK_THE_BUILD"):
        raise RuntimeError("error: no such instruction")
    with zipfile.ZipFile(os.path.join(folder, NAME), "w") as wheel:
        wheel.writestr("llama_cpp/flags.txt", os.environ["CMAKE_ARGS"])
        wheel.writestr(INFO + "/METADATA", "Metadata-Version: 2.1\\nName: llama-cpp-python\\nVersion: {version}\\n")
        wheel.writestr(INFO + "/WHEEL", "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
        wheel.writestr(INFO + "/RECORD", "")
    return NAME
"""
PYPROJECT = '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n'


@pytest.fixture
def source(local_index: Path) -> Path:
    """A source distribution of llama-cpp-python in the required version that builds immediately."""
    version = wanted_version()
    path = local_index / f"llama_cpp_python-{version}.tar.gz"
    files = {
        "PKG-INFO": f"Metadata-Version: 2.1\nName: llama-cpp-python\nVersion: {version}\n",
        "pyproject.toml": PYPROJECT,
        "backend.py": BACKEND.format(version=version),
    }
    with tarfile.open(path, "w:gz") as archive:
        for name, text in files.items():
            entry = tarfile.TarInfo(f"llama_cpp_python-{version}/{name}")
            entry.size = len(text)
            archive.addfile(entry, io.BytesIO(text.encode()))
    return path


@pytest.fixture
def environ(preheat_home: Path, tmp_path: Path, local_index: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """An environment with a compiler and its own cache, without flags."""
    monkeypatch.setattr(build_llama, "quick_build_runs", lambda: True)
    commands = tmp_path / "bin"
    commands.mkdir()
    (commands / "c++").write_text("#!/bin/sh\n")
    (commands / "c++").chmod(0o755)
    kept = {name: value for name, value in os.environ.items() if name not in {"CMAKE_ARGS", "CXX"}}
    return {**kept, "PATH": f"{commands}{os.pathsep}{os.environ['PATH']}"}


def flags_in(wheel: Path) -> str:
    with ZipFile(wheel) as archive:
        return archive.read("llama_cpp/flags.txt").decode()


def test_the_wheel_is_built_once(source: Path, environ: dict[str, str]) -> None:
    wheel = ensure_wheel(environ)
    assert flags_in(wheel) == QUICK_FLAGS
    assert wheel.parent == wheel_folder(wanted_version(), environ)
    source.unlink()  # building again would fail
    assert ensure_wheel(environ) == wheel
    assert list(wheel.parent.iterdir()) == [wheel]


def test_other_flags_make_another_wheel(source: Path, environ: dict[str, str]) -> None:
    quick = wheel_folder(wanted_version(), environ)
    cuda = ensure_wheel({**environ, "CMAKE_ARGS": "-DGGML_CUDA=ON"})
    assert flags_in(cuda) == f"{QUICK_FLAGS} -DGGML_CUDA=ON"
    portable = ensure_wheel(environ, portable=True)
    assert flags_in(portable) == PORTABLE_FLAGS
    assert len({quick, cuda.parent, portable.parent}) == 3


def test_a_processor_without_avx2_gets_the_portable_build(
    source: Path, environ: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(build_llama, "quick_build_runs", lambda: False)
    folder = wheel_folder(wanted_version(), environ, portable=True)
    folder.mkdir(parents=True)
    wheel = folder / "llama_cpp_python-1-py3-none-any.whl"
    wheel.touch()
    assert ensure_wheel(environ) == wheel


@pytest.mark.parametrize(
    ("machine", "cpuinfo", "runs"),
    [
        ("x86_64", "flags\t\t: fpu sse4_2 avx avx2 bmi2 f16c fma", True),
        ("x86_64", "flags\t\t: fpu sse4_2 avx", False),
        ("x86_64", "processor\t: 0", True),
        ("x86_64", None, True),
        ("aarch64", "flags\t\t: fpu", True),
    ],
)
def test_the_quick_build_needs_avx2(
    machine: str, cpuinfo: str | None, runs: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("platform.machine", lambda: machine)
    path = tmp_path / "cpuinfo"
    if cpuinfo is not None:
        path.write_text(f"{cpuinfo}\n")
    assert quick_build_runs(path) == runs


def test_a_published_wheel_is_not_used(source: Path, environ: dict[str, str]) -> None:
    foreign = ensure_wheel({**environ, "CMAKE_ARGS": "-DGGML_NATIVE=ON"})
    foreign.rename(source.parent / foreign.name)
    assert flags_in(ensure_wheel(environ)) == QUICK_FLAGS


def test_a_failed_build_is_reported_and_leaves_no_wheel(source: Path, environ: dict[str, str]) -> None:
    with pytest.raises(SetupError, match="no such instruction"):
        ensure_wheel({**environ, "BREAK_THE_BUILD": "1"})
    assert list(cache_folder(environ).rglob("*.*")) == [wheel_folder(wanted_version(), environ)]
    assert flags_in(ensure_wheel(environ)) == QUICK_FLAGS


def test_without_a_compiler_nothing_is_built(
    source: Path, environ: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "empty").mkdir()
    monkeypatch.setattr(build_llama, "pip", _must_not_run)
    with pytest.raises(SetupError) as caught:
        ensure_wheel({**environ, "PATH": str(tmp_path / "empty")})
    assert "no C++ compiler was found (c++, g++, clang++)" in str(caught.value)
    assert "sudo apt install g++" in str(caught.value)


def test_a_compiler_named_by_the_user_must_exist(environ: dict[str, str]) -> None:
    with pytest.raises(SetupError, match="no-such-compiler"):
        ensure_compiler({**environ, "CXX": "no-such-compiler -m64"})
    ensure_compiler({**environ, "CXX": "c++ -m64"})


@pytest.mark.parametrize(("user_id", "started"), [(0, True), (1000, False)])
def test_a_missing_compiler_is_installed_with_apt_as_root(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, user_id: int, started: bool
) -> None:
    commands, log = tmp_path / "bin", tmp_path / "apt.log"
    commands.mkdir()
    (commands / "apt-get").write_text(f'#!/bin/sh\necho "$*" >>{log}\n')
    (commands / "apt-get").chmod(0o755)
    monkeypatch.setattr("os.geteuid", lambda: user_id)
    with contextlib.nullcontext() if started else pytest.raises(SetupError):
        ensure_compiler({"PATH": str(commands)})
    installed = ["update -qq", "install -y -qq --no-install-recommends g++ libc6-dev"]
    assert (log.read_text().splitlines() if log.exists() else []) == (installed if started else [])


def _must_not_run(*_arguments: object, **_keywords: object) -> None:
    pytest.fail("pip was started")


def test_the_version_is_the_oldest_allowed(tmp_path: Path) -> None:
    project = tmp_path / "pyproject.toml"
    project.write_text('[project]\ndependencies = ["numpy>=2.0", "llama-cpp-python>=1.2.3", "rich>=15"]\n')
    assert wanted_version(project) == "1.2.3"


@pytest.mark.parametrize(
    ("users", "expected"),
    [
        (None, QUICK_FLAGS),
        ("", QUICK_FLAGS),
        ("-DGGML_CUDA=ON", f"{QUICK_FLAGS} -DGGML_CUDA=ON"),
        ("-DGGML_NATIVE=ON", "-DLLAMA_OPENSSL=OFF -DGGML_NATIVE=ON"),  # cmake takes the last
    ],
)
def test_the_users_flags_come_last(users: str | None, expected: str) -> None:
    assert build_flags({} if users is None else {"CMAKE_ARGS": users}) == expected


def test_the_folder_name_depends_on_version_flags_and_system(monkeypatch: pytest.MonkeyPatch) -> None:
    def folder(version: str = "1.0", flags: str = "") -> Path:
        return wheel_folder(version, {"PREHEAT_HOME": "/home", "CMAKE_ARGS": flags})

    def on_system(platform_name: str) -> Path:
        monkeypatch.setattr("sysconfig.get_platform", lambda: platform_name)
        return folder()

    assert folder() == folder()
    assert folder().parent == Path("/home/cache/wheels")
    assert folder().name.startswith("1.0-")
    others = [
        folder(version="1.1"),
        folder(flags="-DGGML_CUDA=ON"),
        on_system("linux-aarch64"),
        on_system("linux-s390x"),
    ]
    assert len({folder(), *others[:3]}) == 4
    assert len(set(others)) == 4


@pytest.mark.parametrize(
    "variables",
    [
        {"PREHEAT_HOME": "/some/home"},
        {"PREHEAT_HOME": "~/some/home"},
        {"PREHEAT_HOME": "relative/home"},
        {"PREHEAT_HOME": ""},
        {"XDG_CACHE_HOME": "/some/cache"},
        {"XDG_CACHE_HOME": "relative/cache"},
        {"XDG_CACHE_HOME": ""},
        {},
    ],
)
def test_the_cache_folder_is_the_one_of_preheat(
    variables: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PREHEAT_HOME")
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert cache_folder(os.environ) == paths.cache_dir() / "wheels"
