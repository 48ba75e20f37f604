from __future__ import annotations

import http.client
import json
import shlex
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from preheat.cli.serve import curl_line, first_words, parse_options
from preheat.control import base_url
from preheat.core import EngineSnapshot, MemorySnapshot, ModelSnapshot, PreloadSnapshot
from preheat.errors import SettingsError
from preheat.residency import State
from preheat.settings import Settings
from processes import workers_of
from tests.engine.application import PREHEAT, TIMEOUT_S, Application, environment, eventually, preheat

CHAT = "smollm2-135m-instruct.q4_1"
EMBED = "all-minilm-l6-v2.q8_0"


def snapshot(*models: ModelSnapshot, preload: bool = True) -> EngineSnapshot:
    return EngineSnapshot("0", 0.0, MemorySnapshot(1, 0, 1), PreloadSnapshot(preload), models=models)


def model(model_id: str, *, favourite: bool = False, embeddings: bool = False) -> ModelSnapshot:
    return ModelSnapshot(model_id, State.COLD, favourite, 1, embeddings)


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("127.0.0.1", "http://127.0.0.1:1"),
        ("0.0.0.0", "http://127.0.0.1:1"),
        ("::", "http://[::1]:1"),
        ("box", "http://box:1"),
    ],
)
def test_url(host: str, url: str) -> None:
    assert base_url(host, 1) == url


def test_the_first_words_say_what_happens(preheat_home: Path) -> None:
    settings = Settings()
    assert str(preheat_home) in first_words(snapshot(), settings)
    assert first_words(snapshot(model("a", favourite=True), model("b")), settings) == "Preloading a"
    assert "off" in first_words(snapshot(model("a", favourite=True), preload=False), settings)
    assert "habits" in first_words(snapshot(model("a")), settings)
    without = first_words(snapshot(model("a")), settings.model_copy(update={"preload_learned": False}))
    assert without.startswith("No favourites to preload: models load when they are requested.")


def test_the_line_to_try_asks_the_favourite_that_writes() -> None:
    models = [model("e", embeddings=True, favourite=True), model("a"), model("it's", favourite=True)]
    words = shlex.split(curl_line("http://h:1", snapshot(*models), needs_key=True))
    assert words[:2] == ["curl", "http://h:1/v1/chat/completions"]
    assert "Authorization: Bearer YOUR_KEY" in words
    assert json.loads(words[-1])["model"] == "it's"
    assert curl_line("http://h:1", snapshot(), needs_key=False) == ""
    assert "/v1/embeddings" in curl_line("http://h:1", snapshot(models[0]), needs_key=False)


def said_by(application: Application, words: str) -> None:
    eventually(lambda: words in application.output, f"{words!r} in the output")


def test_it_says_what_it_does_and_the_line_to_try_works(start: Callable[..., Application]) -> None:
    application = start()
    said_by(application, f"preloaded {EMBED} in ")
    lines = application.output.splitlines()
    assert lines[0].endswith(f"answers on http://127.0.0.1:{application.port}")
    assert CHAT in lines[1]
    assert EMBED in lines[1]
    words = shlex.split(next(line for line in lines if "curl " in line))
    headers = dict([words[words.index("-H") + 1].split(": ")])
    with closing(http.client.HTTPConnection("127.0.0.1", application.port)) as connection:
        connection.request("POST", words[1].partition(f":{application.port}")[2], words[-1], headers)
        answer = json.loads(connection.getresponse().read())
    assert answer["choices"][0]["message"]["content"]
    assert application.json("unload", "smol")["state"] == "cold"
    said_by(application, f"unloaded {CHAT}")
    assert application.json("load", "smol")["state"] == "hot"
    said_by(application, f" loaded {CHAT} in ")


def test_a_model_that_fails_is_told_and_stops_nothing(
    start: Callable[..., Application], starter_home: Path, embedding_model: Path
) -> None:
    broken = starter_home / "data" / "models" / "broken.gguf"
    broken.write_bytes(embedding_model.read_bytes()[:-1_000_000])
    application = start("--set", f"favourites=broken,{EMBED}")
    said_by(application, f"preloaded {EMBED}")
    assert application.states()[EMBED] == "hot"
    if "broken" in application.states():  # a scan may leave out what cannot be whole
        said_by(application, "broken failed: ")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_ends_cleanly_when_idle(start: Callable[..., Application], starter_home: Path, number: int) -> None:
    application = start()
    said_by(application, f"preloaded {EMBED}")
    assert application.stop(number) == 0
    assert application.output.endswith("Preheat has stopped.\n")
    assert not (starter_home / "runtime" / "engine.json").exists()


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL")
def test_killed_it_leaves_no_worker(start: Callable[..., Application], starter_home: Path) -> None:
    application = start()
    said_by(application, f"preloaded {EMBED}")
    assert application.stop(signal.SIGKILL) == -signal.SIGKILL
    assert preheat(starter_home, "status").returncode == 1  # though the runtime file is still there
    assert (starter_home / "runtime" / "engine.json").exists()


def test_it_ends_cleanly_while_loading(start: Callable[..., Application]) -> None:
    application = start()
    assert application.stop() == 0
    assert application.output.endswith("Preheat has stopped.\n")


@pytest.mark.skipif(sys.platform == "win32", reason="Ctrl-C is no signal there")
def test_ctrl_c_before_it_answers_ends_it_quietly(starter_home: Path) -> None:
    process = subprocess.Popen(
        [*PREHEAT, "serve", "--port", "0"],
        env=environment(starter_home),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    # Its first worker is there: the engine starts, and FastAPI is being imported.
    eventually(lambda: bool(workers_of(process.pid)), "the first worker")
    process.send_signal(signal.SIGINT)
    stdout, stderr = process.communicate(timeout=TIMEOUT_S)
    assert (process.returncode, stderr) == (0, "")
    assert stdout.endswith("Preheat has stopped.\n")


@pytest.mark.skipif(sys.platform == "win32", reason="Ctrl-C is no signal there")
def test_an_answer_in_flight_may_finish(start: Callable[..., Application], starter_home: Path) -> None:
    application = start("--set", "shutdown_grace=60")
    asking = ["run", CHAT, "Tell me a story", "--max-tokens", "80", "--seed", "3", "--temperature", "0"]
    whole = application.run(*asking).stdout
    process = subprocess.Popen([*PREHEAT, *asking], env=environment(starter_home), stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    first = process.stdout.read(1)
    application.process.send_signal(signal.SIGINT)
    assert first + process.stdout.read() == whole
    process.stdout.close()
    assert process.wait(TIMEOUT_S) == 0
    assert application.process.wait(TIMEOUT_S) == 0


def test_a_second_one_on_the_port_names_the_first(start: Callable[..., Application], starter_home: Path) -> None:
    application = start()
    second = preheat(starter_home, "serve", "--port", str(application.port))
    assert second.returncode == 1
    assert f"already running on port {application.port}" in second.stderr
    assert f"pid {application.process.pid}" in second.stderr
    assert "preheat serve --port" in second.stderr
    assert len(second.stderr.splitlines()) == 2
    assert application.json("status")["port"] == application.port


def test_a_port_that_another_program_has(preheat_home: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = preheat(preheat_home, "serve", "--port", str(port))
    assert done.returncode == 1
    assert done.stderr.startswith(f"Port {port} is taken by ")


def test_options_go_before_the_settings(
    start: Callable[..., Application], tmp_path: Path, embedding_model: Path
) -> None:
    folder = tmp_path / "a, b"
    folder.mkdir()
    shutil.copy(embedding_model, folder / "mine.gguf")  # a link to a model that is there already is no other model
    application = start("--no-preload", "--models-dir", str(folder), "--set", "memory_limit=3GB", PREHEAT_PARALLEL="2")
    status = application.json("status")
    assert status["memory"]["limit_bytes"] == 3_000_000_000
    assert status["preload"]["enabled"] is False
    assert {model["id"]: model["state"] for model in status["models"]}["mine"] == "cold"
    assert "Preloading is off" in application.output


def test_a_missing_models_folder_is_named(preheat_home: Path) -> None:
    with pytest.raises(SettingsError) as caught:
        parse_options([preheat_home / "nowhere"], None, None, False, None)
    assert (caught.value.message.code, caught.value.param) == ("cli_no_folder", "models_dirs")
    done = preheat(preheat_home, "serve", "--models-dir", str(preheat_home / "nowhere"), COLUMNS="20")
    assert (done.returncode, done.stderr.splitlines()[0]) == (2, f"There is no folder {preheat_home / 'nowhere'}.")


def test_a_broken_settings_file_is_replaced_by_the_last_good_one_until_it_is_corrected(
    start: Callable[..., Application], preheat_home: Path
) -> None:
    file = preheat_home / "config" / "settings.toml"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("downloads_at_once =\n")
    good = preheat_home / "data" / "settings-last-good.toml"
    good.parent.mkdir(parents=True, exist_ok=True)
    good.write_text('favourites = []\nmemory_limit = "3GB"\n')
    application = start("--no-preload")
    said_by(application, "The last good settings apply.")
    assert application.json("status")["memory"]["limit_bytes"] == 3_000_000_000
    file.write_text('memory_limit = "2GB"\n')
    eventually(lambda: application.json("status")["memory"]["limit_bytes"] == 2_000_000_000, "the corrected file")


def test_a_log_file_is_kept(start: Callable[..., Application], starter_home: Path) -> None:
    start()
    log = starter_home / "logs" / "preheat.log"
    eventually(lambda: f"model {EMBED}: warming -> hot" in log.read_text(), "the log")
