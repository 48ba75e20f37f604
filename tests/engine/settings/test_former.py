"""Settings of earlier versions: no file, variable or option of theirs is wrong, and none loses what it said."""

from __future__ import annotations

from pathlib import Path

import pytest

from preheat.errors import SettingsError
from preheat.settings import Origin, Settings, SettingsStore, checked_value, find_problems, merge_settings

NOWHERE = Path("/nowhere/settings.toml")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "settings.toml"


def load(document: str, environ: dict[str, str] | None = None, overrides: dict[str, str] | None = None) -> Settings:
    return merge_settings(overrides or {}, environ or {}, NOWHERE, document).settings


@pytest.mark.parametrize(("top", "learned"), [(0, False), (1, True), (5, True)])
def test_a_number_of_learned_models_says_whether_there_are_any(top: int, learned: bool) -> None:
    assert load(f"preload_top = {top}").preload_learned is learned
    assert load("", {"PREHEAT_PRELOAD_TOP": str(top)}).preload_learned is learned
    assert load("", overrides={"preload-top": str(top)}).preload_learned is learned


def test_the_other_settings_of_an_old_file_stay_in_force(path: Path) -> None:
    path.write_text('preload_min_uses = 3\npreload_top = 0\nmemory_limit = "3GB"\npopularity_half_life = 7\n')
    assert find_problems({}, path) == ()
    settings = SettingsStore(environ={}, path=path).load()
    assert settings == Settings.model_validate(
        {"preload_learned": False, "memory_limit": "3GB", "popularity_half_life": 7.0}
    )


@pytest.mark.parametrize("value", ["'many'", "true", "[]", "2.5"])
def test_what_says_nothing_is_ignored(value: str) -> None:
    assert load(f"preload_top = {value}\npreload_min_uses = {value}\nport = 5") == Settings(port=5)


def test_the_setting_itself_goes_before_a_former_one() -> None:
    assert load("preload_top = 0\npreload_learned = true").preload_learned
    assert not load("preload_learned = true", {"PREHEAT_PRELOAD_TOP": "0"}).preload_learned
    assert merge_settings({}, {}, NOWHERE, "preload_top = 0").origins["preload_learned"] is Origin.FILE


def test_a_change_replaces_the_former_setting(path: Path) -> None:
    path.write_text("preload_top = 0  # mine\nport = 5\n")
    store = SettingsStore(environ={}, path=path)
    assert not store.load().preload_learned
    assert store.set({"preload_learned": "true"}).changed == ("preload_learned",)
    assert "preload_top" not in path.read_text()
    assert store.settings == Settings(port=5)


def test_a_reset_removes_the_former_setting(path: Path) -> None:
    path.write_text("preload_top = 0\nport = 5\n")
    store = SettingsStore(environ={}, path=path)
    store.load()
    assert store.unset("preload_learned").written == {"preload_learned": None}
    assert path.read_text() == "port = 5\n"
    assert store.settings == Settings(port=5)


def test_a_line_of_a_former_setting_can_be_removed(path: Path) -> None:
    path.write_text("preload_min_uses = 3\nport = 5\n")
    assert SettingsStore(environ={}, path=path).unset("preload_min_uses").written
    assert path.read_text() == "port = 5\n"


def test_what_overrides_the_file_is_named_as_it_was_given(path: Path) -> None:
    assert SettingsStore(environ={"PREHEAT_PRELOAD_TOP": "1"}, path=path).overridden() == {
        "preload_learned": "PREHEAT_PRELOAD_TOP"
    }
    store = SettingsStore({"preload_top": "1"}, environ={}, path=path)
    assert store.overriding_source("preload_learned") == "--set preload_top"


def test_a_former_setting_cannot_be_set_and_the_error_names_the_one_in_its_place() -> None:
    with pytest.raises(SettingsError) as caught:
        checked_value("preload_top", "3")
    assert str(caught.value.title) == "there is no setting preload_top; similar: preload_learned"
