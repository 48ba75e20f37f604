from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from preheat import paths

FOLDERS = {
    "config": paths.config_dir,
    "data": paths.data_dir,
    "cache": paths.cache_dir,
    "logs": paths.log_dir,
    "runtime": paths.runtime_dir,
}

linux_only = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="XDG is Linux's convention")


@pytest.mark.parametrize("name", FOLDERS)
def test_preheat_home_holds_everything(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PREHEAT_HOME", str(tmp_path))
    assert FOLDERS[name]() == tmp_path / name
    assert not (tmp_path / name).exists()


def test_files_are_in_their_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PREHEAT_HOME", str(tmp_path))
    assert paths.settings_path() == tmp_path / "config" / "settings.toml"
    assert paths.runtime_file() == tmp_path / "runtime" / "engine.json"
    assert paths.models_dir() == tmp_path / "data" / "models"


def test_a_relative_home_is_made_absolute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PREHEAT_HOME", "here")
    assert paths.data_dir() == tmp_path / "here" / "data"


def test_a_tilde_is_the_user_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    monkeypatch.setenv("PREHEAT_HOME", "~/p")
    assert paths.cache_dir() == tmp_path / "p" / "cache"


@linux_only
def test_without_home_the_conventions_hold(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _without_xdg(tmp_path, monkeypatch)
    assert paths.config_dir() == tmp_path / ".config" / "preheat"
    assert paths.data_dir() == tmp_path / ".local" / "share" / "preheat"
    assert paths.cache_dir() == tmp_path / ".cache" / "preheat"
    assert paths.log_dir() == tmp_path / ".cache" / "preheat" / "log"
    assert paths.runtime_dir() == tmp_path / ".cache" / "preheat" / "runtime"


@linux_only
def test_xdg_variables_are_honoured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _without_xdg(tmp_path, monkeypatch)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "c"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "x"))
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path / "run"))
    assert paths.config_dir() == tmp_path / "c" / "preheat"
    assert paths.log_dir() == tmp_path / "x" / "preheat" / "log"
    assert paths.runtime_dir() == tmp_path / "run" / "preheat"


@linux_only
@pytest.mark.parametrize("value", ["", "relative/folder"])
def test_empty_and_relative_xdg_variables_count_as_unset(
    value: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _without_xdg(tmp_path, monkeypatch)
    for variable in ("XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME", "XDG_RUNTIME_DIR"):
        monkeypatch.setenv(variable, value)
    assert paths.config_dir() == tmp_path / ".config" / "preheat"
    assert paths.data_dir() == tmp_path / ".local" / "share" / "preheat"
    assert paths.runtime_dir() == tmp_path / ".cache" / "preheat" / "runtime"


def test_an_empty_home_variable_counts_as_unset(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _without_xdg(tmp_path, monkeypatch)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PREHEAT_HOME", "")
    assert paths.config_dir() != tmp_path / "config"


@pytest.mark.parametrize("folder", ["resources", "engine/preheat/resources"])
def test_resources_are_found_in_source_tree_and_wheel(
    folder: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = tmp_path / folder / "icons" / "flame.svg"
    wanted.parent.mkdir(parents=True)
    wanted.touch()
    monkeypatch.setattr(paths, "__file__", str(tmp_path / "engine" / "preheat" / "paths.py"))
    assert paths.resource("icons/flame.svg") == wanted
    assert paths.resource("icons") == wanted.parent


def test_resources_of_a_bundle_go_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = tmp_path / "resources" / "only-here.txt"
    wanted.parent.mkdir()
    wanted.touch()
    monkeypatch.setattr(sys, "_MEIPASS", str(tmp_path), raising=False)
    assert paths.resource("only-here.txt") == wanted


def test_a_missing_resource_is_named() -> None:
    with pytest.raises(FileNotFoundError, match=r"no-such\.svg"):
        paths.resource("no-such.svg")


def test_importing_paths_is_cheap() -> None:
    # Every script that asks the running application starts with this import.
    code = "import sys, preheat.paths; sys.exit(bool({'pydantic', 'fastapi', 'numpy', 'typer'} & set(sys.modules)))"
    environment_path = str(Path(paths.__file__).parents[1])
    subprocess.run([sys.executable, "-c", code], check=True, env={"PYTHONPATH": environment_path})


def _without_xdg(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(home))
    for variable in ("PREHEAT_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME", "XDG_RUNTIME_DIR"):
        monkeypatch.delenv(variable, raising=False)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("/home/me/models", None),
        ("~/models", None),
        ("models", None),
        ("/a b/ü/漢字/" + os.fsdecode(b"latin-\xe9"), None),
        ("", "value_empty"),
        ("  ", "value_empty"),
        ("/a\0b", "path_control_character"),
        ("/a\nb", "path_control_character"),
        ("/a\x7f", "path_control_character"),
        ("/a\u2028b", "path_control_character"),
        ("/a\ud800", "path_not_text"),
        ("/" + "ü" * 128, "path_too_long"),
        ("/a" * 2048, "path_too_long"),
        ("~root/models", "path_other_home"),
        ("~nobody-here", "path_other_home"),
        (r"C:\models", "path_other_form"),
        ("c:/models", "path_other_form"),
        (r"\\server\share", "path_other_form"),
        ("//?/C:/models", "path_other_form"),
        ("file:///models", "path_other_form"),
        ("smb://server/share", "path_other_form"),
    ],
)
def test_texts_that_cannot_be_paths(text: str, problem: str | None) -> None:
    assert paths.path_problem(text) == problem


def test_folders_of_the_system(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for folder in (
        "/",
        "/etc",
        "/etc/preheat/models",
        "/usr/local/models",
        "/proc/self",
        "//etc",
        "/var/log/x",
        "/home",
        "/tmp",
    ):
        assert paths.is_system_folder(Path(folder)), folder
    for folder in ("/home/me", "/mnt/disk", "/models", "/run/media/me/disk", "/var/home/me/models", "/root/models"):
        assert not paths.is_system_folder(Path(folder)), folder
    assert not paths.is_system_folder(tmp_path)
    monkeypatch.setenv("PREHEAT_HOME", "/var/lib/preheat")
    assert not paths.is_system_folder(paths.models_dir())
