"""Names and files from strangers: nothing crashes, every model stays reachable, and headers stay what they are."""

from __future__ import annotations

import json
import os
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from pydantic_core import to_json

from preheat.control import encode
from preheat.errors import ModelFileError
from preheat.models import Listing, ModelIndex, find_models, read_header, resolve
from preheat.models.gguf.reader import KnownArrays

NASTY = [
    "\n",
    "\u202e",
    "\u2066",
    "\x1b[31m",
    "\ud800",
    "İ",
    "ẞ",
    " ",
    ".",
    "%2f",
    "..",
    "a",
    ".gguf",
    "-00001-of-00001",
    "é",
]


def encodable(name: str) -> bool:
    try:
        raw = os.fsencode(name)
    except UnicodeEncodeError:
        return False
    return 0 < len(raw) <= 240


NAMES = st.one_of(
    st.lists(st.sampled_from(NASTY), min_size=1, max_size=6).map("".join),
    st.binary(min_size=1, max_size=120).map(os.fsdecode),
    st.text(min_size=1, max_size=100),
).filter(lambda name: encodable(name) and "/" not in name and "\0" not in name)


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(names=st.lists(NAMES, min_size=1, max_size=6, unique=True))
@example(names=[" "])
@example(names=["a\n", "a_", "a "])
@example(names=["x" * 240, "X" * 240])
def test_whatever_files_are_called_each_is_reachable(
    tmp_path_factory: pytest.TempPathFactory, write_model: Callable[..., Path], names: list[str]
) -> None:
    folder = tmp_path_factory.mktemp("names")
    content = write_model("template").read_bytes()
    wanted = set()
    for number, name in enumerate(names):
        path = folder / str(number % 2) / f"{name}.gguf"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content)
        # A part's name in a file that is of no set by its header is refused, with a warning.
        if not name.startswith(".") and "-of-" not in name:
            wanted.add(path)
    models = [model for model in find_models([folder])]
    assert wanted <= {model.path for model in models}
    assert len({model.model_id for model in models}) == len(models)
    for model in models:
        assert model.model_id
        assert model.model_id.isprintable()
        assert resolve(model.model_id, models) is model
        assert json.loads(to_json({"id": model.model_id, **model.public_facts()}))["id"] == model.model_id


@pytest.fixture(scope="module")
def real_headers(chat_model: Path, embedding_model: Path) -> list[tuple[bytes, int]]:
    """Both starter models' headers, and how long the files are."""
    found = []
    for model in (chat_model, embedding_model):
        with model.open("rb") as file:
            found.append((file.read(read_header(model).data_offset), model.stat().st_size))
    return found


def outcome(path: Path, arrays: KnownArrays | None) -> Any:
    try:
        return read_header(path, arrays)
    except ModelFileError as error:
        return str(error)


def test_known_vocabularies_change_no_header(tmp_path: Path, real_headers: list[tuple[bytes, int]]) -> None:
    dice = random.Random(5)
    arrays = KnownArrays()
    path = tmp_path / "m.gguf"
    for header, file_bytes in real_headers * 12:
        damaged = bytearray(header)
        if dice.random() < 0.8:
            damaged[dice.randrange(len(damaged))] ^= 1 << dice.randrange(8)
        path.write_bytes(damaged)
        os.truncate(path, dice.choice([file_bytes, len(damaged) // 2, len(damaged)]))
        assert outcome(path, arrays) == outcome(path, None)


def test_a_folder_of_damaged_real_files(tmp_path: Path, real_headers: list[tuple[bytes, int]], caplog: Any) -> None:
    dice = random.Random(6)
    for number in range(30):
        header, file_bytes = dice.choice(real_headers)
        damaged = bytearray(header)
        for _ in range(dice.choice([0, 1, 3])):
            damaged[dice.randrange(2000)] ^= 1 << dice.randrange(8)
        path = tmp_path / f"{number}.gguf"
        path.write_bytes(damaged)
        os.truncate(path, dice.choice([file_bytes, file_bytes, dice.randrange(file_bytes)]))

    listing: Listing = ModelIndex().look([tmp_path])

    warned = {record.getMessage().partition(".gguf")[0].rpartition(" ")[2] for record in caplog.records}
    reported = {model.path.stem for model in listing.models} | {file.path.stem for file in listing.skipped}
    assert reported | warned == {str(number) for number in range(30)}
    assert listing.models
    assert warned
    assert to_json([model.public_facts() for model in listing.models])
    assert to_json([encode(file) for file in listing.skipped])


def test_a_folder_that_vanishes_while_it_is_read(
    tmp_path: Path, write_model: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    write_model("models/a.gguf")
    write_model("models/b/c.gguf")
    scandir = os.scandir

    def vanish(path: Path) -> Any:
        listing = scandir(path)
        if path == tmp_path / "models" and path.is_dir():
            (tmp_path / "models").rename(tmp_path / "gone")
        return listing

    monkeypatch.setattr(os, "scandir", vanish)
    assert find_models([tmp_path / "models"]) == ()
