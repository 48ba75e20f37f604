"""The checks of folders, settings, models and other files, in a real, broken state."""

from __future__ import annotations

import os
import sqlite3
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest

from preheat import paths
from preheat.doctor.report import Level
from preheat.inference.prefixes import Block, Limits, next_key, root_key, write_block, write_limits
from preheat.log import log_file
from preheat.settings import KeyStore, SettingsStore
from preheat.usage import FILE_NAME, RequestRecord, UsageLog
from tests.engine.doctor.single_checks import CHECK_FUNCTIONS, look, write, write_settings

pytestmark = pytest.mark.usefixtures("preheat_home")


def test_a_file_in_the_place_of_a_folder(preheat_home: Path) -> None:
    write(preheat_home / "data")
    finding = look("folders")["doctor_folder_no_folder"]
    assert finding.level is Level.BROKEN
    assert str(preheat_home / "data") in str(finding.title)


def test_a_folder_without_access(preheat_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    paths.data_dir().mkdir()
    paths.data_dir().chmod(0o500)
    real = os.access  # the tests may run as root, who has access to everything
    monkeypatch.setattr(os, "access", lambda path, mode: real(path, mode) and Path(path) != paths.data_dir())
    assert look("folders")["doctor_folder_no_access"].level is Level.BROKEN


@pytest.mark.skipif(sys.platform == "win32" or os.geteuid() != 0, reason="only root can give folders away")
def test_a_folder_of_another_user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A wrong HOME must not lead to advice to take over the system's files."""
    monkeypatch.delenv("PREHEAT_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setattr(os, "access", lambda _path, _mode: False)
    config = tmp_path / "my $config" / "preheat"
    config.mkdir(parents=True)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(config.parent))
    os.chown(config, 12345, 12345)
    assert (
        look("folders")["doctor_folder_of_other"].remedy
        == "Give it back: sudo chown -R \"$USER\" ~/'my $config/preheat'"
    )

    os.chown(tmp_path, 12345, 12345)
    found = look("folders")
    assert "doctor_folder_of_other" not in found
    assert "chown" not in found["doctor_folder_not_ours"].remedy


def test_what_others_can_read() -> None:
    KeyStore().create("laptop")
    paths.keys_file().chmod(0o644)
    write_settings('api_keys = ["abcdef"]').chmod(0o644)
    assert "chmod 600" in look("private_files")["doctor_file_open"].remedy
    assert look("settings")["doctor_settings_readable"].level is Level.TO_DO


@pytest.mark.parametrize("content", ["", "{}", '{"keys": [{"name": "x"}]}', '{"keys": 7}'])
def test_a_damaged_file_of_keys(content: str) -> None:
    write(paths.keys_file(), content)
    finding = look("private_files")["doctor_keys_unreadable"]
    assert (finding.level, finding.title.params["reason"]) == (Level.BROKEN, "it is damaged")


def test_a_runtime_folder_that_others_can_write() -> None:
    paths.runtime_dir().mkdir()
    paths.runtime_dir().chmod(0o777)
    assert look("private_files")["runtime_folder_unsafe"].level is Level.BROKEN


@pytest.mark.parametrize("kind", ["fifo", "folder", "link", "huge"])
def test_hostile_things_in_the_place_of_each_file(kind: str) -> None:
    files = [paths.settings_path(), paths.keys_file(), paths.runtime_file(), log_file(), paths.data_dir() / FILE_NAME]
    for path in files:
        path.parent.mkdir(parents=True, exist_ok=True)
        if kind == "fifo":
            os.mkfifo(path)
        elif kind == "folder":
            path.mkdir()
        elif kind == "link":
            path.symlink_to(path)
        else:
            with path.open("wb") as file:
                file.truncate(1 << 32)
    began = time.monotonic()
    for name in ("settings", "private_files", "engine", "log", "database", "models", "port", "memory"):
        levels = {finding.level for finding in look(name).values()}
        if name in ("settings", "database"):
            assert Level.BROKEN in levels, name
    assert time.monotonic() - began < 60


# -- settings --


def test_wrong_settings_are_listed_one_by_one() -> None:
    write_settings('theme = "purple"\nport = 99999999\nnothing = 1')
    found = [finding for finding in CHECK_FUNCTIONS["settings"]() if finding.level is Level.BROKEN]
    assert [finding.title.code for finding in found] == [
        "doctor_settings_ignored",
        "setting_invalid",
        "setting_invalid",
        "setting_unknown_at",
    ]
    assert "line 1" in str(found[1].title)


def test_the_last_good_settings_apply() -> None:
    SettingsStore().set({"port": "12345"})
    SettingsStore().load()
    write_settings("port = [")
    assert "doctor_settings_wrong" in look("settings")
    assert look("port")["doctor_port_free"].title.params["port"] == 12345


def test_variables_are_named_without_their_values(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PREHEAT_API_KEYS", "secretsecret")
    assert look("settings")["doctor_settings_default"].details == ("from the environment: PREHEAT_API_KEYS",)


# -- models, downloads and cache --


def test_models_by_source_and_what_is_wrong_with_the_others(embedding_model: Path) -> None:
    folder = paths.models_dir()
    folder.mkdir(parents=True)
    (folder / embedding_model.name).symlink_to(embedding_model)
    write(folder / "broken.gguf", "GGUF and nothing else")
    (folder / "gone.gguf").symlink_to("nowhere")
    write_settings('favourites = ["missing-model"]')
    found = look("models")
    assert found["doctor_models"].title.params["count"] == 1
    assert found["doctor_models"].details[0].startswith("preheat: 1")
    assert len(found["doctor_models_problems"].details) == 2
    assert found["doctor_favourites_missing"].title.params["names"] == ["missing-model"]
    assert not paths.cache_dir().exists()  # the look wrote nothing


def test_downloads_that_do_not_continue() -> None:
    part = write(paths.models_dir() / ".downloads" / "x" / "a.part", "x" * 1_000_000)
    assert look("cache")["doctor_downloads_open"].level is Level.GOOD
    old = time.time() - 30 * 86_400
    os.utime(part, (old, old))
    assert look("cache")["doctor_downloads_old"].level is Level.TO_DO


def test_the_size_of_the_cache() -> None:
    write(paths.cache_dir() / "wheels" / "one.whl", "x" * 1_500_000)
    assert look("cache")["doctor_cache"].details == ("wheels: 1.5 MB",)


# -- kept prompts --


def keep_a_prompt() -> Path:
    tier = paths.cache_dir() / "prefixes"
    tier.mkdir(parents=True)
    tier.chmod(0o700)
    write_limits(tier, Limits(10**9, daily_bytes=10**9))
    parent = root_key(b"a model")
    block = Block(b"a model", next_key(parent, (1,)), parent, 0, (1,))
    return write_block(tier / "chat", block, bytes(3_000_000))


def test_kept_prompts() -> None:
    assert set(look("prompts")) == {"doctor_prompts_none"}
    keep_a_prompt()
    found = look("prompts")
    assert found["doctor_prompts_limit"].title.params["size"] == "3.0 MB"
    assert found["doctor_prompts_limit"].title.params["limit"] == "1.0 GB"
    assert found["doctor_prompts_today"].title.params["written"] > 3_000_000  # type: ignore[operator]
    cache = look("cache")["doctor_cache"]
    assert (cache.title.params["size"], cache.details) == ("0 B", ()), "they have a limit of their own"
    write_settings('prefix_cache = "off"\n')
    assert set(look("prompts")) == {"doctor_prompts_off"}


def test_a_folder_of_prompts_that_cannot_be_used(monkeypatch: pytest.MonkeyPatch) -> None:
    folder, owner = paths.cache_dir() / "prefixes", os.geteuid()
    write(folder)
    assert set(look("prompts")) == {"doctor_prompts_no_folder"}
    folder.unlink()
    folder.mkdir()
    monkeypatch.setattr(os, "geteuid", lambda: owner + 1)
    assert set(look("prompts")) == {"doctor_prompts_not_ours"}


# -- database --


def record_usage() -> Path:
    log = UsageLog()
    log.record(RequestRecord("m", time.time(), "hit", 0.0, None, 1, 1, "client", 0.0))  # type: ignore[arg-type]
    assert log.write_pending()
    log.close()
    return paths.data_dir() / FILE_NAME


def test_a_whole_database_is_read_without_a_trace() -> None:
    path = record_usage()
    before = sorted((each.name, each.stat().st_mtime_ns) for each in path.parent.iterdir())
    assert look("database")["doctor_database"].title.params["requests"] == 1
    assert sorted((each.name, each.stat().st_mtime_ns) for each in path.parent.iterdir()) == before


def test_a_damaged_database() -> None:
    path = record_usage()
    content = bytearray(path.read_bytes())
    content[4096:] = os.urandom(len(content) - 4096)
    path.write_bytes(content)
    assert look("database")["doctor_database_damaged"].level is Level.BROKEN


def test_a_foreign_database_and_one_moved_aside() -> None:
    path = paths.data_dir() / FILE_NAME
    path.parent.mkdir(parents=True)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE other (x)")
    write(path.with_name(f"{FILE_NAME}.corrupt-20260101T000000Z"))
    found = look("database")
    assert found["doctor_database_damaged"].level is Level.BROKEN
    assert found["doctor_database_aside"].level is Level.TO_DO


# -- log and clock --


def test_internal_errors_in_the_log() -> None:
    line = (
        "2026-11-29T07:00:00+0000 ERROR   preheat.bugs: internal error deadbeef: encoding failed: ValueError at a:1\n"
    )
    write(log_file(), line)
    finding = look("log")["doctor_log_bugs"]
    assert (finding.level, "deadbeef" in finding.details[0]) == (Level.TO_DO, True)


def test_a_clock_that_was_set_back() -> None:
    ahead = time.time() + 86_400
    os.utime(write(log_file()), (ahead, ahead))
    assert look("clock")["doctor_clock_set_back"].level is Level.TO_DO


def test_a_clock_at_its_factory_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "time", lambda: 0.0)
    assert look("clock")["doctor_clock_past"].level is Level.BROKEN


# -- processor and devices --
