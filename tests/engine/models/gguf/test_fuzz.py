"""Whatever happens to a header: a header or a ModelFileError, soon, and in little memory."""

from __future__ import annotations

import os
import random
import resource
import struct
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from preheat.errors import ModelFileError
from preheat.models import read_header

MIB = 1 << 20
# What a length or a count is likely to become, by accident or on purpose.
POISON = [
    struct.pack("<Q", number) for number in (0, 1, 255, 1 << 16, 1 << 31, 1 << 32, 1 << 60, 1 << 63, (1 << 64) - 1)
]


def attempt(path: Path) -> bool:
    """Return whether the file has a header."""
    problem: ModelFileError | None = None
    try:
        header = read_header(path)
    except ModelFileError as error:
        problem = error
    if problem:
        assert path.name in problem.title
        assert problem.hint
        return False
    # The properties must bear every header that is let through.
    names = [name for name in dir(type(header)) if isinstance(getattr(type(header), name), property)]
    assert all(getattr(header, name) is not None for name in names)
    end = max((tensor.offset + tensor.n_bytes for tensor in header.tensors), default=0)
    assert header.data_offset + end <= header.file_bytes
    return True


@pytest.fixture(scope="module")
def small_file(gguf_file: Any, metadata: Any) -> bytes:
    fields = metadata(
        general__alignment=("u32", 64),
        llama__rope__scale=("f32", 0.5),
        llama__attention__head_count_kv=("i32", [8, 4, 8]),
        tokenizer__ggml__scores=("f32", [0.0] * 2000),
        tokenizer__chat_template="{{ messages }}",
        general__tags=("str", ["a", "bc"]),
    )
    content: bytes = gguf_file(fields, [("a", (64, 3), 2, 108, None), ("b", (3,), 0, 12, None)], alignment=64).file()
    return content


@pytest.fixture(scope="module")
def scratch(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("fuzz") / "fuzz.gguf"


@pytest.fixture
def little_memory() -> Iterator[None]:
    """Fails if the process has grown. Not tracemalloc, which makes the reader's inner loop ten times slower."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    yield
    unit_bytes = 1 if sys.platform == "darwin" else 1024
    assert (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * unit_bytes < 32 * MIB


EDITS = st.lists(
    st.tuples(st.integers(0, 9000), st.one_of(st.binary(min_size=1, max_size=16), st.sampled_from(POISON))),
    min_size=1,
    max_size=4,
)


@settings(max_examples=400, deadline=None)
@given(edits=EDITS, cut=st.one_of(st.none(), st.integers(0, 12_000)))
def test_edited_headers(small_file: bytes, scratch: Path, edits: list[tuple[int, bytes]], cut: int | None) -> None:
    content = bytearray(small_file)
    for position, new in edits:
        position %= len(content)
        content[position : position + len(new)] = new
    scratch.write_bytes(content[:cut])
    attempt(scratch)


@settings(max_examples=200, deadline=None)
@given(
    order=st.sampled_from("<>"),
    version=st.sampled_from([2, 3]),
    tensors=st.integers(0, 3),
    keys=st.integers(0, 3),
    rest=st.binary(max_size=300),
)
def test_made_up_headers(scratch: Path, order: str, version: int, tensors: int, keys: int, rest: bytes) -> None:
    scratch.write_bytes(b"GGUF" + struct.pack(f"{order}IQQ", version, tensors, keys) + rest)
    attempt(scratch)


@pytest.mark.usefixtures("little_memory")
def test_every_number_of_a_small_header_poisoned(small_file: bytes, scratch: Path) -> None:
    accepted = refused = 0
    scratch.write_bytes(small_file)
    with scratch.open("r+b", buffering=0) as file:
        for position in (*range(600), *range(len(small_file) - 350, len(small_file) - 8)):
            for poison in POISON[-3:]:
                file.seek(position)
                file.write(poison)
                if attempt(scratch):
                    accepted += 1
                else:
                    refused += 1
                file.seek(position)
                file.write(small_file[position : position + 8])
    assert scratch.read_bytes() == small_file
    assert refused > accepted > 0


@pytest.fixture(scope="module")
def real_header(chat_model: Path) -> bytes:
    with chat_model.open("rb") as file:
        return file.read(read_header(chat_model).data_offset)


@pytest.mark.usefixtures("little_memory")
def test_a_real_header_cut_anywhere(chat_model: Path, real_header: bytes, scratch: Path) -> None:
    dice = random.Random(2)
    scratch.write_bytes(real_header)
    os.truncate(scratch, chat_model.stat().st_size)
    assert attempt(scratch)
    cuts = [*range(100), *(dice.randrange(len(real_header)) for _ in range(60)), len(real_header)]
    for length in sorted(cuts, reverse=True):
        os.truncate(scratch, length)
        assert not attempt(scratch)


@pytest.mark.usefixtures("little_memory")
def test_a_real_header_with_bits_flipped_and_numbers_poisoned(
    chat_model: Path, real_header: bytes, scratch: Path
) -> None:
    dice = random.Random(3)
    scratch.write_bytes(real_header)
    os.truncate(scratch, chat_model.stat().st_size)  # the data is zeros, and takes no disk
    # The keys before the vocabulary, the tensors' table, and a few places in between.
    spots = [dice.randrange(1300) for _ in range(120)]
    spots += [len(real_header) - 1 - dice.randrange(16_000) for _ in range(60)]
    spots += [dice.randrange(len(real_header)) for _ in range(40)]
    outcomes = set()
    with scratch.open("r+b", buffering=0) as file:
        for spot in spots:
            flipped = bytes([real_header[spot] ^ 1 << dice.randrange(8)])
            for new in (flipped, dice.choice(POISON)):
                file.seek(spot)
                file.write(new)
                outcomes.add(attempt(scratch))
                file.seek(spot)
                file.write(real_header[spot : spot + len(new)].ljust(len(new), b"\0"))
    assert attempt(scratch)
    assert outcomes == {True, False}
