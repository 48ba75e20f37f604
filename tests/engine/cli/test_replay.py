from __future__ import annotations

import csv
import json
import sys
import time
from dataclasses import fields
from pathlib import Path
from typing import Any

import psutil
import pytest
from typer.testing import CliRunner, Result

from preheat import paths
from preheat.cli.main import app
from preheat.messages import verbatim
from preheat.replay import USERS, PersonResult, Tuning, WeeklyFigures
from preheat.residency import Action, DecisionRecord, EvictionReason, Outcome
from preheat.settings import load_settings
from preheat.usage import DAY_S, RequestRecord, UsageLog
from processes import wait_until_gone
from tests.engine.terminal import Terminal

POLICIES = ["preheat", "keep-alive 5 min", "lru, 3 models", "lru", "clairvoyant"]

many_replays = pytest.mark.no_cover  # tracing triples their time; tests of preheat.replay cover the same code


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["replay", *arguments])


def rows(*arguments: str) -> list[dict[str, Any]]:
    result = run(*arguments, "--json")
    assert (result.exit_code, result.stderr) == (0, "")
    found: list[dict[str, Any]] = json.loads(result.stdout)
    return found


def record(path: Path) -> Path:
    """Write a log of two models, used by turns."""
    path.parent.mkdir(parents=True, exist_ok=True)
    log, began = UsageLog(path), time.time() - 60_000
    for number in range(60):
        log.record(RequestRecord(("a", "b")[number % 2], began + 600 * number, Outcome.HIT))
    for model_id in ("a", "b"):
        log.record(DecisionRecord(began, model_id, Action.LOAD, verbatim("a request"), 10**9, 1.0, "request"))
    assert log.write_pending()
    log.close()
    return path


def test_a_synthetic_user(preheat_home: Path) -> None:
    found = rows("--synthetic", "steady", "--days", "8")
    assert [row["strategy"] for row in found] == POLICIES
    preheat, keep_alive, lru, _, bound = found
    assert bound["preload_hit_rate"] >= preheat["preload_hit_rate"] > lru["preload_hit_rate"]
    assert lru["preload_hit_rate"] > keep_alive["preload_hit_rate"]
    assert rows("--synthetic", "steady", "--days", "8") == found
    assert rows("--synthetic", "steady", "--days", "8", "--seed", "1") != found
    shown = run("--synthetic", "steady", "--days", "1").stdout.splitlines()
    assert [line.split("  ")[0] for line in shown] == ["Policy", *POLICIES]


@many_replays
def test_the_synthetic_users_compared_with_lru(preheat_home: Path) -> None:
    found = rows("--synthetic", "all", "--days", "9")
    assert [row["user"] for row in found] == [*USERS, "mean"]
    assert found[-1]["waits_ratio"] == pytest.approx(sum(row["waits_ratio"] for row in found[:-1]) / 5)
    tight, roomy = (rows("--synthetic", "all", "--days", "9", "--page-cache", size)[-1] for size in ("0", "100%"))
    assert roomy["seconds_ratio"] < found[-1]["seconds_ratio"] < tight["seconds_ratio"]
    assert roomy["waits_ratio"] == pytest.approx(tight["waits_ratio"], abs=0.02)
    shown = run("--synthetic", "all", "--days", "8").stdout.splitlines()
    assert [line.split("  ")[0] for line in shown] == ["User", *USERS, "mean"]


@many_replays
def test_a_family_of_users(preheat_home: Path) -> None:
    asking = ("--synthetic", "family", "--users", "2", "--days", "9")
    found = rows(*asking)
    assert [row["person"] for row in found] == [0, 1]
    others = rows(*asking, "--seed", "1")
    assert [row["person"] for row in others] == [1, 2]
    assert others[0] == found[1]
    assert rows(*asking, "--tuning") != found
    shown = run(*asking).stdout.splitlines()
    assert [line.split("  ")[0] for line in shown[:3]] == ["Of each user", "Ready", "Ready with LRU"]
    assert shown[-2].endswith("of 2 users.")


def test_users_who_were_away_do_not_count(preheat_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    names = [field.name for field in fields(PersonResult)]
    known: dict[str, Any] = {**dict.fromkeys(names, 0), "waits_ratio": None, "seconds_ratio": None}
    known["naive_waits_ratio"] = None
    away, perfect = (PersonResult(**known | {"requests": count, "ready": count / 9}) for count in (0, 9))
    monkeypatch.setattr("preheat.replay.measure_family", lambda *_, **__: [away, perfect], raising=False)
    shown = run("--synthetic", "family").stdout
    assert "Without requests after the first week: 1 of 2 users." in shown
    assert "100% of 1 users" in shown
    assert shown.splitlines()[1].split() == ["Ready", *["1.000"] * 6]


def test_limits_and_settings(preheat_home: Path) -> None:
    asking = ("--synthetic", "office-day", "--days", "10")
    found = [row for row in rows(*asking, "--limit", "4GiB,8GiB") if row["strategy"] == "preheat"]
    assert [row["limit_bytes"] for row in found] == [4 * 2**30, 8 * 2**30]
    assert found[0]["preload_hit_rate"] < found[1]["preload_hit_rate"]
    without = rows(*asking, "--set", "preload_learned=false", "--set", "wake_with_clients=false")[0]
    assert (without["preloads"], without["strategy"]) == (0, "preheat")


@many_replays
def test_a_curve(preheat_home: Path, tmp_path: Path) -> None:
    file = tmp_path / "curve.csv"
    result = run("--synthetic", "bursts", "--days", "2", "--csv", str(file))
    assert (result.exit_code, result.stdout) == (0, "")
    with file.open(newline="") as content:
        written = list(csv.DictReader(content))
    curve = [float(row["preload_hit_rate"]) for row in written if row["strategy"] == "preheat"]
    assert len(curve) == 6
    assert curve[0] < curve[2] <= curve[-1]
    assert len({row["limit_bytes"] for row in written}) == 6
    assert run("--synthetic", "bursts", "--days", "1", "--csv", str(tmp_path / "no" / "file")).exit_code == 1


def test_the_recorded_log(preheat_home: Path, tmp_path: Path) -> None:
    record(paths.data_dir() / "usage.db")
    preheat, _, lru, _, _ = rows("--limit", "2.5GB")
    assert (preheat["requests"], preheat["misses"], lru["strategy"]) == (60, 2, "lru, 2 models")
    assert rows("--limit", "1.5GB")[0]["misses"] > 2
    other = record(tmp_path / "other.db")
    (paths.data_dir() / "usage.db").unlink()
    assert rows("--log", str(other), "--limit", "2.5GB")[0] == preheat
    assert rows("--log", str(other), "--limit", "2.5GB", "--days", "1")[0]["requests"] == 60


def record_weeks(path: Path) -> None:
    """Write a log of five weeks with two models, used by turns for some minutes each day."""
    path.parent.mkdir(parents=True, exist_ok=True)
    log = UsageLog(path)
    began = time.time() - 35 * DAY_S
    for model_id in ("a", "b"):
        log.record(DecisionRecord(began, model_id, Action.LOAD, verbatim("a request"), 10**9, 1.0, "request"))
    for day in range(35):
        for number in range(8):
            at = began + day * DAY_S + number * 60
            log.record(RequestRecord(("a", "b")[number % 2], at, Outcome.HIT))
        reason = EvictionReason.END  # nothing is planned until the next day
        log.record(DecisionRecord(at + 1200, "b", Action.EVICT, verbatim("ends"), 10**9, 0.1, reason.value))
    assert log.write_pending()
    log.close()


@many_replays
def test_tuning_replays_the_recorded_log(preheat_home: Path) -> None:
    record_weeks(paths.data_dir() / "usage.db")
    result = run("--tune", "--set", "memory_limit=1.5GB", "--json")
    assert (result.exit_code, result.stderr) == (0, "")
    found = json.loads(result.stdout)
    assert (found["weeks"], found["requests"], found["written"]) == (4, 224, False)
    assert found["present"] == {"popularity_half_life": 14, "keep_after_use": 60}
    assert found["before"]["waited_s"] >= 0


@pytest.mark.skipif(sys.platform == "win32", reason="there are no such terminals")
@pytest.mark.parametrize(("answer", "written"), [("y", True), ("n", False)])
def test_a_terminal_is_asked_before_better_values_are_written(
    preheat_home: Path, monkeypatch: pytest.MonkeyPatch, answer: str, written: bool
) -> None:
    monkeypatch.delenv("COVERAGE_PROCESS_CONFIG", raising=False)  # as for all many_replays
    record_weeks(paths.data_dir() / "usage.db")
    with Terminal(preheat_home, "replay", "--tune", "--set", "memory_limit=1GB") as terminal:
        asked = terminal.read_until(lambda new: new.endswith("[y/N]: "))
        assert "keep_after_use = 0 instead of 60" in asked
        assert not paths.settings_path().exists()
        terminal.type(f"{answer}\n")
        assert terminal.wait() == 0
    assert ("The settings were written." in terminal.output) is written
    assert "--yes" not in terminal.output
    assert load_settings().keep_after_use == (0 if written else 60)


@pytest.mark.skipif(sys.platform == "win32", reason="there are no such terminals")
def test_ctrl_c_ends_all_replays_of_a_family(preheat_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("COVERAGE_PROCESS_CONFIG", raising=False)
    family = "--synthetic", "family", "--tuning", "--users", "400", "--days", "9"
    with Terminal(preheat_home, "replay", *family) as terminal:
        terminal.read_until(lambda new: "Replayed 1 of 400 users" in new)
        children = psutil.Process(terminal.process.pid).children(recursive=True)
        terminal.type("\x03")
        assert terminal.wait() == 130
    assert "Traceback" not in terminal.output
    assert "Mean" not in terminal.output
    wait_until_gone(children)


@pytest.fixture
def better(preheat_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a shorter half-life be better."""
    record(paths.data_dir() / "usage.db")
    found = Tuning(
        weeks=4,
        better_weeks=3,
        requests=300,
        present={"popularity_half_life": 14.0, "keep_after_use": 60.0},
        proposed={"popularity_half_life": 3.5},
        before=WeeklyFigures(0.9, 20.0, 5.0),
        after=WeeklyFigures(0.95, 12.0, 4.0),
    )
    monkeypatch.setattr("preheat.replay.tune", lambda *_, **__: found, raising=False)


def test_better_values_are_shown_but_not_written_unasked(better: None) -> None:
    shown = run("--tune").stdout
    for words in ("popularity_half_life = 3.5 instead of 14", "95.0 %", "12 s", "3 of 4 weeks", "--yes"):
        assert words in shown
    assert load_settings().popularity_half_life == 14


def test_better_values_are_written_if_that_is_wanted(better: None) -> None:
    assert "written" in run("--tune", "--yes").stdout
    assert load_settings().popularity_half_life == 3.5
    assert json.loads(run("--tune", "--yes", "--json").stdout)["written"] is True


def test_better_values_that_a_variable_overrides(better: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PREHEAT_POPULARITY_HALF_LIFE", "9")
    assert "PREHEAT_POPULARITY_HALF_LIFE overrides" in run("--tune", "--yes").stderr


def test_tuning_without_better_values(better: None, monkeypatch: pytest.MonkeyPatch) -> None:
    figures = WeeklyFigures(0.9, 20.0, 5.0)
    none = Tuning(4, 1, 300, {"popularity_half_life": 14.0, "keep_after_use": 60.0}, {}, figures, figures)
    monkeypatch.setattr("preheat.replay.tune", lambda *_, **__: none)
    shown = run("--tune", "--yes").stdout
    assert "No other values" in shown
    assert "keep_after_use = 60" in shown
    assert not paths.settings_path().exists()


def test_tuning_needs_some_weeks(preheat_home: Path) -> None:
    record(paths.data_dir() / "usage.db")
    result = run("--tune")
    assert (result.exit_code, result.stdout) == (1, "")
    assert "0 weeks and 0 requests" in result.stderr
    assert "history_days" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--users", "3"), "--users has no effect without --synthetic family"),
        (("--synthetic", "steady", "--tuning"), "--tuning has no effect without --synthetic family"),
        (("--seed", "1"), "--seed has no effect without --synthetic"),
        (("--synthetic", "steady", "--yes"), "--yes has no effect without --tune"),
        ((), "no request is on record"),
        (("--synthetic", "nobody"), "office-day"),
        (("--synthetic", "steady", "--limit", "8x"), "not a size"),
        (("--synthetic", "steady", "--limit", "0"), "above 0"),
        (("--synthetic", "all", "--limit", "8GiB"), "all chooses its own limits"),
        (("--synthetic", "family", "--csv", "file"), "family chooses its own limits"),
        (("--synthetic", "steady", "--page-cache", "8x"), "not a size"),
        (("--synthetic", "steady", "--log", __file__), "--log and --synthetic"),
        (("--log", __file__), "file is not a database"),
        (("--synthetic", "family", "--days", "7"), "after the first 7 days"),
        (("--synthetic", "all", "--days", "1"), "after the first 7 days"),
        (("--tune", "--synthetic", "steady"), "your own use"),
    ],
)
def test_replays_that_are_refused(preheat_home: Path, arguments: tuple[str, ...], words: str) -> None:
    result = run(*arguments)
    assert (result.exit_code, result.stdout) == (1, "")
    assert words in result.stderr


def test_the_users_are_listed(preheat_home: Path) -> None:
    lines = run("--synthetic", "list").stdout.splitlines()
    assert [line.split(":")[0] for line in lines][:2] == ["steady", "office-day"]
