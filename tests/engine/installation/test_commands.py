"""The commands of a source tree and of a bundle, and the environment of child processes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import preheat
from preheat.installation import child_module, module_command, own_command, restore_environment, tray_command
from preheat.installation.commands import CHILD_OPTIONS


@pytest.fixture
def bundle(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Let this process look like a bundle's tray."""
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    monkeypatch.setattr(sys, "executable", str(tmp_path / "preheat-tray"))
    return tmp_path


def test_a_source_tree_runs_modules_with_the_interpreter() -> None:
    assert own_command("serve") == [sys.executable, "-P", "-m", "preheat", "serve"]
    assert tray_command("--login") == [sys.executable, "-P", "-m", "preheat", "tray", "--login"]
    assert module_command("preheat.inference.worker") == [sys.executable, "-P", "-m", "preheat.inference.worker"]


def test_modules_in_the_current_folder_are_not_imported(tmp_path: Path) -> None:
    (tmp_path / "preheat.py").write_text("print('hostile')")
    (tmp_path / "json.py").write_text("print('hostile')")

    done = subprocess.run(own_command("version"), cwd=tmp_path, capture_output=True, text=True, check=True)

    assert "hostile" not in done.stdout


def test_the_tray_of_a_bundle_starts_processes_with_the_other_executable(bundle: Path) -> None:
    assert own_command("serve") == [str(bundle / "preheat"), "serve"]
    assert module_command("preheat.inference.worker", "1") == [str(bundle / "preheat"), "--worker", "1"]
    assert tray_command("--login") == [str(bundle / "preheat-tray"), "--login"]


def test_executables_keep_the_suffix_of_windows(bundle: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", str(bundle / "preheat-tray.exe"))
    assert own_command() == [str(bundle / "preheat.exe")]


def test_a_bundle_can_start_each_module_that_runs_as_a_process() -> None:
    """One that is missing would work from source, and fail only in a bundle."""
    source = Path(preheat.__file__).parent
    programs = {
        ".".join(("preheat", *path.relative_to(source).with_suffix("").parts)).removesuffix(".__main__")
        for path in source.rglob("*.py")
        if '__name__ == "__main__"' in path.read_text(encoding="utf-8")
    }
    assert programs - {"preheat"} == set(CHILD_OPTIONS)


@pytest.mark.usefixtures("bundle")
def test_children_get_the_environment_from_before_the_loader() -> None:
    environ = {"LD_LIBRARY_PATH": "/bundle", "LD_LIBRARY_PATH_ORIG": "/users", "_PYI_ARCHIVE_FILE": "x", "HOME": "/h"}
    restore_environment(environ)
    assert environ == {"LD_LIBRARY_PATH": "/users", "HOME": "/h"}
    environ = {"LD_LIBRARY_PATH": "/bundle"}
    restore_environment(environ)
    assert environ == {}


def test_a_source_tree_keeps_the_environment() -> None:
    environ = {"LD_LIBRARY_PATH": "/users"}
    restore_environment(environ)
    assert environ == {"LD_LIBRARY_PATH": "/users"}


def test_child_processes_are_known_by_their_first_argument() -> None:
    assert child_module(["preheat", "--renderer", "1"]) == "preheat.inference.worker.chat.renderer"
    assert child_module(["preheat", "serve", "--worker"]) is None
    assert child_module(["preheat"]) is None
