from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from preheat.errors import SettingsError
from preheat.settings import parse_text
from preheat.settings.layers import document_layer, find_line, read_document

PATH = Path("/somewhere/settings.toml")


@pytest.mark.parametrize(
    ("text", "name", "line"),
    [
        ("port = 1", "port", 1),
        ("# port = 1\n\nport=2", "port", 3),
        ('x = """\nport = 5\n"""\nport = 6', "port", 4),
        ("x = [\n  'port = 5',\n]\n  'port' = 6", "port", 4),
        ('"port" = 1', "port", 1),
        ("a = 1\n[port]\nb = 2", "port", 2),
        ("a = 1\n[[port]]", "port", 2),
        ("port.x = 2", "port", 1),
        ("my_port = 1", "port", None),
        ("port_x = 1", "port", None),
        ("a = 1\r\nport = 2\r\n", "port", 2),
    ],
)
def test_find_line(text: str, name: str, line: int | None) -> None:
    assert find_line(text, name) == line


@given(st.integers(0, 5), st.integers(0, 5))
def test_find_line_counts_all_lines(above: int, blank: int) -> None:
    text = "".join(f"n{number} = {number}\n" for number in range(above)) + "\n" * blank + "port = 1\n"
    assert find_line(text, "port") == above + blank + 1


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        ("  ", []),
        ("a", ["a"]),
        (" a , b ", ["a", "b"]),
        ('["a,b", "c"]', ["a,b", "c"]),
        ("[]", []),
        ("[broken", "[broken"),
        ("auto", "auto"),
        ("a,,b", ["a", "", "b"]),
    ],
)
def test_list_texts(text: str, expected: object) -> None:
    assert parse_text(text, is_list=True) == expected


def test_other_texts_are_only_stripped() -> None:
    assert parse_text(" a,b ", is_list=False) == "a,b"


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("a = ", "settings.toml line 1 is not valid TOML: invalid value"),
        ("a = 1\nb", "settings.toml line 2 is not valid TOML: expected '=' after a key in a key/value pair"),
        ("a = 1\nb = [1,\n\n", "settings.toml line 2 is not valid TOML: invalid value"),
        ("a = 1\n\n# x\na=2\n", "settings.toml line 4: a is set a second time, after line 1"),
        ("a = 1\n'a' = [\n1]\n", "settings.toml line 2: a is set a second time, after line 1"),
    ],
)
def test_syntax_errors_name_the_line(text: str, title: str) -> None:
    with pytest.raises(SettingsError) as caught:
        document_layer(text, PATH)
    assert caught.value.title == title
    assert str(PATH) in caught.value.hint


@given(st.text(alphabet="a= \n\"'[]#.1{},\\", max_size=40))
def test_every_document_is_read_or_a_settings_error_with_a_line(text: str) -> None:
    try:
        values = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        with pytest.raises(SettingsError, match=r"settings\.toml line \d"):
            document_layer(text, PATH)
    else:
        layer = document_layer(text, PATH)
        assert layer.values == values
        for name in values:
            assert str(layer.place(name)).startswith("settings.toml")


def test_a_byte_order_mark_does_not_matter(tmp_path: Path) -> None:
    path = tmp_path / "settings.toml"
    path.write_bytes(b"\xef\xbb\xbfport = 1\r\n")
    assert document_layer(read_document(path), path).values == {"port": 1}


def test_a_missing_file_is_empty(tmp_path: Path) -> None:
    assert read_document(tmp_path / "settings.toml") == ""


def test_other_encodings_are_named_with_their_line(tmp_path: Path) -> None:
    path = tmp_path / "settings.toml"
    path.write_bytes("port = 1\n# grün\n".encode("latin-1"))
    with pytest.raises(SettingsError, match=r"settings\.toml line 2 is not UTF-8 text"):
        read_document(path)


def test_a_folder_in_the_file_place_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="cannot be read") as caught:
        read_document(tmp_path)
    assert str(tmp_path) in caught.value.hint


def test_a_key_inside_a_text_is_not_found() -> None:
    assert find_line('x = "models.a.parallel"', "models.a.parallel") is None
    assert find_line("[models.a]\nparallel = [1,\n", "models.a.parallel") is None


def test_a_repeated_section_has_no_second_line() -> None:
    with pytest.raises(SettingsError) as caught:
        document_layer("[a]\nx = 1\n[a.x]\n", PATH)
    assert caught.value.message.code == "settings_not_toml"
