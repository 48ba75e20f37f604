from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.engine.application import PREHEAT, TIMEOUT_S, Application, environment, eventually, make_home, preheat
from tests.engine.terminal import Terminal

CHAT = "smollm2-135m-instruct.q4_1"
EMBED = "all-minilm-l6-v2.q8_0"


def test_status(application: Application) -> None:
    eventually(lambda: application.states() == {EMBED: "hot", CHAT: "hot"}, "both models hot")
    status = application.json("status")
    assert (status["pid"], status["port"]) == (application.process.pid, application.port)
    assert status["memory"]["used_bytes"] > 100_000_000
    lines = application.run("status").stdout.splitlines()
    assert f"http://127.0.0.1:{application.port}" in lines[0]
    assert lines[1].startswith("Memory    0.")
    assert lines[2].startswith("Hit rate  ")
    assert [line.split()[:2] for line in lines[-2:]] == [[EMBED, "hot"], [CHAT, "hot"]]


def test_load_and_unload(application: Application) -> None:
    assert application.json("unload", "SMOL")["state"] == "cold"
    assert [model["id"] for model in application.json("ps")] == [EMBED]
    loaded = application.json("load", "smol")
    assert (loaded["id"], loaded["state"]) == (CHAT, "hot")
    assert {model["id"] for model in application.json("ps")} == {CHAT, EMBED}
    assert application.run("unload", CHAT).stdout == f"{CHAT}: cold.\n"
    assert application.run("load", CHAT).stdout.startswith(f"{CHAT}: hot, loaded in ")
    assert CHAT in application.run("ps").stdout


def test_ps_of_nothing(application: Application) -> None:
    application.json("unload", CHAT)
    application.json("unload", EMBED)
    assert application.json("ps") == []
    assert application.run("ps").stdout == "No model is loaded.\n"
    assert {model["id"]: model["state"] for model in application.json("list")} == {CHAT: "cold", EMBED: "cold"}


@pytest.mark.parametrize("command", [["load", "smoll3"], ["unload", "smoll3"], ["run", "smoll3", "Hi"]])
def test_an_unknown_model_names_near_ones(application: Application, command: list[str]) -> None:
    done = application.run(*command)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == f'There is no model named "smoll3".\n  Did you mean {CHAT}?\n'


def test_run(application: Application) -> None:
    # The likeliest answer is far ahead: otherwise what else is in the KV cache would decide between near ties.
    question = "Count from one to ten."
    asking = ["run", CHAT, question, "--temperature", "0", "--max-tokens", "12"]
    shown = application.run(*asking)
    assert (shown.returncode, shown.stderr) == (0, "")
    answer = application.json(*asking)
    assert answer["text"] + "\n" == shown.stdout
    assert answer["completion_tokens"] <= 12
    assert answer["finish_reason"] in ("stop", "length")
    assert application.run("run", CHAT, *asking[3:], stdin=f"{question}\n").stdout == shown.stdout
    assert application.run(*asking, "--system", "Say nothing but moo").stdout != shown.stdout


def test_run_of_nothing(application: Application) -> None:
    done = application.run("run", CHAT, stdin=" \n")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("There is no prompt.")


@pytest.mark.parametrize(
    ("command", "words"),
    [
        (["run", EMBED, "Hi"], "embeddings, not text"),
        (["embed", "Hi", "--model", CHAT], "text, not embeddings"),
        (["run", CHAT, "Hi", "--temperature", "9"], "temperature"),
    ],
)
def test_what_cannot_be_done_is_said(
    application: Application, starter_home: Path, command: list[str], words: str
) -> None:
    for done in (application.run(*command), preheat(starter_home, *command)):
        assert (done.returncode, done.stdout) == (1, "")
        assert words in done.stderr
        assert len(done.stderr.splitlines()) <= 2


def test_the_application_and_an_own_engine_embed_alike(application: Application, starter_home: Path) -> None:
    with_it = application.json("embed", "test")
    alone = json.loads(preheat(starter_home, "embed", "test", "--json").stdout)
    assert with_it == alone
    assert (with_it["model"], with_it["dimensions"]) == (EMBED, 384)
    assert [len(vector) for vector in with_it["embeddings"]] == [384]


def test_embed_reads_lines(application: Application) -> None:
    answer = application.json("embed", "zero", "-", stdin="one\n\ntwo\n")
    assert len(answer["embeddings"]) == 3
    shown = application.run("embed", "-", stdin="one\ntwo").stdout.splitlines()
    assert [line.split(":")[0] for line in shown] == ["one", "two"]
    assert all("384 numbers" in line for line in shown)
    assert application.json("embed", "-", stdin="")["embeddings"] == []


def test_run_without_the_application(starter_home: Path) -> None:
    done = preheat(starter_home, "run", "smol", "Name a colour", "--temperature", "0", "--max-tokens", "3")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.strip()


@pytest.mark.skipif(sys.platform == "win32", reason="Ctrl-C is no signal there")
@pytest.mark.parametrize("own", [False, True])
def test_ctrl_c_ends_an_answer(application: Application, starter_home: Path, own: bool) -> None:
    home = starter_home if own else application.home
    asking = ["run", CHAT, "Count to ten thousand: 1, 2, 3,", "--max-tokens", "4000", "--temperature", "0"]
    process = subprocess.Popen(
        [*PREHEAT, *asking], env=environment(home), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    process.stdout.read(1)
    process.send_signal(signal.SIGINT)
    _, stderr = process.communicate(timeout=TIMEOUT_S)
    assert (process.returncode, stderr) == (130, "")
    idle = lambda: not any(model["active_requests"] for model in application.json("status")["models"])  # noqa: E731
    eventually(idle, "the request's end")


@pytest.mark.skipif(sys.platform == "win32", reason="there are no such terminals")
@pytest.mark.parametrize("own", [False, True])
def test_a_chat(application: Application, starter_home: Path, own: bool) -> None:
    home = starter_home if own else application.home
    with Terminal(home, "run", CHAT, "--temperature", "0") as terminal:
        terminal.read_until(lambda new: new.endswith(">>> "))
        terminal.type("Say hi\n")
        assert len(terminal.read_until(lambda new: new.endswith(">>> "))) > 20
        terminal.type("Count from 1 to ten thousand, with every number: 1, 2, 3,\n")
        terminal.read_until(lambda new: len(new) > 200)
        terminal.type("\x03")
        assert "Stopped." in terminal.read_until(lambda new: new.endswith(">>> "))
        terminal.type("\x03")
        assert "Ctrl-D" in terminal.read_until(lambda new: new.endswith(">>> "), insist="\x03")
        terminal.type("\x04")
        assert terminal.wait() == 0
    assert "Traceback" not in terminal.output


@pytest.mark.skipif(sys.platform == "win32", reason="there are no such terminals")
def test_loading_on_a_terminal_shows_progress(application: Application) -> None:
    application.json("unload", CHAT)
    with Terminal(application.home, "load", "smol") as terminal:
        assert terminal.wait() == 0
    assert "Loading" in terminal.output
    assert f"{CHAT}: hot" in terminal.output
    with Terminal(application.home, "load", "smoll3") as failing:
        assert failing.wait() == 1
    assert "Did you mean" in failing.output
    assert "Traceback" not in failing.output


@pytest.mark.skipif(sys.platform == "win32", reason="there are no such terminals")
@pytest.mark.parametrize("ending", ["q", "\x03"])
def test_top_is_live(application: Application, ending: str) -> None:
    application.json("load", CHAT)
    with Terminal(application.home, "top", width=80, height=24) as terminal:
        assert "\x1b[?1049h" in terminal.read_until(lambda new: "hot" in new and CHAT in new)
        application.json("unload", CHAT)
        terminal.read_until(lambda new: "cold" in new or "standby" in new)
        terminal.resize(60, 20)
        assert EMBED in terminal.read_until(lambda new: "Preheat" in new and EMBED in new)
        terminal.type(ending)
        assert terminal.wait() == 0
    assert terminal.output.rstrip().endswith("\x1b[?1049l")  # the screen is as before
    assert "\x1b[?25h" in terminal.output
    assert "Traceback" not in terminal.output


@pytest.mark.skipif(sys.platform == "win32", reason="there are no such terminals")
def test_top_waits_for_preheat(tmp_path: Path, embedding_model: Path) -> None:
    home = make_home(tmp_path / "home", [embedding_model])
    first = Application(home)
    with Terminal(home, "top", width=80, height=24) as terminal:
        terminal.read_until(lambda new: EMBED in new)
        first.stop()
        terminal.read_until(lambda new: "not running" in new)
        second = Application(home)
        terminal.read_until(lambda new: EMBED in new)
        terminal.type("q")
        assert terminal.wait() == 0
    second.stop()


@pytest.mark.parametrize("options", [{}, {"TERM": "dumb"}])
def test_top_prints_a_picture_in_a_pipe(application: Application, options: dict[str, str]) -> None:
    shown = preheat(application.home, "top", **options).stdout
    assert "used by models" in shown
    assert "\x1b" not in shown
    assert EMBED in shown
    assert application.json("top", "--once")["pid"] == application.process.pid


def test_words_of_completion_follow_the_running_application(application: Application) -> None:
    application.json("unload", EMBED)
    expected = {"model": [EMBED, CHAT], "loaded": [CHAT], "favourite": application.json("favourites")}

    def offered() -> bool:  # nothing, if the application does not answer in half a second
        return {kind: application.run("__complete", kind).stdout.split() for kind in expected} == expected

    eventually(offered, f"{expected}")


def test_day(application: Application) -> None:
    application.run("run", CHAT, "Hi", "--max-tokens", "2")
    lanes = {lane["model"]: lane for lane in application.json("day")["lanes"]}
    assert lanes[CHAT]["requests"][-1]["ready"]
    assert lanes[CHAT]["stays"][-1]["ends_at"] > lanes[CHAT]["requests"][-1]["at"]
    shown = application.run("day").stdout
    assert "found their model ready" in shown
    assert "●" in shown
