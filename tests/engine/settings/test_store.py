"""The settings file: what is written, what is refused, and who is notified."""

from __future__ import annotations

import errno
import os
import stat
import subprocess
import sys
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import Queue
from threading import Event
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from preheat import paths
from preheat.errors import DiskFullError, EngineError, FolderError, SettingsError
from preheat.settings import FIELDS, Settings, SettingsChange, SettingsStore, load_settings
from preheat.settings.document import commented_defaults
from tests.engine.settings.writing import set_value, unset

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
    assert set_value("port", "8080", path) == 8080
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
    set_value("port", "9090", path)
    assert path.read_text() == DOCUMENT.replace("8080", "9090")
    set_value("parallel", "2", path)
    assert path.read_text() == DOCUMENT.replace("8080", "9090").replace("# parallel = 4", "parallel = 2")
    set_value("log_level", "debug", path)
    assert path.read_text().startswith(DOCUMENT.replace("8080", "9090").replace("# parallel = 4", "parallel = 2"))
    unset("log_level", path)
    assert path.read_text() == DOCUMENT.replace("8080", "9090").replace("# parallel = 4", "parallel = 2")


def test_windows_line_ends_stay(path: Path) -> None:
    write(path, DOCUMENT.replace("\n", "\r\n"))
    set_value("log_level", "debug", path)
    set_value("parallel", "2", path)
    content = path.read_bytes()
    assert content.count(b"\r\n") == content.count(b"\n") == DOCUMENT.count("\n") + 1
    assert content.startswith(DOCUMENT.replace("# parallel = 4", "parallel = 2").replace("\n", "\r\n").encode())


def test_a_file_without_a_last_line_end(path: Path) -> None:
    write(path, "port = 1")
    set_value("parallel", "2", path)
    assert tomllib.loads(path.read_text()) == {"port": 1, "parallel": 2}


def test_what_looks_like_a_commented_default_in_a_text_is_none(path: Path) -> None:
    write(path, 'favourites = ["""\n# port = 1\n"""]\n')
    set_value("port", "2", path)
    assert tomllib.loads(path.read_text()) == {"favourites": ["# port = 1\n"], "port": 2}


def test_unset_puts_the_commented_default_back(path: Path) -> None:
    set_value("port", "1", path)
    set_value("models_dirs", "/a,/b", path)
    assert unset("port", path)
    assert unset("models_dirs", path)
    assert path.read_text() == commented_defaults()
    assert not unset("port", path)


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
    assert set_value(name, text, path) == written
    assert tomllib.loads(path.read_text()) == {name: written}


def test_a_relative_folder_is_written_absolute(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    set_value("models_dirs", "models", path)
    assert tomllib.loads(path.read_text()) == {"models_dirs": [str(tmp_path / "models")]}


@given(
    st.lists(
        st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=20), max_size=4
    )
)
@hypothesis_settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], max_examples=30, deadline=None
)
def test_any_name_survives_being_written(path: Path, names: list[str]) -> None:
    items = ", ".join('"' + "".join(f"\\U{ord(letter):08x}" for letter in name) + '"' for name in names)
    set_value("favourites", f"[{items}]", path)
    assert load_settings(environ={}, path=path).favourites == tuple(names)


# Refusals


@pytest.mark.parametrize(
    ("name", "text", "title"),
    [
        ("port", "99999", 'port cannot be "99999"; allowed: a whole number from 0 to 65535'),
        ("prot", "1", "there is no setting prot; similar: port"),
        ("memory_limit", "8GG", "memory_limit cannot be \"8GG\" (the unit 'GG' is unknown)"),
    ],
)
def test_a_bad_value_never_lands(name: str, text: str, title: str, path: Path) -> None:
    write(path, DOCUMENT)
    with pytest.raises(SettingsError) as caught:
        set_value(name, text, path)
    assert caught.value.title.startswith(title)
    assert path.read_text() == DOCUMENT


def test_a_bad_value_makes_no_file(path: Path) -> None:
    with pytest.raises(SettingsError):
        set_value("port", "x", path)
    assert not path.exists()


@pytest.mark.parametrize("broken", ["port = ", "port = 1\nport = 2\n", "\0"])
def test_a_broken_file_is_never_overwritten(broken: str, path: Path) -> None:
    write(path, broken)
    with pytest.raises(SettingsError, match=r"settings\.toml line "):
        set_value("parallel", "2", path)
    with pytest.raises(SettingsError, match=r"settings\.toml line "):
        unset("port", path)
    assert path.read_bytes() == broken.encode()


def test_another_wrong_line_is_named_and_nothing_written(path: Path) -> None:
    write(path, "parallel = 0\n")
    with pytest.raises(SettingsError) as caught:
        set_value("port", "1", path)
    assert caught.value.title.startswith("port not changed: settings.toml line 1: parallel cannot be 0")
    assert path.read_text() == "parallel = 0\n"


def test_wrong_lines_can_be_mended_one_at_a_time(path: Path) -> None:
    write(path, "parallel = 0\nprot = 1\n[server]\nport = 1\n")
    assert unset("prot", path)
    assert unset("server", path)
    assert unset("parallel", path)
    assert tomllib.loads(path.read_text()) == {}


def test_an_unknown_name_that_is_not_there_is_an_error(path: Path) -> None:
    with pytest.raises(SettingsError, match="there is no setting prot; similar: port"):
        unset("prot", path)
    assert not path.exists()


def test_an_open_host_needs_a_key_from_file_or_environment(path: Path) -> None:
    with pytest.raises(SettingsError) as caught:
        set_value("host", "0.0.0.0", path)
    # It names no line: nothing of this is on disk.
    assert caught.value.title.startswith('host not changed: host cannot be "0.0.0.0"')
    assert not path.exists()
    set_value("host", "0.0.0.0", path, {"PREHEAT_API_KEYS": "k"})
    set_value("api_keys", "k", path)
    with pytest.raises(SettingsError, match=r"api_keys not changed: settings\.toml line \d+: host cannot be"):
        unset("api_keys", path)
    assert unset("host", path)
    assert unset("api_keys", path)


def test_a_wrong_environment_does_not_keep_the_file_from_being_written(path: Path) -> None:
    set_value("port", "1", path, {"PREHEAT_PORT": "x", "PREHEAT_HOST": "0.0.0.0"})
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
    set_value("port", "2", path)
    assert path.is_symlink()
    assert real.read_text() == "port = 2\n"
    assert stat.S_IMODE(real.stat().st_mode) == 0o640


@pytest.mark.parametrize(
    ("number", "kind", "remedy"),
    [
        (errno.ENOSPC, DiskFullError, "Free some space"),
        (errno.EDQUOT, DiskFullError, "Free some space"),
        (errno.EROFS, FolderError, "is read-only"),
        (errno.EACCES, FolderError, "the permissions of"),
        (errno.EIO, FolderError, "Check the disk"),
    ],
)
def test_a_failed_write_leaves_the_old_file(
    path: Path, monkeypatch: pytest.MonkeyPatch, number: int, kind: type[EngineError], remedy: str
) -> None:
    write(path, DOCUMENT)

    def fail(_: int) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(kind, match=rf"settings\.toml cannot be written: {os.strerror(number)}") as caught:
        set_value("port", "1", path)
    assert remedy in caught.value.hint
    assert str(path) in caught.value.hint
    assert path.read_text() == DOCUMENT
    assert not list(path.parent.glob("*.tmp"))


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "config").write_text("a file")
    with pytest.raises(FolderError, match="cannot be written") as caught:
        set_value("port", "1", tmp_path / "config" / "settings.toml")
    assert str(tmp_path) in caught.value.hint


def test_a_change_by_an_editor_in_the_meantime_is_kept(path: Path) -> None:
    write(path, "port = 1\n")
    store, edits = SettingsStore(path=path, environ={}), iter(["port = 2\n", "port = 3\nparallel = 2\n"])

    def change(values: Mapping[str, object]) -> Mapping[str, object]:
        text = next(edits, None)
        if text is not None:
            path.write_text(text)  # without the lock
        return {"max_queue": 7, "favourites": [str(values["port"])]}

    store.update(change)
    assert tomllib.loads(path.read_text()) == {"port": 3, "parallel": 2, "max_queue": 7, "favourites": ["3"]}


def test_a_file_that_never_rests_is_left_alone(path: Path) -> None:
    write(path, "port = 1\n")
    store = SettingsStore(path=path, environ={})

    def change(values: Mapping[str, object]) -> Mapping[str, object]:
        path.write_text(f"port = {int(str(values['port'])) + 1}\n")
        return {"max_queue": 7}

    with pytest.raises(FolderError, match="another program is changing it"):
        store.update(change)
    assert "max_queue" not in path.read_text()


def test_a_file_never_becomes_larger_than_what_can_be_read(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("preheat.settings.file.MAX_FILE_BYTES", 30)
    write(path, "# a comment of some length\n")
    with pytest.raises(SettingsError, match="would become too large"):
        set_value("port", "8080", path)
    assert path.read_text() == "# a comment of some length\n"


def test_the_same_value_is_not_written_again(path: Path) -> None:
    write(path, "port = 1\n")
    before = path.stat().st_ino
    set_value("port", "1", path)
    assert path.stat().st_ino == before


def test_writers_at_once_lose_nothing_and_readers_see_whole_files(path: Path) -> None:
    names = ["port", "parallel", "max_queue", "threads", "gpu_layers", "embedding_cache", "load_timeout"]
    done, seen = Event(), list[dict[str, Any]]()
    write(path, "log_level = 'debug'\n")

    def write_often(name: str) -> None:
        for value in range(1, 11):
            set_value(name, str(value), path)

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


TOGGLE = """
import sys
from preheat.settings import SettingsStore

store = SettingsStore()
print("ready", flush=True)
sys.stdin.readline()
for number in range(int(sys.argv[1]), int(sys.argv[2])):
    store.update_favourites(lambda names: [*(names or []), f"model-{number}"])
"""


def test_favourites_added_at_once_by_threads_and_processes_are_all_kept(preheat_home: Path) -> None:
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", TOGGLE, str(first), str(first + 10)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for first in (0, 10)
    ]
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    store = SettingsStore()

    def add(number: int) -> None:
        store.update_favourites(lambda names: [*(names or []), f"model-{number}"])

    with ThreadPoolExecutor(8) as pool:
        for process in processes:
            assert process.stdin is not None
            process.stdin.write("go\n")
            process.stdin.flush()
        list(pool.map(add, range(20, 40)))
    for process in processes:
        process.communicate()
        assert process.returncode == 0
    assert sorted(store.load().favourites or ()) == sorted(f"model-{number}" for number in range(40))


def test_auto_favourites_are_none(path: Path) -> None:
    store, seen = SettingsStore(path=path, environ={}), list[object]()

    def change(names: Sequence[str] | None) -> Sequence[str] | None:
        seen.append(names)
        return ["a"] if names is None else None

    store.update_favourites(change)
    assert tomllib.loads(path.read_text()) == {"favourites": ["a"]}
    store.update_favourites(change)
    store.update_favourites(change)
    assert seen == [None, ["a"], None]


# Reading again


@pytest.fixture
def store(path: Path, preheat_home: Path) -> Iterator[SettingsStore]:
    store = SettingsStore({"parallel": "2"}, environ={"PREHEAT_MAX_QUEUE": "3"}, path=path)
    yield store
    store.close()


def test_a_change_is_notified_once_and_in_force(store: SettingsStore) -> None:
    store.load()
    seen: list[SettingsChange] = []
    unsubscribe = store.subscribe(seen.append)
    change = store.set({"port": "1", "parallel": "8", "max_queue": "9"})
    assert change.changed == ("port",)
    assert change.overridden == {"parallel": "--set parallel", "max_queue": "PREHEAT_MAX_QUEUE"}
    assert [each.changed for each in seen] == [("port",)]
    assert (store.settings.port, store.settings.parallel, store.settings.max_queue) == (1, 2, 3)
    unsubscribe()
    assert store.unset("port").changed == ("port",)
    assert len(seen) == 1


def test_settings_are_loaded_when_first_needed(store: SettingsStore, path: Path) -> None:
    write(path, "port = 5\n")
    assert store.settings.port == 5
    write(path, "port = 6\n")
    assert store.settings.port == 5
    assert store.reload().changed == ("port",)
    assert store.settings.port == 6


def test_a_broken_file_changes_nothing_and_is_notified(store: SettingsStore, path: Path) -> None:
    write(path, "port = 5\n")
    store.load()
    seen: list[SettingsChange] = []
    store.subscribe(seen.append)
    write(path, "port =\n")
    for _ in range(2):
        with pytest.raises(SettingsError):
            store.reload()
    assert store.settings.port == 5
    assert store.problem is not None
    assert store.problem.message.code == "settings_not_toml"
    assert seen[-1].problem is store.problem
    write(path, "port = 5\n")
    assert store.reload().changed == ()
    assert store.problem is None
    assert seen[-1].problem is None


@pytest.mark.parametrize("replaced", [False, True])
def test_edits_are_noticed(store: SettingsStore, path: Path, replaced: bool) -> None:
    store.load()
    changes: Queue[SettingsChange] = Queue()
    store.subscribe(changes.put)
    store.watch()
    store.watch()
    path.parent.mkdir(exist_ok=True)
    for port in ("1", "22", "333"):  # the file is created, then changed
        if replaced:
            path.with_name("new").write_text(f"port = {port}\n")
            path.with_name("new").replace(path)
        else:
            path.write_text(f"port = {port}\n")
        assert changes.get(timeout=60).changed == ("port",)
        assert store.settings.port == int(port)
    path.write_text("port =")
    assert changes.get(timeout=60).problem is not None
    path.unlink()
    assert changes.get(timeout=60).changed == ("port",)
    assert store.settings.port == Settings().port
    store.close()
    store.close()


# The last good settings


def test_a_broken_file_is_replaced_by_the_last_good_one(store: SettingsStore, path: Path) -> None:
    write(path, "port = 5\n")
    store.load()
    write(path, "port =\n")
    again = SettingsStore({"downloads_at_once": "1"}, environ={}, path=path)
    assert (again.load().port, again.settings.downloads_at_once) == (5, 1)
    assert again.problem is not None
    assert SettingsStore(environ={}, path=path).load(must_start=True).port == 5
    write(path, "port = 6\n")
    assert again.reload().changed == ("port",)
    assert again.problem is None


def test_without_a_last_good_file_a_start_fails_unless_it_must(store: SettingsStore, path: Path) -> None:
    write(path, "port =\n")
    with pytest.raises(SettingsError):
        store.load()
    assert store.load(must_start=True) == Settings()
    assert store.problem is not None


def test_a_wrong_option_is_an_error_unless_the_start_must_succeed(path: Path, preheat_home: Path) -> None:
    write(path, "port = 5\n")
    SettingsStore(path=path, environ={}).load()
    wrong = SettingsStore({"parallel": "x"}, path=path, environ={})
    with pytest.raises(SettingsError) as caught:
        wrong.load()
    assert caught.value.param == "parallel"
    assert wrong.load(must_start=True) == Settings(port=5)


@pytest.mark.skipif(sys.platform == "win32", reason="no modes there")
def test_the_last_good_file_is_the_users_alone(store: SettingsStore, path: Path) -> None:
    write(path, 'api_keys = ["secret"]\n')
    store.load()
    good = paths.data_dir() / "settings-last-good.toml"
    assert good.read_text() == path.read_text()
    assert stat.S_IMODE(good.stat().st_mode) == 0o600


def test_a_copy_that_cannot_be_kept_is_a_warning(
    store: SettingsStore, path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    write(path, "port = 5\n")
    paths.data_dir().parent.mkdir(parents=True, exist_ok=True)
    paths.data_dir().write_text("a file")
    assert store.load().port == 5
    assert "cannot be kept" in caplog.text


def test_a_file_that_is_not_text_is_replaced_too(store: SettingsStore, path: Path) -> None:
    path.parent.mkdir()
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(SettingsError) as caught:
        store.load()
    assert caught.value.message.code == "settings_not_utf8"
