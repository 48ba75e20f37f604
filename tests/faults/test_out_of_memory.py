"""Lack of memory: an error that says so, and an engine that stays up."""

from __future__ import annotations

import sys
from pathlib import Path

import psutil
import pytest

from running_preheat import Answer, Preheat, running_preheat, wait_until
from scripted_models import TEMPLATES, write_scripted_model
from tests.faults.memory_limits import groups_that_limit, join, limit_address_space, memory_group

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="limits of Linux")

MODEL = "huge-context"
CONTEXT_TOKENS = 8_000_000
KV_CACHE_BYTES = CONTEXT_TOKENS * 2 * 32 * 2
"""Keys and values of one layer with one head of 32 dimensions, 16 bits each: 1 GB."""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Models: one whose context takes 1 GB, and a small one."""
    models = tmp_path / "models"
    models.mkdir()
    write_scripted_model(models / f"{MODEL}.gguf", TEMPLATES["plain"], context_length=CONTEXT_TOKENS)
    write_scripted_model(models / "small.gguf", TEMPLATES["plain"])
    return models


def ask(preheat: Preheat, model: str) -> Answer:
    body = {"model": model, "messages": [{"role": "user", "content": "play(short)"}], "max_tokens": 4}
    return preheat.ask("POST", "/v1/chat/completions", body)


def check_no_memory(preheat: Preheat) -> None:
    """Ask for the large model twice: both times the answer is that memory is missing, without advice to try again."""
    engine = psutil.Process(preheat.process.pid)
    for _ in range(2):
        status, body, headers = ask(preheat, MODEL)
        assert (status, body["error"]["code"]) == (507, "insufficient_memory"), body
        assert "Retry-After" not in headers
        assert "again" not in body["error"]["message"].lower()
        assert "context_length" in body["error"]["message"]
    assert engine.is_running()


def test_address_space(folder: Path, preheat_home: Path) -> None:
    with running_preheat(
        preheat_home, folder, preload="false", keep_free="0B", context_length=str(CONTEXT_TOKENS), threads="1"
    ) as preheat:
        engine = psutil.Process(preheat.process.pid)
        wait_until(preheat.workers)
        limit_address_space(engine, engine.memory_info().vms + KV_CACHE_BYTES // 2)
        check_no_memory(preheat)
        assert ask(preheat, "small").status == 200


@pytest.mark.parametrize("parent", groups_that_limit() if sys.platform == "linux" else [])
def test_control_group(folder: Path, preheat_home: Path, parent: Path) -> None:
    """The system kills the worker, which alone has the limit."""
    with (
        memory_group(parent, KV_CACHE_BYTES // 2) as group,
        running_preheat(
            preheat_home, folder, preload="false", keep_free="0B", context_length=str(CONTEXT_TOKENS), threads="1"
        ) as preheat,
    ):
        [spare] = wait_until(preheat.workers)
        join(group, spare.pid)
        status, body, _ = ask(preheat, MODEL)
        assert (status, body["error"]["code"]) == (507, "insufficient_memory"), body
        assert ask(preheat, "small").status == 200
