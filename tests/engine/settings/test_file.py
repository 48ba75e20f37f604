from __future__ import annotations

import os
import stat
import sys
import tomllib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from preheat.errors import SettingsError
from preheat.settings import FIELDS, Settings, load_settings
from preheat.settings.document import commented_defaults
from preheat.settings.file import set_value, unset

DOCUMENT = """\
# my settings
  port    =   8080   # the port

favourites = [
  "a",  # small
  "b",
]
# parallel = 4
'max_queue' = 3
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "config" / "settings.toml"


def write(path: Path, text: str) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(text.encode())


def test_the_first_value_makes_an_explained_file(path: Path) -> None:
    assert set_value("port", "8080", path=path, environ={}) == 8080
    text = path.read_text()
    assert text == commented_defaults().replace("# port = 11435", "port = 8080")
    for name, field in FIELDS.items():
        assert f"# {field.description}\n" in text
        assert f"\n# {name} = " in text or name == "port"
    assert load_settings(environ={}, path=path) == Settings(port=8080)
    if sys.platform != "win32":
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_every_commented_default_is_right_without_its_mark(path: Path) -> None:
    lines = commented_defaults().splitlines()
    names = tuple(f"# {name} = " for name in FIELDS)
    write(path, "\n".join(line[2:] if line.startswith(names) else line for line in lines))
    assert set(tomllib.loads(path.read_text())) == set(FIELDS)
    assert load_settings(environ={}, path=path) == Settings()


def test_what_is_not_changed_stays_as_it_was(path: Path) -> None:
    write(path, DOCUMENT)
    set_value("port", "9090", path=path, environ={})
    assert path.read_text() == DOCUMENT.replace("8080", "9090")
    set_value("parallel", "2", path=path, environ={})
    assert path.read_text() == DOCUMENT.replace("8080", "9090").replace("# parallel = 4", "parallel = 2")
    set_value("log_level", "debug", path=path, environ={})
    assert path.read_text().startswith(DOCUMENT.replace("8080", "9090").replace("# parallel = 4", "parallel = 2"))
    unset("log_level", path=path, environ={})
    assert path.read_text() == DOCUMENT.replace("8080", "9090").replace("# parallel = 4", "parallel = 2")


def test_windows_line_ends_stay(path: Path) -> None:
    write(path, DOCUMENT.replace("\n", "\r\n"))
    set_value("log_level", "debug", path=path, environ={})
    set_value("parallel", "2", path=path, environ={})
    content = path.read_bytes()
    assert content.count(b"\r\n") == content.count(b"\n") == DOCUMENT.count("\n") + 1
    assert content.startswith(DOCUMENT.replace("# parallel = 4", "parallel = 2").replace("\n", "\r\n").encode())


def test_a_file_without_a_last_line_end(path: Path) -> None:
    write(path, "port = 1")
    set_value("parallel", "2", path=path, environ={})
    assert tomllib.loads(path.read_text()) == {"port": 1, "parallel": 2}


def test_what_looks_like_a_commented_default_in_a_text_is_none(path: Path) -> None:
    write(path, 'favourites = ["""\n# port = 1\n"""]\n')
    set_value("port", "2", path=path, environ={})
    assert tomllib.loads(path.read_text()) == {"favourites": ["# port = 1\n"], "port": 2}


def test_unset_puts_the_commented_default_back(path: Path) -> None:
    set_value("port", "1", path=path, environ={})
    set_value("models_dirs", "/a,/b", path=path, environ={})
    assert unset("port", path=path, environ={})
    assert unset("models_dirs", path=path, environ={})
    assert path.read_text() == commented_defaults()
    assert not unset("port", path=path, environ={})


@pytest.mark.parametrize(
    ("name", "text", "written"),
    [
        ("memory_limit", "8 gib", "8GiB"),
        ("preload", "off", False),
        ("threads", "auto", "auto"),
        ("threads", "3", 3),
        ("gpu_layers", "-1", -1),
        ("load_timeout", "2.5", 2.5),
        ("load_timeout", "300", 300),
        ("favourites", "a, b", ["a", "b"]),
        ("favourites", "", []),
        ("favourites", 'a"b', ['a"b']),
        ("allowed_hosts", "MyBox", ["mybox"]),
        ("api_keys", '["a,b"]', ["a,b"]),
    ],
)
def test_values_are_written_in_their_types(name: str, text: str, written: object, path: Path) -> None:
    assert set_value(name, text, path=path, environ={}) == written
    assert tomllib.loads(path.read_text()) == {name: written}


def test_a_relative_folder_is_written_absolute(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    set_value("models_dirs", "models", path=path, environ={})
    assert tomllib.loads(path.read_text()) == {"models_dirs": [str(tmp_path / "models")]}


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20), max_size=4))
@hypothesis_settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30, deadline=None)
def test_any_name_survives_being_written(path: Path, names: list[str]) -> None:
    items = ", ".join('"' + "".join(f"\\U{ord(letter):08x}" for letter in name) + '"' for name in names)
    set_value("favourites", f"[{items}]", path=path, environ={})
    assert load_settings(environ={}, path=path).favourites == tuple(names)


# Refusals


@pytest.mark.parametrize(
    ("name", "text", "title"),
    [
        ("port", "99999", 'port cannot be "99999"; allowed: a whole number from 0 to 65535'),
        ("prot", "1", "there is no setting prot; near: port"),
        ("memory_limit", "8GG", "memory_limit cannot be \"8GG\" (the unit 'GG' is unknown)"),
    ],
)
def test_a_bad_value_never_lands(name: str, text: str, title: str, path: Path) -> None:
    write(path, DOCUMENT)
    with pytest.raises(SettingsError) as caught:
        set_value(name, text, path=path, environ={})
    assert caught.value.title.startswith(title)
    assert path.read_text() == DOCUMENT


def test_a_bad_value_makes_no_file(path: Path) -> None:
    with pytest.raises(SettingsError):
        set_value("port", "x", path=path, environ={})
    assert not path.exists()


@pytest.mark.parametrize("broken", ["port = ", "port = 1\nport = 2\n", "\0"])
def test_a_broken_file_is_never_overwritten(broken: str, path: Path) -> None:
    write(path, broken)
    with pytest.raises(SettingsError, match=r"settings\.toml line "):
        set_value("parallel", "2", path=path, environ={})
    with pytest.raises(SettingsError, match=r"settings\.toml line "):
        unset("port", path=path, environ={})
    assert path.read_bytes() == broken.encode()


def test_another_wrong_line_is_named_and_nothing_written(path: Path) -> None:
    write(path, "parallel = 0\n")
    with pytest.raises(SettingsError) as caught:
        set_value("port", "1", path=path, environ={})
    assert caught.value.title.startswith("port was not changed: settings.toml line 1: parallel cannot be 0")
    assert path.read_text() == "parallel = 0\n"


def test_wrong_lines_can_be_mended_one_at_a_time(path: Path) -> None:
    write(path, "parallel = 0\nprot = 1\n[server]\nport = 1\n")
    assert unset("prot", path=path, environ={})
    assert unset("server", path=path, environ={})
    assert unset("parallel", path=path, environ={})
    assert tomllib.loads(path.read_text()) == {}


def test_an_unknown_name_that_is_not_there_is_an_error(path: Path) -> None:
    with pytest.raises(SettingsError, match="there is no setting prot; near: port"):
        unset("prot", path=path, environ={})
    assert not path.exists()


def test_an_open_host_needs_a_key_from_file_or_environment(path: Path) -> None:
    with pytest.raises(SettingsError) as caught:
        set_value("host", "0.0.0.0", path=path, environ={})
    # It names no line: nothing of this is on disk.
    assert caught.value.title.startswith('host was not changed: host cannot be "0.0.0.0"')
    assert not path.exists()
    set_value("host", "0.0.0.0", path=path, environ={"PREHEAT_API_KEYS": "k"})
    set_value("api_keys", "k", path=path, environ={})
    with pytest.raises(SettingsError, match=r"api_keys was not changed: settings\.toml line \d+: host cannot be"):
        unset("api_keys", path=path, environ={})
    assert unset("host", path=path, environ={})
    assert unset("api_keys", path=path, environ={})


def test_a_wrong_environment_does_not_keep_the_file_from_being_written(path: Path) -> None:
    set_value("port", "1", path=path, environ={"PREHEAT_PORT": "x", "PREHEAT_HOST": "0.0.0.0"})
    assert tomllib.loads(path.read_text()) == {"port": 1}


# Writing


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has neither these modes nor links for everybody")
def test_mode_and_symlink_stay(path: Path, tmp_path: Path) -> None:
    real = tmp_path / "dotfiles" / "preheat.toml"
    real.parent.mkdir()
    real.write_text("port = 1\n")
    real.chmod(0o640)
    path.parent.mkdir()
    path.symlink_to(real)
    set_value("port", "2", path=path, environ={})
    assert path.is_symlink()
    assert real.read_text() == "port = 2\n"
    assert stat.S_IMODE(real.stat().st_mode) == 0o640


def test_a_failed_write_leaves_the_old_file(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(path, DOCUMENT)

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(SettingsError, match=r"settings\.toml cannot be written: No space left on device"):
        set_value("port", "1", path=path, environ={})
    assert path.read_text() == DOCUMENT
    assert [entry.name for entry in path.parent.iterdir()] == ["settings.toml"]


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "config").write_text("a file")
    with pytest.raises(SettingsError, match="cannot be written") as caught:
        set_value("port", "1", path=tmp_path / "config" / "settings.toml", environ={})
    assert str(tmp_path) in caught.value.hint


def test_the_same_value_is_not_written_again(path: Path) -> None:
    write(path, "port = 1\n")
    before = path.stat().st_ino
    set_value("port", "1", path=path, environ={})
    assert path.stat().st_ino == before


def test_writers_at_once_lose_nothing_and_readers_see_whole_files(path: Path) -> None:
    names = ["port", "parallel", "max_queue", "threads", "gpu_layers", "embedding_cache", "load_timeout"]
    done, seen = Event(), list[dict[str, Any]]()
    write(path, "log_level = 'debug'\n")

    def write_often(name: str) -> None:
        for value in range(1, 11):
            set_value(name, str(value), path=path, environ={})

    def read_often() -> None:
        while not done.is_set():
            seen.append(tomllib.loads(path.read_text()))

    with ThreadPoolExecutor(len(names) + 1) as pool:
        reader = pool.submit(read_often)
        writers = [pool.submit(write_often, name) for name in names]
        try:
            for writer in writers:
                writer.result()
        finally:
            done.set()
        reader.result()
    assert tomllib.loads(path.read_text()) == {"log_level": "debug"} | dict.fromkeys(names, 10)
    assert all(document["log_level"] == "debug" for document in seen)
