"""How long it takes to find 1,000 models: when none was seen before, and when a new process remembers them all."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from benchmarks.bench import Bench
from benchmarks.figures import Figure, value_at_most
from preheat import paths
from preheat.models import read_header

FILES: Final = 1000
FIRST_LIMIT_S: Final = 10.0
AGAIN_LIMIT_S: Final = 1.0

_SAME_VOCABULARY: Final = 20  # files in a row; a person's models are of a few dozen families
_SMALL_OF: Final = 5  # of so many files all but one have the smaller vocabulary
_TOKEN: Final = b"ing"  # is in both vocabularies
_CODE: Final = """
import sys, time
from pathlib import Path
from preheat.models import ModelIndex
began = time.perf_counter()
found = len(ModelIndex(Path(sys.argv[2])).look([Path(sys.argv[1])]).models)
print(found, time.perf_counter() - began)
"""


async def measure(bench: Bench) -> list[Figure]:
    """Scan in processes of their own: without kept headers, then with."""
    bench.say(f"writing {FILES:,} files with real headers and no weights (about 0.9 GB)")
    first: list[float] = []
    again: list[float] = []
    with _folder(bench) as folder:
        for _ in range(bench.rounds):
            kept = folder.parent / "headers.json"
            kept.unlink(missing_ok=True)
            first.append(_scan(folder, kept))
            again.append(_scan(folder, kept))
    note = f"{FILES // _SAME_VOCABULARY} vocabularies, files in the page cache"
    return [
        Figure(f"first scan of {FILES:,} models", "s", tuple(first), (), value_at_most(FIRST_LIMIT_S), note),
        Figure(f"scan of {FILES:,} unchanged models, new process", "s", tuple(again), (), value_at_most(AGAIN_LIMIT_S)),
    ]


def _scan(folder: Path, kept: Path) -> float:
    command = [sys.executable, "-c", _CODE, str(folder), str(kept)]
    answer = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
    if int(answer[0]) != FILES:
        raise RuntimeError(f"{answer[0]} of {FILES} models were found")
    return float(answer[1])


@contextmanager
def _folder(bench: Bench) -> Iterator[Path]:
    """Write the models: real headers, and holes where their weights would be."""
    models = [(_header(path), path.stat().st_size) for path in (bench.chat_model, bench.embedding_model)]
    tokens = [header.index(_TOKEN, len(header) // 4) for header, _ in models]
    paths.cache_dir().mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="scan-", dir=paths.cache_dir()) as name:
        folder = Path(name) / "models"
        folder.mkdir()
        for number in range(FILES):
            family, place = divmod(number, _SAME_VOCABULARY)
            which = 0 if place % _SMALL_OF == 0 else 1
            header, file_bytes = models[which]
            # A letter of one token is another in each family.
            header[tokens[which]] = ord("A") + family
            with (folder / f"{number}.gguf").open("wb") as file:
                file.write(header)
                file.truncate(file_bytes)
        yield folder


def _header(path: Path) -> bytearray:
    with path.open("rb") as file:
        return bytearray(file.read(read_header(path).data_offset))
