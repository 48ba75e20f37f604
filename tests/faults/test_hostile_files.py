"""Damaged model files: through the header reader, and some through real loads."""

from __future__ import annotations

from pathlib import Path

import pytest

from preheat.errors import ModelFileError
from preheat.models import read_header
from scripted_models import TEMPLATES, write_scripted_model
from tests.faults.hostile_files import FilesReport, load_files
from tests.faults.mutations import mutations, write_mutations

READ = 2_000
LOADED = 12


@pytest.fixture
def original(tmp_path: Path) -> Path:
    return write_scripted_model(tmp_path / "original.gguf", TEMPLATES["plain"])


def test_headers_of_damaged_files(original: Path, tmp_path: Path) -> None:
    """They are read, or refused with the file's name."""
    damaged, refusals = tmp_path / "damaged.gguf", []
    header_bytes = read_header(original).data_offset
    for content in mutations(original.read_bytes(), header_bytes, READ, seed=11):
        damaged.write_bytes(content)
        try:
            read_header(damaged)
        except ModelFileError as error:
            refusals.append(error.title)
    assert len(refusals) > READ // 10
    assert all(damaged.name in title for title in refusals)


async def test_loads_of_damaged_files(original: Path, tmp_path: Path) -> None:
    """Each ends, and with it at most its own worker."""
    report = FilesReport()
    paths = write_mutations(tmp_path, original, read_header(original).data_offset, LOADED, seed=12)
    await load_files(paths, report)
    assert report.loads.total() == LOADED
    assert "timeout" not in report.loads + report.requests
