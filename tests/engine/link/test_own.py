"""An engine of this process, as the windows have it."""

from __future__ import annotations

import errno
import json
import socket
import threading
import time
import tomllib
import urllib.request
from typing import Any

import pytest

from preheat import paths
from preheat.control.client import find_running
from preheat.core.engine import Engine
from preheat.core.snapshot import EngineSnapshot
from preheat.errors import (
    EngineStoppedError,
    ModelNotFoundError,
    NotRunningError,
    PortInUseError,
    SettingsError,
    UnsupportedOperationError,
)
from preheat.inference import GenerateRequest, Sampling
from preheat.link.link import PortStatus
from preheat.link.own import OwnEngineLink
from preheat.residency.decisions import Action
from preheat.residency.states import State
from tests.engine.application import eventually
from tests.engine.link.conftest import StartLink, workers_of_this_process

CHAT = "smollm2-135m-instruct.q4_1"
EMBED = "all-minilm-l6-v2.q8_0"
ENDLESS = GenerateRequest(prompt="1, 2, 3, 4, 5,", sampling=Sampling(temperature=0))


def get(url: str | None, path: str) -> dict[str, Any]:
    with urllib.request.urlopen(f"{url}{path}", timeout=10) as response:
        content: dict[str, Any] = json.load(response)
        return content


def state(link: OwnEngineLink, model_id: str) -> State | None:
    model = link.snapshot.model(model_id)
    return None if model is None else model.state


def refused(url: str) -> bool:
    try:
        get(url, "/health")
    except OSError:
        return True
    return False


def port_of(url: str | None) -> int:
    assert url is not None
    return int(url.rpartition(":")[2])


def test_a_model_is_loaded_used_and_unloaded(start_link: StartLink) -> None:
    link = start_link()
    states: list[State | None] = []
    end = link.subscribe(lambda snapshot: states.append(getattr(snapshot.model(EMBED), "state", None)))
    link.load(EMBED)
    assert state(link, EMBED) is State.HOT
    assert link.why(EMBED)
    link.unload(EMBED)
    assert state(link, EMBED) is State.COLD
    assert {State.LOADING, State.WARMING, State.UNLOADING} <= set(states)
    end()
    seen = len(states)
    link.pause(60)
    assert link.snapshot.preload.paused
    link.resume()
    assert not link.snapshot.preload.paused
    assert len(states) == seen


def test_the_port_shows_the_same_engine(start_link: StartLink) -> None:
    link = start_link()
    link.load(EMBED)
    status = get(link.port.url, "/preheat/v1/status")
    assert {model["id"]: model["state"] for model in status["models"]} == {EMBED: "hot", CHAT: "cold"}


def test_a_name_that_is_none_is_an_error(start_link: StartLink) -> None:
    with pytest.raises(ModelNotFoundError):
        start_link().load("nosuch")


def test_favourites_are_written(start_link: StartLink) -> None:
    link = start_link()
    link.set_favourites([EMBED])
    link.set_favourite(CHAT, True)
    assert link.snapshot.favourites == (EMBED, CHAT)
    link.set_favourite(EMBED, False)
    assert link.snapshot.favourites == (CHAT,)
    assert tomllib.loads(paths.settings_path().read_text())["favourites"] == [CHAT]


def test_a_lower_limit_evicts(start_link: StartLink) -> None:
    link = start_link()
    link.load(EMBED)
    link.load(CHAT)
    held = link.snapshot.model(CHAT)
    assert held is not None
    change = link.change_settings({"memory_limit": f"{held.resident_bytes + 20_000_000}B"})
    assert (change.changed, change.overridden, change.restart_needed) == (("memory_limit",), {}, ())
    assert change.settings == link.settings()
    eventually(lambda: state(link, EMBED) is State.COLD, "the eviction of what was used longer ago")
    assert state(link, CHAT) is State.HOT
    assert 0 < link.snapshot.memory.used_bytes <= link.snapshot.memory.limit_bytes


def test_one_models_own_settings_hold(start_link: StartLink) -> None:
    link = start_link()
    change = link.change_model_settings(CHAT, {"context_length": "1024"})
    assert change.changed == ("models",)
    assert change.settings.for_model(CHAT).context_length == 1024
    assert link.change_model_settings(CHAT, {"context_length": None}).settings.for_model(CHAT).context_length == 2048


def test_wrong_settings_change_nothing(start_link: StartLink) -> None:
    link = start_link()
    before = link.settings()
    with pytest.raises(SettingsError) as caught:
        link.change_settings({"preload_top": "9", "threads": "2"})
    assert caught.value.param == "preload_top"
    assert link.settings() == before


def test_a_changed_file_is_read_again(start_link: StartLink) -> None:
    link = start_link()
    path = paths.settings_path()
    path.write_text(path.read_text() + "\npreload_min_uses = 7\n")
    assert link.reload_settings().changed == ("preload_min_uses",)
    assert link.settings().preload_min_uses == 7


def test_another_port_takes_over_and_answers_in_flight_end_well(start_link: StartLink, free_port: int) -> None:
    link = start_link()
    link.load(CHAT)
    old = link.port.url
    body = json.dumps({"model": CHAT, "prompt": "1, 2, 3,", "max_tokens": 60, "stream": True}).encode()
    request = urllib.request.Request(f"{old}/v1/completions", body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=30) as answer:
        assert answer.readline().startswith(b"data: ")
        change = link.change_settings({"port": str(free_port)})
        assert (change.restart_needed, link.port) == ((), PortStatus(f"http://127.0.0.1:{free_port}"))
        assert get(link.port.url, "/preheat/v1/status")["port"] == free_port
        assert answer.read().endswith(b"data: [DONE]\n\n")
    eventually(lambda: refused(str(old)), "the old port's end")
    with find_running() as running:
        assert running.port == free_port


def test_a_change_that_keeps_the_address_refuses_nobody(start_link: StartLink) -> None:
    link = start_link()
    url = link.port.url
    missed: list[Exception] = []
    ended = threading.Event()

    def ask() -> None:
        while not ended.is_set():
            try:
                get(url, "/health")
            except OSError as error:
                missed.append(error)

    asking = threading.Thread(target=ask)
    asking.start()
    assert link.change_settings({"allowed_origins": "https://example.org"}).restart_needed == ()
    time.sleep(0.3)  # until the old server has ended, too
    ended.set()
    asking.join()
    assert (missed, link.port.url) == ([], url)
    request = urllib.request.Request(f"{url}/health", headers={"Origin": "https://example.org"})
    with urllib.request.urlopen(request, timeout=10) as answer:
        assert answer.headers["Access-Control-Allow-Origin"] == "https://example.org"


def test_a_port_that_is_taken_leaves_the_old_one_open(start_link: StartLink, taken: socket.socket) -> None:
    link = start_link()
    old = link.port.url
    number = taken.getsockname()[1]
    change = link.change_settings({"port": str(number)})
    assert change.restart_needed == ("port",)
    assert link.port.url == old
    assert isinstance(link.port.error, PortInUseError)
    assert str(number) in link.port.error.title
    assert get(old, "/health")["app"] == "preheat"
    link.load(EMBED)


def test_an_address_that_cannot_be_had_brings_the_old_one_back(start_link: StartLink, free_port: int) -> None:
    link = start_link(port=free_port)
    change = link.change_settings({"host": "192.0.2.1", "api_keys": "sesame"})  # nobody's address
    assert set(change.restart_needed) == {"host", "api_keys"}
    assert (link.port.url, isinstance(link.port.error, SettingsError)) == (f"http://127.0.0.1:{free_port}", True)
    assert get(link.port.url, "/health")["app"] == "preheat"


def test_the_engine_runs_without_its_port_and_gets_it_later(start_link: StartLink, taken: socket.socket) -> None:
    number = taken.getsockname()[1]
    link = start_link(port=number)
    assert link.port.url is None
    assert isinstance(link.port.error, PortInUseError)
    assert link.port.engine_error is None
    link.load(EMBED)
    taken.close()
    link.restart()
    assert link.port == PortStatus(f"http://127.0.0.1:{number}")
    assert state(link, EMBED) is State.HOT


def test_the_same_port_again_is_another_try(start_link: StartLink, taken: socket.socket) -> None:
    number = taken.getsockname()[1]
    link = start_link(port=number)
    taken.close()
    assert link.change_settings({"port": str(number)}).changed == ()
    assert link.port == PortStatus(f"http://127.0.0.1:{number}")


def test_a_change_through_the_port_opens_it_anew_too(start_link: StartLink, free_port: int) -> None:
    link = start_link()
    with find_running() as running:
        answer = running.control("PATCH", "settings", {"port": free_port})
    assert answer["restart_needed"] == []
    assert link.port.url == f"http://127.0.0.1:{free_port}"


def test_answers_come_and_are_shown_while_they_do(start_link: StartLink) -> None:
    link = start_link()
    shown: list[EngineSnapshot] = []
    link.subscribe(shown.append)
    waits: list[str] = []
    answer = link.generate(CHAT, ENDLESS, waits.append)
    for _ in range(20):
        next(answer)
    eventually(
        lambda: any(request.tokens_per_s for snapshot in shown for request in snapshot.requests), "tokens per second"
    )
    (request,) = link.snapshot.requests
    assert (request.client.partition("/")[0], request.model_id, request.waiting) == ("preheat", CHAT, False)
    assert any(request.waiting for snapshot in shown for request in snapshot.requests)
    assert waits[-1].startswith(f"loading {CHAT}")
    answer.close()
    eventually(lambda: not link.snapshot.requests, "the end of the request")


def test_vectors(start_link: StartLink) -> None:
    (vector,) = start_link().embed(EMBED, ["test"])
    assert len(vector) == 384


def test_a_model_of_the_other_kind_writes_nothing(start_link: StartLink) -> None:
    with pytest.raises(UnsupportedOperationError):
        next(start_link().generate(EMBED, ENDLESS))


def test_figures_and_decisions(start_link: StartLink) -> None:
    link = start_link()
    link.load(EMBED)
    usage = link._usage_log()
    assert usage.flush()
    (decision,) = link.decisions()
    assert (decision.model_id, decision.action.value) == (EMBED, "load")
    assert link.decisions(limit=1) == [decision]
    stats = link.stats("7d")
    assert (stats["total"]["span"]["loads"], stats["memory"]["used_bytes"] > 0) == (1, True)


def test_figures_that_are_not_kept(start_link: StartLink) -> None:
    link = start_link(history_days=0)
    for ask in (link.stats, link.decisions):
        with pytest.raises(UnsupportedOperationError):
            ask()


def kill(link: OwnEngineLink) -> None:
    """Throw something out of the engine's loop."""
    assert link._thread is not None
    loop = link._thread._loop.result()

    def fail() -> None:
        raise SystemExit("a test")

    loop.call_soon_threadsafe(fail)
    eventually(lambda: link.port.engine_error is not None, "the engine's end")


def test_an_engine_that_dies_is_noticed_and_started_anew(start_link: StartLink) -> None:
    link = start_link()
    link.load(EMBED)
    workers = workers_of_this_process()
    answer = link.generate(CHAT, ENDLESS)
    next(answer)
    statuses: list[PortStatus] = []
    link.on_port(statuses.append)
    kill(link)
    assert statuses[-1] == PortStatus(engine_error="Preheat's engine has ended unexpectedly: a test.")
    with pytest.raises(EngineStoppedError):
        list(answer)
    with pytest.raises(EngineStoppedError):
        link.load(EMBED)
    assert link.settings().threads == 1
    eventually(lambda: not any(worker.is_running() for worker in workers), "the workers' end")
    link.restart()
    link.load(EMBED)
    eventually(lambda: link.port.url is not None, "the port")
    assert (state(link, EMBED), link.port.engine_error) == (State.HOT, None)
    with find_running() as running:
        assert f":{running.port}" in str(link.port.url)


def test_a_decision_is_told_as_soon_as_it_is_seen(start_link: StartLink) -> None:
    link = start_link()
    link.load(EMBED)
    link.unload(EMBED)
    eventually((paths.data_dir() / "usage.db").exists, "the log's file")  # what is not written yet is not in it
    for _ in range(3):
        link.load(EMBED)
        assert link.decisions()[0].action is Action.LOAD
        link.unload(EMBED)
        assert link.decisions()[0].action is Action.UNLOAD


def test_an_engine_that_cannot_start_says_why(start_link: StartLink, monkeypatch: pytest.MonkeyPatch) -> None:
    async def start(engine: Engine, *, at_login: bool) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(Engine, "start", start)
        link = start_link(wait=False)
        with pytest.raises(EngineStoppedError):
            link.load(EMBED)
        eventually(lambda: link.port.engine_error is not None, "the engine's end")
    assert "No space left on device" in str(link.port.engine_error)
    assert link.port.url is None
    link.restart()
    link.load(EMBED)
    assert link.port.engine_error is None


def test_settings_that_cannot_be_read_are_told_not_raised(start_link: StartLink) -> None:
    paths.settings_path().parent.mkdir(parents=True, exist_ok=True)
    paths.settings_path().write_text("port = 'none'\n")
    link = OwnEngineLink()
    assert "settings.toml line 1" in str(link.port.engine_error)
    assert link.snapshot.models == ()
    with pytest.raises(EngineStoppedError):
        link.load(EMBED)
    with pytest.raises(SettingsError):
        link.restart()
    paths.settings_path().write_text("port = 0\npreload = false\n")
    link.restart()
    link.load(EMBED)
    assert link.port.engine_error is None
    link.close()


def test_nothing_blocks_while_the_engine_starts(start_link: StartLink) -> None:
    began = time.perf_counter()
    link = start_link(wait=False)
    seen: list[EngineSnapshot] = []
    link.subscribe(seen.append)
    assert len(seen) >= 1
    assert link.port.engine_error is None
    assert time.perf_counter() - began < 1.0
    link.close()  # before it has started


def test_the_end_waits_for_answers_no_longer_than_the_grace(start_link: StartLink) -> None:
    link = start_link(shutdown_grace=0.3)
    answer = link.generate(CHAT, ENDLESS)
    next(answer)
    workers = workers_of_this_process()
    began = time.monotonic()
    link.close()
    assert 0.3 <= time.monotonic() - began < 5
    assert not any(worker.is_running() for worker in workers)
    with pytest.raises(Exception, match=r"ended|shutting down"):
        list(answer)
    with pytest.raises(NotRunningError):
        find_running()
    link.close()
