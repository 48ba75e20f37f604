"""Time to find 1,000 models, without and with a cache of their headers."""

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

_SAME_VOCABULARY: Final = 20  # consecutive files; a user's models belong to a few dozen families
_SMALL_OF: Final = 5  # one in this many files has the larger vocabulary
_TOKEN: Final = b"ing"  # in both vocabularies
_CODE: Final = """
import sys, time
from pathlib import Path
from preheat.models import ModelIndex
began = time.perf_counter()
found = len(ModelIndex(Path(sys.argv[2])).look([Path(sys.argv[1])]).models)
print(found, time.perf_counter() - began)
"""


async def measure(bench: Bench) -> list[Figure]:
    """Scan in new processes, without and with cached headers."""
    bench.say(f"Writing {FILES:,} files with real headers and no weights (about 0.9 GB)")
    first: list[float] = []
    again: list[float] = []
    with _folder(bench) as folder:
        for _ in range(bench.rounds):
            cache = folder.parent / "headers.json"
            cache.unlink(missing_ok=True)
            first.append(_scan(folder, cache))
            again.append(_scan(folder, cache))
    note = f"{FILES // _SAME_VOCABULARY} vocabularies, files in the page cache"
    return [
        Figure(f"first scan of {FILES:,} models", "s", tuple(first), (), value_at_most(FIRST_LIMIT_S), note),
        Figure(f"scan of {FILES:,} unchanged models, new process", "s", tuple(again), (), value_at_most(AGAIN_LIMIT_S)),
    ]


def _scan(folder: Path, cache: Path) -> float:
    command = [sys.executable, "-c", _CODE, str(folder), str(cache)]
    answer = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
    if int(answer[0]) != FILES:
        raise RuntimeError(f"{answer[0]} of {FILES} models were found")
    return float(answer[1])


@contextmanager
def _folder(bench: Bench) -> Iterator[Path]:
    """Write models with real headers and sparse weights."""
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
            # One letter of one token differs between families.
            header[tokens[which]] = ord("A") + family
            with (folder / f"{number}.gguf").open("wb") as file:
                file.write(header)
                file.truncate(file_bytes)
        yield folder


def _header(path: Path) -> bytearray:
    with path.open("rb") as file:
        return bytearray(file.read(read_header(path).data_offset))
