"""Trials in the guarded process: what they refuse, how they end, and when the process runs."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from typing import Any

import psutil
import pytest

from preheat.inference.worker.constraints.trial_process import TrialFailed, TrialProcess
from running_preheat import wait_until

MANY = [{"type": "string", "pattern": f"(a|b)*{number}(a|b){{10}}"} for number in range(30)]


def sample(count: int) -> list[bytes]:
    assert count > 1000
    return [b"the", b" a", b"ab", b"\xc3\xa9"]


@pytest.fixture(scope="module")
def trials() -> Iterator[TrialProcess]:
    trials = TrialProcess(sample, idle_s=3600)
    yield trials
    trials.close()


def schema(value: Any) -> tuple[str, str]:
    return "json_schema", json.dumps(value)


def test_what_compiles_is_returned(trials: TrialProcess) -> None:
    answer = trials.ask("gbnf", 'root ::= "a" | "b"')
    assert answer["text"].rstrip().endswith('start: "a"\n     | "b"')
    assert answer["size_bytes"] > 0
    assert trials.ask("grammar", "start: <[7]> /[a-z]+/")["text"] == ""
    assert trials.ask("json_schema", '{"$defs": {"a": {}}}', rule=True)["text"].startswith("%json {")


def test_what_cannot_be_kept_is_refused_or_left_out(trials: TrialProcess) -> None:
    kind, text = schema({"items": {"uniqueItems": True}})
    assert trials.ask(kind, text) == {"refused": "#/items: uniqueItems is not supported"}
    assert "uniqueItems" not in trials.ask(kind, text, rule=True, lenient=True)["text"]


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        schema({"allOf": MANY}),  # for ever
        ("regex", ".*" * 20_000),  # 8 GB
        ("lark", "start: T\nT: " + " & ".join(f"/(.|\\n)*x{number}(.|\\n)*/" for number in range(40))),  # 8 GB
        ("gbnf", "\n".join([f"r{n} ::= r{n + 1} r{n + 1}" for n in range(900)] + ['r900 ::= "a"', "root ::= r0"])),
    ],
)
def test_endless_work_ends(trials: TrialProcess, kind: str, text: str) -> None:
    with pytest.raises(TrialFailed, match="time or memory"):
        trials.ask(kind, text)
    assert "refused" not in trials.ask("regex", "[ab]+")


def test_the_process_runs_while_it_is_needed() -> None:
    trials = TrialProcess(sample, idle_s=0.05)
    assert trials.pid is None
    trials.ask("regex", "a+")
    wait_until(lambda: trials.pid is None)
    trials.ask("regex", "a+")
    trials.close()


def test_a_killed_process_is_replaced(trials: TrialProcess) -> None:
    trials.ask("regex", "a+")
    assert trials.pid is not None
    psutil.Process(trials.pid).kill()
    os.waitid(os.P_PID, trials.pid, os.WEXITED | os.WNOWAIT)  # leaves the status to its owner
    assert "refused" not in trials.ask("regex", "a+")
