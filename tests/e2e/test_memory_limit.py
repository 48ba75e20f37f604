"""The memory limit holds for the actual memory of the workers."""

from __future__ import annotations

import json
import urllib.request
from pathlib import Path

from benchmarks.measures.memory_limit import MOST_OF_LIMIT, limit_for_two
from benchmarks.mixed_requests import mixed_requests, sampled, send_all, write_copies
from preheat.settings import Settings
from running_preheat import EMBEDDING, Preheat, running_preheat, wait_until

CONTEXTS = {"notes": 2048, "editor": 4096, "mail": 1024}
REQUESTS = 24


def evictions(preheat: Preheat) -> int:
    with urllib.request.urlopen(f"{preheat.url}/preheat/v1/log?limit=1000", timeout=60) as response:
        return sum(decision["action"] == "evict" for decision in json.load(response)["decisions"])


async def test_workers_never_exceed_the_limit(tmp_path: Path, chat_model: Path, embedding_model: Path) -> None:
    """Four models of different sizes, a limit for the two largest, and requests of every kind from three clients."""
    folder = tmp_path / "models"
    folder.mkdir()
    write_copies(folder, CONTEXTS, chat_model)
    (folder / embedding_model.name).symlink_to(embedding_model)
    limit_bytes = limit_for_two(folder, Settings(context_length=4096))
    requests = mixed_requests(REQUESTS, tuple(CONTEXTS), EMBEDDING, words=450)
    with running_preheat(
        tmp_path, folder, memory_limit=f"{limit_bytes}B", keep_free="0%", context_length="4096"
    ) as preheat:
        with sampled(preheat.process.pid) as held:
            await send_all(preheat.port, requests)
        wait_until(lambda: evictions(preheat) >= 3)  # the log is written twice a second
        preload = preheat.status()["preload"]
    assert preload["hits"] + preload["late_hits"] + preload["misses"] == REQUESTS
    assert len(held.samples) > 10
    assert max(held.samples) > 0.4 * limit_bytes  # they were seen at all
    assert max(held.samples) <= MOST_OF_LIMIT * limit_bytes
