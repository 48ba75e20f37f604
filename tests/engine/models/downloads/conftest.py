"""Downloads of a small model from the local hub."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from fetching import FILE, REPO, Fetching
from local_hub import LocalHub


@pytest.fixture(scope="session")
def content() -> bytes:
    return b"GGUF" + random.Random(1).randbytes(3_000_000)


@pytest.fixture
def hub(local_hub: LocalHub, content: bytes) -> LocalHub:
    local_hub.add_repo(REPO, {FILE: content})
    return local_hub


@pytest.fixture
def fetching(hub: LocalHub, tmp_path: Path) -> Iterator[Callable[..., Fetching]]:
    """Make downloads into a folder of the test's own; they end with the test."""
    made: list[Fetching] = []

    def make(**options: Any) -> Fetching:
        made.append(Fetching(options.pop("folder", tmp_path / "models"), **options))
        return made[-1]

    yield make
    hub.bytes_per_s = 0
    for each in made:
        each.stop()
