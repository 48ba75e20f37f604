"""A settings file may be anything. Each is one error that says what is wrong, at once."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from preheat.errors import EngineError, SettingsError
from preheat.settings import SettingsStore, find_problems, load_settings
from preheat.settings.layers import MAX_FILE_BYTES
from preheat.settings.toml import MAX_DEPTH, parse_toml
from tests.engine.settings.writing import set_value

posix = pytest.mark.skipif(sys.platform == "win32", reason="no pipes and devices among the files")

TEXTS = {
    "lists": ("port = " + "[" * 5000, "nested too deeply"),
    "closed lists": ("port = " + "[" * 50 + "]" * 50, "nested too deeply"),
    "tables": ("port = " + "{a = " * 5000, "nested too deeply"),
    "keys": ("a" + ".a" * 100_000 + " = 1", "too many parts in a key"),
    "header": ("[" + "a." * 100_000 + "a]", "too many parts in a key"),
    "quoted keys": ('"a" . ' * 50_000 + "a = 1", "too many parts in a key"),
    "digits": ("port = 1" + "0" * 10_000, "too many digits"),
    "hexadecimal digits": ("port = 0x" + "f" * 100_000, r"port cannot be \.\.\."),
    "null": ("port = 1\0", "not valid TOML"),
    "null in a text": ('favourites = ["a\\u0000b"]', "a null character"),
    "date": ("port = 2020-01-01", "port cannot be"),
    "infinity": ("popularity_half_life = inf", "popularity_half_life cannot be"),
    "not a number": ("popularity_half_life = nan", "popularity_half_life cannot be"),
    "many settings": ("\n".join(f"k{number} = 1" for number in range(20_000)), "line 1 and 19999 other settings"),
    "many items": (f"favourites = {['a'] * 2000}", "more than 1000 items"),
    "a long item": (f"favourites = ['{'a' * 5000}']", "more than 4096 characters"),
    "a long name": (f"{'a' * 100_000} = 1", "there is no setting a{100}\\.\\.\\."),
    "a key in a text": ('favourites = """\n' + "port = 1\n" * 20_000 + '"""', "favourites cannot be"),
    "too large": ("#" * (MAX_FILE_BYTES + 1), "larger than"),
}


@pytest.mark.parametrize(("text", "words"), TEXTS.values(), ids=TEXTS)
def test_any_text_is_one_error(tmp_path: Path, text: str, words: str) -> None:
    path = tmp_path / "settings.toml"
    path.write_text(text)
    with pytest.raises(SettingsError, match=words) as caught:
        load_settings({}, {}, path)
    assert len(str(caught.value)) < 1000
    assert find_problems({}, path)
    with pytest.raises(EngineError):
        set_value("parallel", "2", path)
    assert path.read_text() == text


def test_settings_of_thousands_of_models_are_read(tmp_path: Path) -> None:
    path = tmp_path / "settings.toml"
    path.write_text("".join(f'[models."model-{number}"]\nparallel = 2\n' for number in range(5000)))
    settings = load_settings({}, {}, path)
    assert settings.for_model("model-4999").parallel == 2


KINDS: dict[str, tuple[Callable[[Path], object], str]] = {
    "pipe": (os.mkfifo if sys.platform != "win32" else Path.touch, "not a regular file"),
    "device": (lambda path: path.symlink_to("/dev/zero"), "not a regular file"),
    "folder": (Path.mkdir, "Is a directory"),
    "loop": (lambda path: path.symlink_to(path), "symbolic links"),
}


@posix
@pytest.mark.parametrize(("make", "words"), KINDS.values(), ids=KINDS)
def test_anything_else_than_a_file_is_refused_and_left_alone(
    tmp_path: Path, preheat_home: Path, make: Callable[[Path], object], words: str
) -> None:
    path = tmp_path / "settings.toml"
    make(path)
    before = path.lstat()
    store = SettingsStore(path=path, environ={})
    with pytest.raises(SettingsError, match=words):
        store.load()
    assert store.load(must_start=True)
    with pytest.raises(EngineError):
        store.set({"port": "1"})
    assert path.lstat() == before


@posix
def test_the_place_of_the_last_good_settings_may_be_a_pipe(preheat_home: Path, tmp_path: Path) -> None:
    (preheat_home / "data").mkdir()
    os.mkfifo(preheat_home / "data" / "settings-last-good.toml")
    path = tmp_path / "settings.toml"
    path.write_text("port = 7")
    assert SettingsStore(path=path, environ={}).load().port == 7


@posix
def test_variables_of_any_bytes_are_errors_in_words() -> None:
    for name, text in (("PORT", "\udcff"), ("FAVOURITES", "\udcff,\0"), ("\udcff", "1"), ("X" * 10_000, "1")):
        (problem, *_) = find_problems({f"PREHEAT_{name}": text}, Path("missing.toml"))
        assert str(problem).encode()
        assert len(str(problem)) < 1000


@given(st.text(alphabet="[]{}.=\"'#\n a1_,", max_size=300))
def test_parsed_documents_are_shallow(text: str) -> None:
    try:
        document = parse_toml(text)
    except ValueError:
        return
    assert _depth(document) <= MAX_DEPTH


def _depth(value: object) -> int:
    items = list(value.values()) if isinstance(value, dict) else value if isinstance(value, list) else None
    return 0 if items is None else 1 + max(map(_depth, items), default=0)
