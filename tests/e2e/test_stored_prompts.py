"""Prompts that survive unloading, restarts and crashes, with a real model."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Any

import pytest

from running_preheat import CHAT, Preheat, running_preheat, wait_until

EDITOR, NOTES = {"User-Agent": "editor/1.0"}, {"User-Agent": "notes/2.0"}
TOOLS = " ".join(f"Tool {number} reads the file number {number} and returns its lines." for number in range(30))
PAGES = " ".join(f"Page {number} is about the river number {number} of the country." for number in range(30))
LEAST_TOKENS = 340
"""The system prompts have more tokens. One thread takes more than a second for them, so that they are kept."""


def ask(preheat: Preheat, system: str, question: str, headers: dict[str, str], **fields: Any) -> tuple[str, int]:
    """Return the answer of a chat, and how many tokens of its prompt were not computed."""
    messages = [{"role": "system", "content": system}, {"role": "user", "content": question}]
    body = {"model": CHAT, "messages": messages, "max_tokens": 4, "temperature": 0, **fields}
    answer = preheat.ask("POST", "/v1/chat/completions", body, headers)
    assert answer.status == 200, answer.body
    usage = answer.body["usage"]
    return answer.body["choices"][0]["message"]["content"], usage["prompt_tokens_details"]["cached_tokens"]


def stored_bytes(preheat: Preheat) -> int:
    figures = preheat.status()["prefixes"]
    return int(figures["memory_bytes"] + figures["disk_bytes"])


def prompts_ready(preheat: Preheat) -> set[str]:
    return {prompt["client"] for prompt in preheat.model(CHAT)["prompts"] if prompt["ready"]}


def test_prompts_survive_unloading_crash_and_restart(tmp_path: Path, chat_model: Path) -> None:
    """Two clients with a system prompt each; nothing of it is computed twice, and the answers stay the same."""
    with running_preheat(tmp_path, chat_model.parent, preload="false", threads="1") as preheat:
        first, cached = ask(preheat, TOOLS, "Which tools are there?", EDITOR)
        assert cached < LEAST_TOKENS
        ask(preheat, PAGES, "Which rivers are there?", NOTES)
        preheat.empty_cache(CHAT)
        wait_until(lambda: stored_bytes(preheat))
        again, cached = ask(preheat, TOOLS, "Which tools are there?", EDITOR)
        assert (again, cached > LEAST_TOKENS) == (first, True)
        # Another question: the beginning of the prompt is stored by itself once it was seen twice.
        _, cached = ask(preheat, PAGES, "And which lakes?", NOTES)
        assert cached > LEAST_TOKENS
        # Unloaded by the request itself.
        ollama = {"model": CHAT, "messages": [{"role": "user", "content": "Hi"}], "keep_alive": 0, "stream": False}
        assert preheat.ask("POST", "/api/chat", {**ollama, "options": {"num_predict": 1}}).status == 200
        wait_until(lambda: preheat.model(CHAT)["state"] == "cold")
        _, cached = ask(preheat, TOOLS, "Which tools are missing?", EDITOR)
        assert cached > LEAST_TOKENS
        records = preheat.ask("GET", "/preheat/v1/requests").body["requests"]
        restored = [each for each in records if each["memory_tokens"] + each["disk_tokens"] > LEAST_TOKENS]
        # A load's second prompt is put back while nothing is asked, and then found in its slot.
        reused = restored + [each for each in records if each["slot_tokens"] > LEAST_TOKENS]
        assert len(restored) >= 2
        assert len(reused) >= 3
        assert {each["prefix_tokens"] > LEAST_TOKENS for each in reused} == {True}
        assert len({each["prefix"] for each in reused}) == 2
        assert all(each["prefill_saved_s"] > 0 for each in restored)
        wait_until(lambda: preheat.status()["prefixes"]["disk_bytes"])
        preheat.process.kill()
        preheat.process.wait()

    with running_preheat(tmp_path, chat_model.parent, preload="false", threads="1") as preheat:
        assert ask(preheat, TOOLS, "Which tools are there?", EDITOR)[1] > LEAST_TOKENS

    # The login's preload puts both prompts back, before anything is asked.
    with running_preheat(tmp_path, chat_model.parent, favourites=f'["{CHAT}"]') as preheat:
        wait_until(lambda: prompts_ready(preheat) == {"editor/1.0", "notes/2.0"})
        explained = preheat.ask("GET", f"/preheat/v1/models/{CHAT}/why").body
        assert sorted(prompt["tier"] for prompt in explained["prompts"]) == ["slot", "slot"]
        answer, cached = ask(preheat, TOOLS, "Which tools are there?", EDITOR)
        assert (answer, cached > LEAST_TOKENS) == (first, True)
        (last, *_) = preheat.ask("GET", "/preheat/v1/requests?limit=1").body["requests"]
        assert last["slot_tokens"] > LEAST_TOKENS

    names = [path.name for path in tmp_path.rglob("*")]
    assert not any("river" in name or "Tool" in name for name in names)


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_a_worker_that_hangs_does_not_delay_the_end(tmp_path: Path, chat_model: Path) -> None:
    with running_preheat(tmp_path, chat_model.parent, preload="false", shutdown_grace="0") as preheat:
        ask(preheat, "Be brief.", "Hi", EDITOR)
        preheat.worker_of(chat_model).suspend()
        began = time.monotonic()
        preheat.process.terminate()
        preheat.process.wait(20)
        assert time.monotonic() - began < 15
