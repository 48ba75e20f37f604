from __future__ import annotations

import json
import time
from dataclasses import replace
from itertools import groupby
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from preheat import paths
from preheat.cli.main import app
from preheat.messages import msg, verbatim
from preheat.residency import Action, DecisionRecord, Outcome
from preheat.usage import RequestRecord, UsageLog

DAY_S = 86_400.0


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, arguments)


def record(*records: RequestRecord | DecisionRecord) -> None:
    """Leave a log behind, as an application that has ended."""
    paths.data_dir().mkdir(parents=True, exist_ok=True)
    log = UsageLog()
    for each in records:
        if isinstance(each, RequestRecord):
            log.record(each)
        else:
            log.record(each)
    assert log.write_pending()
    log.close()


def request(age_s: float, outcome: Outcome = Outcome.HIT, model_id: str = "chat", wait_s: float = 0.0) -> RequestRecord:
    return RequestRecord(model_id, time.time() - age_s, outcome, wait_s, wait_s + 0.1, 7, 3, "notes/1", 2.0)


def tables(lines: list[str]) -> list[list[list[str]]]:
    """Return the words of each line of each table; empty lines part the tables."""
    return [[line.split() for line in group] for filled, group in groupby(lines, bool) if filled]


def test_nothing_yet(preheat_home: Path) -> None:
    result = run("stats")
    assert result.exit_code == 0
    assert "Figures appear after the first request." in result.stdout
    assert json.loads(run("stats", "--json").stdout)["total"]["span"]["requests"] == 0


def test_the_figures_that_an_application_left_behind(preheat_home: Path) -> None:
    record(
        request(60),
        request(120),
        request(180, Outcome.MISS, wait_s=1.5),
        request(3 * DAY_S, Outcome.LATE_HIT, "embed", wait_s=0.5),
        request(20 * DAY_S, Outcome.MISS, "ancient"),
        DecisionRecord(time.time() - 200, "chat", Action.LOAD, verbatim("a request"), 900, 1.5, "request"),
        DecisionRecord(time.time() - 100, "embed", Action.PRELOAD, verbatim("favourite 1"), 90, 0.5, "preload"),
        DecisionRecord(time.time() - 90, "embed", Action.EVICT, verbatim("room"), 90, cause="room", wasted=True),
    )
    lines = run("stats").stdout.splitlines()
    assert lines[0].startswith("Memory    ")
    assert lines[1] == "Saved     8 s of waiting in 7d"
    assert lines[2] == "Preloads  1, 1 of them wasted"
    periods, requests, loads, waits = tables(lines[4:])
    assert periods[0][:3] == ["Over", "Requests", "Hits"]
    assert periods[1] == ["1", "hour", "3", "2", "0", "1", "67", "%", "6", "s", "1", "1"]
    assert periods[2][:6] == ["24", "hours", "3", "2", "0", "1"]
    assert periods[3] == ["7", "days", "4", "2", "1", "1", "50", "%", "8", "s", "1", "1"]
    assert periods[4][:8] == ["Steady", "state", "4", "2", "1", "1", "50", "%"]
    assert requests[1] == ["chat", "3", "2", "0", "1", "67", "%", "6", "s"]
    assert requests[2] == ["embed", "1", "0", "1", "0", "0", "%", "2", "s"]
    assert requests[3][:4] == ["All", "models", "4", "2"]
    assert loads[1] == ["chat", "1", "0", "0", "0", "0", "1.5", "s", "1.5", "s"]
    assert loads[2] == ["embed", "1", "1", "1", "1", "0", "500", "ms", "500", "ms"]
    assert loads[3][:5] == ["All", "models", "2", "1", "1"]
    assert waits[0][:3] == ["Model", "Found", "Requests"]
    assert waits[1] == ["chat", "hot", "2", "0", "s", "0", "s", "100", "ms", "100", "ms"]
    assert waits[2] == ["cold", "1", "1.5", "s", "1.5", "s", "1.6", "s", "1.6", "s"]
    assert [row[:3] for row in waits[-3:]] == [["All", "models", "hot"], ["late", "1", "500"], ["cold", "1", "1.5"]]
    assert "ancient" not in "\n".join(lines)
    assert "ancient" in run("stats", "--since", "all").stdout
    assert json.loads(run("stats", "--since", "1h", "--json").stdout)["total"]["span"]["requests"] == 3


def test_what_was_reused_of_prompts_and_why_not_more(preheat_home: Path) -> None:
    again = msg("worker_ended", reason="it ran out of memory")
    asked = request(60)
    record(
        replace(asked, prompt_tokens=5000, slot_tokens=1200, disk_tokens=3000, prefill_saved_s=90.0),
        replace(asked, prompt_tokens=4000, slot_tokens=100, recomputed=again),
    )
    lines = run("stats").stdout.splitlines()
    assert lines[3] == (
        "Prompts   4,300 tokens not computed again (1,300 from loaded models, 3,000 from disk), 2 min saved"
    )
    assert lines[-1].split()[:2] == ["1", "3,900"]
    assert lines[-1].endswith(str(again))


def test_json_is_that_of_the_port(preheat_home: Path) -> None:
    record(request(60))
    figures = json.loads(run("stats", "--json").stdout)
    assert figures.keys() >= {"since", "now", "total", "models", "steady", "memory", "warning", "recomputed"}
    assert figures["memory"]["used_bytes"] == 0
    assert figures["models"]["chat"]["latency"]["hit"]["ttft"]["median_s"] == pytest.approx(0.1)


@pytest.mark.parametrize("arguments", [("stats", "--since", "yesterday"), ("log", "--since", "7")])
def test_a_wrong_span(preheat_home: Path, arguments: tuple[str, ...]) -> None:
    result = run(*arguments)
    assert (result.exit_code, result.stdout) == (1, "")
    assert "is no span of time" in result.stderr


def test_the_log_that_an_application_left_behind(preheat_home: Path) -> None:
    assert run("log").stdout == "Nothing was loaded or unloaded.\n"
    record(
        DecisionRecord(time.time() - 3 * DAY_S, "old", Action.LOAD, verbatim("a request"), 900_000_000, 1.5, "request"),
        DecisionRecord(time.time() - 100, "chat", Action.PRELOAD, verbatim("favourite 1"), 900_000_000, 0.5, "preload"),
        DecisionRecord(
            time.time() - 90, "chat", Action.EVICT, verbatim("[room] for old"), 900_000_000, cause="room", wasted=True
        ),
    )
    lines = run("log").stdout.splitlines()
    assert lines[0].split() == ["When", "What", "Model", "Memory", "Took", "Why"]
    assert lines[1].split()[2:] == ["load", "old", "0.9", "GB", "1.5", "s", "a", "request"]
    assert lines[2].split()[-7:] == ["chat", "0.9", "GB", "500", "ms", "favourite", "1"]
    assert "evict, unused" in lines[3]
    assert lines[3].endswith("[room] for old")
    decisions = json.loads(run("log", "--json").stdout)
    assert [decision["action"] for decision in decisions] == ["evict", "preload", "load"]
    for arguments, count in (
        (("-n", "1"), 1),
        (("--since", "1h"), 2),
        (("--model", "OLD"), 1),
        (("-m", "x"), 0),
    ):
        assert len(json.loads(run("log", "--json", *arguments).stdout)) == count


def test_requests_and_what_each_one_reused(preheat_home: Path) -> None:
    assert run("requests").stdout == "There were no requests.\n"
    reused = replace(request(50, Outcome.MISS), prompt_tokens=900, slot_tokens=0, disk_tokens=768)
    record(
        replace(request(3 * DAY_S, model_id="old"), slot_tokens=4, memory_tokens=2),
        replace(reused, recomputed=verbatim("[differs] at token 769")),
    )
    lines = run("requests").stdout.splitlines()
    assert lines[0].split()[-5:] == ["TTFT", "Answer", "Tokens/s", "Reused", "from"]
    assert lines[1].split()[2:] == ["notes/1", "old", "hot", "7", "6", "100", "ms", "3", "loaded", "model,", "memory"]
    assert lines[2].split()[1:] == [
        *("notes/1", "chat", "cold", "900", "768", "100", "ms", "3"),
        *("disk;", "[differs]", "at", "token", "769"),
    ]
    for arguments, count in (
        (("-n", "1"), 1),
        (("--since", "1h"), 1),
        (("--model", "OLD"), 1),
        (("--app", "NOTES"), 2),
        (("--app", "not"), 0),
    ):
        assert len(json.loads(run("requests", "--json", *arguments).stdout)) == count
