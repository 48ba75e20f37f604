from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import psutil

from benchmarks.mixed_requests import HeldMemory, mixed_requests, sampled, write_copies
from tests.engine.application import eventually

MODELS = ("a", "b", "c")

MAPPING = """
import mmap, sys, time
kept = []
for name in sys.argv[1:]:
    with open(name, "rb") as file:
        kept.append(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
        sum(kept[-1][::4096])
print(flush=True)
time.sleep(60)
"""


def test_requests_are_reproducible_and_of_every_kind() -> None:
    requests = mixed_requests(200, MODELS, "e")
    assert requests == mixed_requests(200, MODELS, "e")
    assert {request.path for request in requests} == {"/v1/chat/completions", "/v1/completions", "/v1/embeddings"}
    used = [request.body["model"] for request in requests]
    assert used.count("a") > used.count("b") > used.count("c") > 0
    assert used.count("e") > 20
    assert sum(len(str(request.body)) > 5000 for request in requests) > 5


def test_only_workers_with_a_model_are_sampled(tmp_path: Path) -> None:
    model = tmp_path / "m.gguf"
    model.write_bytes(bytes(30_000_000))
    spare, worker = (
        subprocess.Popen([sys.executable, "-c", MAPPING, *files], stdout=subprocess.PIPE)
        for files in ((), (str(model),))
    )
    with spare, worker:
        for process in (spare, worker):
            assert process.stdout is not None
            process.stdout.readline()
        with sampled(psutil.Process().pid, interval_s=0.01) as held:
            eventually(lambda: len(held.samples) > 3, "samples")
        expected = psutil.Process(worker.pid).memory_info().rss
        worker.kill()
        spare.kill()
    assert expected > 30_000_000
    assert all(abs(sample - expected) < 3_000_000 for sample in held.samples)


def test_the_share_above_a_limit() -> None:
    assert HeldMemory([1, 2, 3, 4]).above(3) == 0.25


def test_copies_differ_only_in_their_context_length(tmp_path: Path) -> None:
    key = b"llama.context_length\x04\x00\x00\x00"
    starter = tmp_path / "starter.gguf"
    starter.write_bytes(b"head" + key + (2048).to_bytes(4, "little") + b"tail")
    write_copies(tmp_path, {"short": 512, "long": 8192}, starter)
    assert (tmp_path / "short.gguf").read_bytes() == b"head" + key + (512).to_bytes(4, "little") + b"tail"
    assert (tmp_path / "long.gguf").read_bytes() == b"head" + key + (8192).to_bytes(4, "little") + b"tail"
