"""The identity of a model: equal only if stored cells may be used."""

from __future__ import annotations

import os
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from preheat.inference.prefixes import identity_changes, model_identity, root_key, rope_class

SIZE = 12_000_000
WHEN = 1_700_000_000.0


@pytest.fixture
def model(tmp_path: Path) -> Path:
    path = tmp_path / "model.gguf"
    path.write_bytes(random.Random(1).randbytes(SIZE))
    os.utime(path, (WHEN, WHEN))
    return path


def identity(*files: Path, **changes: Any) -> bytes:
    options: dict[str, Any] = {"llama_cpp": "1", "kv_types": ("f16", "f16"), "flash_attention": "on"}
    return model_identity(files, **options | changes)


def test_a_file_keeps_its_identity_under_another_name(model: Path, tmp_path: Path) -> None:
    before = identity(model)
    moved = model.rename(tmp_path / "other name.gguf")
    (tmp_path / "link.gguf").symlink_to(moved)
    assert identity(moved) == identity(tmp_path / "link.gguf") == before
    assert identity_changes(before, identity(moved)) == ()


def at(offset: int) -> Callable[[Path], None]:
    """Change one byte, and keep size and time."""

    def change(path: Path) -> None:
        with path.open("r+b") as file:
            file.seek(offset)
            byte = file.read(1)[0]
            file.seek(offset)
            file.write(bytes([byte ^ 1]))
        os.utime(path, (WHEN, WHEN))

    return change


def other_weights(path: Path) -> None:
    content = path.read_bytes()
    path.write_bytes(content[:4096] + random.Random(2).randbytes(len(content) - 4096))
    os.utime(path, (WHEN, WHEN))


def longer(path: Path) -> None:
    with path.open("ab") as file:
        file.write(b"\0")
    os.utime(path, (WHEN, WHEN))


def touched(path: Path) -> None:
    os.utime(path, (WHEN + 5, WHEN + 5))


@pytest.mark.parametrize(
    "change",
    [at(0), at(100_000), at((4 << 20) - 1), at(SIZE - 1), at(SIZE - 4000), other_weights, longer, touched],
    ids=["first", "header", "header-end", "last-byte", "last-page", "weights", "length", "time"],
)
def test_another_file_of_the_same_name_has_another_identity(change: Callable[[Path], None], model: Path) -> None:
    before = identity(model)
    change(model)
    after = identity(model)
    assert identity_changes(before, after) == ("files",)
    assert root_key(after) != root_key(before)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("llama_cpp", "2"),
        ("kv_types", ("q8_0", "f16")),
        ("flash_attention", "off"),
        ("rope", "long"),
        ("chat_template", "{{ messages }}"),
    ],
)
def test_what_changes_cells_changes_the_identity(name: str, value: object, model: Path) -> None:
    assert identity_changes(identity(model), identity(model, **{name: value})) == (name,)


def test_further_files(model: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.gguf"
    other.write_bytes(b"small")
    assert identity_changes(identity(model), identity(model, other)) == ("files",)
    assert identity_changes(identity(model), identity(model, mmproj=other)) == ("mmproj",)
    assert identity_changes(identity(model), identity(model, adapters=[other])) == ("adapters",)
    with pytest.raises(FileNotFoundError):
        identity(tmp_path / "missing.gguf")


@pytest.mark.parametrize("before", [b"", b"[]", b"nonsense", b"\xff"])
def test_an_identity_of_another_form_differs_in_everything(before: bytes, model: Path) -> None:
    assert set(identity_changes(before, identity(model))) > {"files", "kv_types", "llama_cpp"}


@pytest.mark.parametrize(
    ("original", "context_length", "expected"),
    [(None, 8192, ""), ("4096", 4096, "short"), ("4096", 4097, "long"), ("much", 8192, "")],
)
def test_the_context_length_counts_only_where_it_changes_cells(
    original: str | None, context_length: int, expected: str
) -> None:
    metadata = {"general.architecture": "phi3", "phi3.rope.scaling.original_context_length": original}
    assert rope_class(metadata.get, context_length) == expected
