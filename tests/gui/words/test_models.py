"""Words about models."""

from __future__ import annotations

import math
from datetime import datetime, timedelta
from typing import Any

import pytest

from fake_bridge import URL, model, snapshot
from preheat.control import PortStatus, RoomSnapshot
from preheat.messages import msg, verbatim
from preheat.residency import Action, DecisionRecord, EvictionReason, State
from preheat_gui.words import (
    TOOLTIP_CHARS,
    Kind,
    Problem,
    decision_sentence,
    fit_words,
    list_names,
    model_state,
    paused_words,
    percent,
    percent_done,
    short_name,
    status_line,
    tooltip,
)

NOW = datetime(2026, 3, 4, 16, 30)
OPEN = PortStatus(url=URL, error=None)
HOT = [model(name, State.HOT, resident_bytes=1_400_000_000) for name in ("qwen3-4b", "mistral-7b", "gemma-3-1b")]
PROBLEM = Problem(Kind.PORT_TAKEN, "Port 11435 is taken by ollama.", "End it, or use another port.")


@pytest.mark.parametrize("state", State)
def test_every_state_has_words(state: State) -> None:
    words = model_state(model(state=state))
    assert words
    assert state.value not in words.split()


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"state": State.HOT}, "Ready"),
        ({"state": State.COLD, "standby": True}, "Cached"),
        ({"state": State.COLD}, "Not loaded"),
        ({"state": State.LOADING, "progress": 0.639}, "Loading 63 %"),
        ({"state": State.WARMING, "progress": None}, "Loading"),
        ({"state": State.FAILED}, "Failed"),
    ],
)
def test_states(values: dict[str, Any], words: str) -> None:
    assert model_state(model(**values)) == words


def test_the_tooltip_when_models_are_hot() -> None:
    assert tooltip(snapshot(*HOT), hit_rate=0.94, problem=None) == "3 models ready · 4.2 of 8 GB · 94 % hits today"
    assert tooltip(snapshot(HOT[0]), hit_rate=None, problem=None) == "1 model ready · 1.4 of 8 GB"


def test_the_tooltip_when_nothing_is() -> None:
    assert tooltip(snapshot(), hit_rate=None, problem=None) == "No models yet"
    assert tooltip(snapshot(model()), hit_rate=0.5, problem=None) == "No models loaded · 50 % hits today"
    off = snapshot(HOT[0], enabled=False)
    assert tooltip(off, hit_rate=None, problem=None) == "1 model ready · 1.4 of 8 GB · preloading is off"


def test_the_tooltip_while_preloading() -> None:
    loading = model("qwen3-4b", State.LOADING, progress=0.63, load_left_s=3.9)
    during = snapshot(HOT[1], loading, queue=("qwen3-4b", "gemma"), round_done=1, round_total=3, round_progress=0.5)
    assert tooltip(during, hit_rate=0.9, problem=None) == "Preloading 2 of 3: qwen3-4b 63 %, about 4 s"
    alone = snapshot(loading, queue=("qwen3-4b",), round_total=1)
    assert tooltip(alone, hit_rate=None, problem=None) == "Preloading qwen3-4b 63 %, about 4 s"


def test_the_tooltip_while_a_request_waits() -> None:
    waited_for = model("phi-4", State.LOADING, progress=0.2, load_left_s=0.3)
    words = tooltip(snapshot(waited_for), hit_rate=None, problem=None)
    assert words == "Loading phi-4 20 %, about 1 s"
    preloaded = model("gemma", State.LOADING, progress=0.5)
    both = snapshot(preloaded, waited_for, queue=("gemma",), round_total=1)
    assert tooltip(both, hit_rate=None, problem=None) == "Loading phi-4 20 %, about 1 s"


def test_the_tooltip_while_paused() -> None:
    paused = snapshot(HOT[0], paused_until=(NOW + timedelta(hours=1)).timestamp())
    assert tooltip(paused, hit_rate=None, problem=None, now=NOW).startswith("Paused until 17:30 · 1 model ready")


def test_the_status_line_while_room_is_kept() -> None:
    kept = snapshot(model("a"), room=RoomSnapshot(0, None, (NOW + timedelta(hours=1)).timestamp()))
    assert status_line(kept, OPEN, now=NOW) == "Room for other apps until 17:30 · No models loaded"


def test_a_problem_goes_before_everything() -> None:
    assert tooltip(snapshot(*HOT), hit_rate=0.9, problem=PROBLEM) == PROBLEM.text
    assert status_line(snapshot(*HOT), OPEN, problem=PROBLEM) == PROBLEM.sentence


def test_the_tooltip_is_never_too_long() -> None:
    long = Problem(Kind.LOAD_FAILED, "x " * 200, "")
    assert len(tooltip(snapshot(), hit_rate=None, problem=long)) <= TOOLTIP_CHARS
    name = "a-model-whose-name-" * 9 + "q4_k_m"
    loading = model(name, State.LOADING, progress=0.5, load_left_s=12.0)
    words = tooltip(snapshot(loading, queue=(name,), round_total=12), hit_rate=None, problem=None)
    assert words.startswith("Preloading 1 of 12: a-model")
    assert words.endswith("q4_k_m 50 %, about 12 s")
    assert len(words) <= TOOLTIP_CHARS


def test_the_status_line() -> None:
    assert status_line(snapshot(*HOT), OPEN) == "3 models ready · 4.2 of 8 GB"
    ended = PortStatus(url=None, error=None, engine_error=verbatim("The engine has ended."))
    assert status_line(snapshot(*HOT), ended) == "The engine has ended."


def test_the_end_of_a_pause() -> None:
    def words(pause: timedelta) -> str:
        return paused_words((NOW + pause).timestamp(), NOW)

    assert words(timedelta(hours=1)) == "Paused until 17:30"
    assert words(timedelta(hours=13, minutes=30)) == "Paused until tomorrow, 06:00"
    assert words(timedelta(days=3)) == "Paused for 3 days"
    assert paused_words(math.inf, NOW) == "Paused until you resume"


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        (
            {
                "action": Action.EVICT,
                "reason": verbatim("made room for qwen3-8b"),
                "idle_s": 7200.0,
                "cause": EvictionReason.ROOM,
            },
            "Unloaded mistral-7b: made room for qwen3-8b, idle 2 h",
        ),
        ({"action": Action.UNLOAD, "reason": verbatim("asked for")}, "Unloaded mistral-7b: asked for"),
        (
            {"action": Action.UNLOAD, "reason": verbatim("as requested"), "cause": EvictionReason.USER, "idle_s": 60.0},
            "You unloaded mistral-7b",
        ),
        (
            {"action": Action.UNLOAD, "reason": verbatim("shutting down"), "cause": EvictionReason.END},
            "Preheat quit and unloaded mistral-7b",
        ),
        (
            {"action": Action.LOAD, "reason": verbatim("a request"), "seconds": 1.64},
            "Loaded mistral-7b in 1.6 s: a request",
        ),
        (
            {"action": Action.PRELOAD, "reason": verbatim("favourite 1"), "seconds": 3.0},
            "Preloaded mistral-7b in 3 s: favourite 1",
        ),
        ({"action": Action.PRELOAD, "reason": verbatim("")}, "Preloaded mistral-7b"),
        (
            {"action": Action.EVICT, "reason": verbatim("made room for qwen3-8b"), "idle_s": 60.0, "wasted": True},
            "Unloaded mistral-7b: made room for qwen3-8b; it was not used",
        ),
        (
            {"action": Action.UNLOAD, "reason": verbatim(""), "cause": "user", "wasted": True},
            "You unloaded mistral-7b; it was not used",
        ),
        (
            {"action": Action.CANCEL, "reason": verbatim("asked for"), "idle_s": 60.0},
            "Stopped loading mistral-7b: asked for",
        ),
        (
            {"action": Action.FAIL, "reason": verbatim("the file ends early")},
            "mistral-7b did not load: the file ends early",
        ),
        (
            {"action": Action.FAIL, "reason": msg("worker_ended", reason=msg("exit_killed")), "cause": "worker_died"},
            "mistral-7b crashed: it was killed, possibly out of memory",
        ),
        (
            {"action": Action.FAIL, "reason": msg("worker_hung"), "cause": "worker_hung"},
            "mistral-7b stopped responding",
        ),
        (
            {
                "action": Action.FAIL,
                "reason": msg("worker_ended", reason=msg("exit_out_of_memory")),
                "cause": "insufficient_memory",
            },
            "mistral-7b ran out of memory",
        ),
    ],
)
def test_decision_sentences(values: dict[str, Any], sentence: str) -> None:
    assert decision_sentence(DecisionRecord(at=0.0, model_id="mistral-7b", **values)) == sentence


@pytest.mark.parametrize("action", Action)
def test_every_decision_has_a_sentence(action: Action) -> None:
    assert "mistral-7b" in decision_sentence(
        DecisionRecord(at=0.0, model_id="mistral-7b", action=action, reason=verbatim(""))
    )


def test_whether_a_model_fits() -> None:
    now = snapshot(model("qwen3-8b", State.HOT, resident_bytes=6_000_000_000))
    assert fit_words(model(expected_bytes=2_000_000_000), now) == "fits now"
    assert fit_words(model(expected_bytes=8_000_000_000), now) == "fits if qwen3-8b leaves"
    assert fit_words(model(expected_bytes=10_100_000_000), now) == "too big for the limit by 2.1 GB"


@pytest.mark.parametrize(
    ("share", "words"),
    [(0.0, "0 %"), (0.001, "1 %"), (0.944, "94 %"), (0.9999, "99 %"), (1.0, "100 %")],
)
def test_rates_are_honest_at_the_ends(share: float, words: str) -> None:
    assert percent(share) == words


@pytest.mark.parametrize(("share", "words"), [(0.29, "29 %"), (0.999, "99 %"), (1.2, "100 %"), (-1.0, "0 %")])
def test_progress_is_rounded_down(share: float, words: str) -> None:
    assert percent_done(share) == words


def test_long_names_keep_their_end() -> None:
    name = "mistral-7b-instruct-v0.3-abliterated-q4_k_m"
    assert short_name("qwen3-4b") == "qwen3-4b"
    short = short_name(name, 20)
    assert len(short) == 20
    assert short == "mistral-7…ted-q4_k_m"


def test_names_in_a_sentence() -> None:
    assert list_names([]) == ""
    assert list_names(["a"]) == "a"
    assert list_names(["a", "b"]) == "a and b"
    assert list_names(["a", "b", "c"]) == "a, b and c"
    assert list_names(["a", "b", "c", "d"]) == "a, b and 2 more"
