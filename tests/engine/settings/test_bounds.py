"""Settings that are too many, too long, or no text."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from preheat import paths
from preheat.errors import FolderError, SettingsError
from preheat.settings import FIELDS, SettingsStore, checked_value
from preheat.settings.check import check
from preheat.settings.layers import MAX_FILE_BYTES, current_folder, document_layer, parse_text


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PREHEAT_HOME", str(tmp_path))
    return tmp_path


def test_many_wrong_values_are_one_problem(tmp_path: Path) -> None:
    text = "".join(f"{name} = [[[]]]\n" for name in FIELDS if name != "models")
    values, problems = check(document_layer(text, tmp_path / "settings.toml"))
    assert values == {}
    assert len(problems) == 1


def test_a_model_with_half_a_character_in_its_name_has_no_settings() -> None:
    with pytest.raises(SettingsError):
        SettingsStore().set_model("a\udc80", {"context_length": "512"})
    assert not paths.settings_path().exists()


def test_a_file_never_becomes_too_large_to_read() -> None:
    paths.settings_path().parent.mkdir(parents=True)
    content = "#" * (MAX_FILE_BYTES - 8) + "\n"
    paths.settings_path().write_text(content)
    with pytest.raises(SettingsError) as caught:
        SettingsStore().set({"memory_limit": "8GiB"})
    assert caught.value.message.code == "settings_too_large"
    assert paths.settings_path().read_text() == content


def test_a_deleted_current_folder_is_the_root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "gone"
    folder.mkdir()
    monkeypatch.chdir(folder)
    folder.rmdir()
    assert current_folder() == Path(os.sep)


def test_a_text_that_no_setting_can_have_is_no_list() -> None:
    text = "a," * MAX_FILE_BYTES
    assert parse_text(text, is_list=True) == text


def test_a_path_is_checked_once_it_is_absolute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SettingsError):
        checked_value("models_dir", "a/" * 2047 + "a")

    def no_home(_: Path) -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr(Path, "expanduser", no_home)
    with pytest.raises(SettingsError):
        checked_value("models_dir", "~/models")


def test_a_protected_file_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    paths.settings_path().parent.mkdir(parents=True)
    paths.settings_path().write_text("# mine\n")
    monkeypatch.setattr(os, "access", lambda *_: False)  # root may write everywhere
    with pytest.raises(FolderError) as caught:
        SettingsStore().set({"memory_limit": "8GiB"})
    assert "Permission denied" in str(caught.value)
    assert paths.settings_path().read_text() == "# mine\n"
