"""An engine of this process, as the windows have it."""

from __future__ import annotations

import asyncio
import errno
import http.client
import json
import socket
import threading
import tomllib
import urllib.request
from contextlib import suppress
from typing import Any

import pytest

from preheat import paths
from preheat.control import (
    AddFavourite,
    ChangeModelSettings,
    ChangeSettings,
    Command,
    DropFavourite,
    EstimateMemory,
    ExpectModel,
    ExplainModel,
    GetModel,
    GetSettings,
    GetStats,
    ListDecisions,
    LoadModel,
    PausePreloading,
    PortStatus,
    ReloadSettings,
    ResumePreloading,
    SetFavourites,
    UnloadModel,
    find_running,
)
from preheat.control.own import OwnSession
from preheat.core import Engine, EngineSnapshot
from preheat.errors import (
    EngineStoppedError,
    ModelNotFoundError,
    NotRunningError,
    PortInUseError,
    SettingsError,
    UnsupportedOperationError,
    WorkerDiedError,
)
from preheat.inference import GenerateRequest, Sampling
from preheat.messages import msg
from preheat.residency import Action, State
from preheat.settings import SettingsStore, model_setting
from processes import workers_of_this_process
from raising import raises
from tests.engine.application import eventually
from tests.engine.control.conftest import StartSession

CHAT = "smollm2-135m-instruct.q4_1"
EMBED = "all-minilm-l6-v2.q8_0"
ENDLESS = GenerateRequest(prompt="1, 2, 3, 4, 5,", sampling=Sampling(temperature=0))


def get(url: str | None, path: str) -> dict[str, Any]:
    with urllib.request.urlopen(f"{url}{path}", timeout=60) as response:
        content: dict[str, Any] = json.load(response)
        return content


def state(session: OwnSession, model_id: str) -> State | None:
    model = session.snapshot.model(model_id)
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


def test_a_model_is_loaded_used_and_unloaded(start_session: StartSession) -> None:
    session = start_session()
    states: list[State | None] = []
    end = session.subscribe(lambda snapshot: states.append(getattr(snapshot.model(EMBED), "state", None)))
    session.call(LoadModel(EMBED))
    assert state(session, EMBED) is State.HOT
    assert session.call(ExplainModel(EMBED)).why
    session.call(UnloadModel(EMBED))
    assert state(session, EMBED) is State.COLD
    assert {State.LOADING, State.WARMING, State.UNLOADING} <= set(states)
    end()
    seen = len(states)
    session.call(PausePreloading(60))
    assert session.snapshot.preload.paused
    session.call(ResumePreloading())
    assert not session.snapshot.preload.paused
    assert len(states) == seen


def test_a_model_that_was_chosen_is_expected(start_session: StartSession) -> None:
    session = start_session(favourites="[]")
    assert session.call(ExplainModel(EMBED)).why.code == "plan_unlikely"
    assert session.call(ExpectModel(EMBED)).model_id == EMBED
    why = session.call(ExplainModel(EMBED)).why
    assert str(why).endswith("it was just chosen")


def test_a_model_in_memory_is_not_said_to_be_not_preloaded(start_session: StartSession) -> None:
    session = start_session(favourites="[]", preload_learned="false")
    session.call(LoadModel(EMBED))
    why = str(session.call(ExplainModel(EMBED)).why)
    assert why.startswith("in memory: ")
    assert "preloaded" not in why


def test_the_port_shows_the_same_engine(start_session: StartSession) -> None:
    session = start_session()
    session.call(LoadModel(EMBED))
    status = get(session.port.url, "/preheat/v1/status")
    assert {model["id"]: model["state"] for model in status["models"]} == {EMBED: "hot", CHAT: "cold"}


def test_a_name_that_is_none_is_an_error(start_session: StartSession) -> None:
    with pytest.raises(ModelNotFoundError):
        start_session().call(LoadModel("nosuch"))


def test_favourites_are_written(start_session: StartSession) -> None:
    session = start_session()
    session.call(SetFavourites((EMBED,)))
    session.call(AddFavourite(CHAT))
    assert session.snapshot.favourites == (EMBED, CHAT)
    session.call(DropFavourite(EMBED))
    assert list(session.snapshot.favourites) == [CHAT]
    assert tomllib.loads(paths.settings_path().read_text())["favourites"] == [CHAT]


def test_a_lower_limit_evicts(start_session: StartSession) -> None:
    session = start_session()
    session.call(LoadModel(EMBED))
    session.call(LoadModel(CHAT))
    held = session.snapshot.model(CHAT)
    assert held is not None
    change = session.call(ChangeSettings({"memory_limit": f"{held.resident_bytes + 20_000_000}B"}))
    assert (change.changed, change.overridden, change.restart_needed) == (("memory_limit",), {}, ())
    assert change.settings == session.call(GetSettings()).settings
    eventually(lambda: state(session, EMBED) is State.COLD, "the eviction of what was used longer ago")
    assert state(session, CHAT) is State.HOT
    assert 0 < session.snapshot.memory.used_bytes <= session.snapshot.memory.limit_bytes


def test_one_models_own_settings_hold(start_session: StartSession) -> None:
    session = start_session()
    change = session.call(ChangeModelSettings(CHAT, {"context_length": "1024"}))
    assert change.changed == ("models",)
    assert change.settings.for_model(CHAT).context_length == 1024
    assert (
        session.call(ChangeModelSettings(CHAT, {"context_length": None})).settings.for_model(CHAT).context_length
        == 2048
    )


def test_the_memory_of_other_settings_is_estimated(start_session: StartSession) -> None:
    session = start_session()
    grown = session.call(EstimateMemory(CHAT, {"context_length": "4096"})).growth_bytes
    assert grown > 0
    session.call(ChangeModelSettings(CHAT, {"context_length": "4096"}))
    assert session.call(EstimateMemory(CHAT, {"context_length": None})).growth_bytes == -grown
    assert session.call(EstimateMemory(CHAT, {})).growth_bytes == 0
    with pytest.raises(SettingsError):
        session.call(EstimateMemory(CHAT, {"context_length": "long"}))


def test_a_context_beyond_training_is_refused_with_the_reason(start_session: StartSession) -> None:
    session = start_session()
    trained = session.call(GetModel(CHAT)).trained_context
    wrong = {"context_length": "9000000"}
    with raises(SettingsError, "context_beyond_training", model=CHAT, trained=trained):
        session.call(ChangeModelSettings(CHAT, wrong))
    with raises(SettingsError, "context_beyond_training", model=CHAT, trained=trained):
        session.call(ChangeSettings({model_setting(CHAT, "context_length"): 9_000_000}))
    with raises(SettingsError, "context_beyond_training", model=CHAT, trained=trained):
        session.call(EstimateMemory(CHAT, wrong))
    assert session.call(GetSettings()).settings.for_model(CHAT).context_length == 2048
    session.call(ChangeModelSettings(CHAT, {"context_length": str(trained)}))
    with pytest.raises(SettingsError):
        session.call(ChangeModelSettings(CHAT, {"context_length": "9" * 30}))


def test_wrong_settings_change_nothing(start_session: StartSession) -> None:
    session = start_session()
    before = session.call(GetSettings()).settings
    with pytest.raises(SettingsError) as caught:
        session.call(ChangeSettings({"downloads_at_once": "99", "threads": "2"}))
    assert caught.value.param == "downloads_at_once"
    assert session.call(GetSettings()).settings == before


def test_a_changed_file_is_read_again(start_session: StartSession) -> None:
    session = start_session()
    path = paths.settings_path()
    path.write_text(path.read_text() + "\ndownloads_at_once = 7\n")
    assert session.call(ReloadSettings()).changed == ("downloads_at_once",)
    assert session.call(GetSettings()).settings.downloads_at_once == 7


def test_another_port_takes_over_and_answers_in_flight_end_well(start_session: StartSession, free_port: int) -> None:
    session = start_session()
    session.call(LoadModel(CHAT))
    old = session.port.url
    body = json.dumps({"model": CHAT, "prompt": "1, 2, 3,", "max_tokens": 20, "stream": True}).encode()
    request = urllib.request.Request(f"{old}/v1/completions", body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=30) as answer:
        assert answer.readline().startswith(b"data: ")
        change = session.call(ChangeSettings({"port": str(free_port)}))
        assert (change.restart_needed, session.port) == ((), PortStatus(f"http://127.0.0.1:{free_port}"))
        assert get(session.port.url, "/preheat/v1/status")["port"] == free_port
        assert answer.read().endswith(b"data: [DONE]\n\n")
    eventually(lambda: refused(str(old)), "the old port's end")
    with find_running() as running:
        assert running.port == free_port


def test_a_change_that_keeps_the_address_refuses_nobody(start_session: StartSession) -> None:
    session = start_session()
    url = session.port.url
    missed: list[Exception] = []
    ended = threading.Event()
    idle = http.client.HTTPConnection("127.0.0.1", port_of(url), timeout=20)
    idle.request("GET", "/health")
    idle.getresponse().read()

    def ask() -> None:
        while not ended.is_set():
            try:
                get(url, "/health")
            except OSError as error:
                missed.append(error)

    asking = threading.Thread(target=ask)
    asking.start()
    assert session.call(ChangeSettings({"allowed_origins": "https://example.org"})).restart_needed == ()
    assert idle.sock.recv(1) == b""  # the old server closes its idle connections as it ends
    idle.close()
    ended.set()
    asking.join()
    assert (missed, session.port.url) == ([], url)
    request = urllib.request.Request(f"{url}/health", headers={"Origin": "https://example.org"})
    with urllib.request.urlopen(request, timeout=60) as answer:
        assert answer.headers["Access-Control-Allow-Origin"] == "https://example.org"


def test_a_port_that_is_taken_leaves_the_old_one_open(start_session: StartSession, taken: socket.socket) -> None:
    session = start_session()
    old = session.port.url
    number = taken.getsockname()[1]
    change = session.call(ChangeSettings({"port": str(number)}))
    assert change.restart_needed == ("port",)
    assert session.port.url == old
    assert isinstance(session.port.error, PortInUseError)
    assert str(number) in session.port.error.title
    assert get(old, "/health")["app"] == "preheat"
    session.call(LoadModel(EMBED))


def test_an_address_that_cannot_be_had_brings_the_old_one_back(start_session: StartSession, free_port: int) -> None:
    session = start_session(port=free_port)
    change = session.call(ChangeSettings({"host": "192.0.2.1", "api_keys": "sesame"}))  # an unused address
    assert set(change.restart_needed) == {"host", "api_keys"}
    assert (session.port.url, isinstance(session.port.error, SettingsError)) == (f"http://127.0.0.1:{free_port}", True)
    assert get(session.port.url, "/health")["app"] == "preheat"


def test_the_engine_runs_without_its_port_and_gets_it_later(start_session: StartSession, taken: socket.socket) -> None:
    number = taken.getsockname()[1]
    session = start_session(port=number)
    assert session.port.url is None
    assert isinstance(session.port.error, PortInUseError)
    assert session.port.engine_error is None
    session.call(LoadModel(EMBED))
    taken.close()  # without another command, the port is opened soon
    eventually(lambda: session.port.url is not None, "the port")
    assert session.port == PortStatus(f"http://127.0.0.1:{number}")
    assert state(session, EMBED) is State.HOT


def test_the_same_port_again_is_another_try(start_session: StartSession, taken: socket.socket) -> None:
    number = taken.getsockname()[1]
    session = start_session(port=number)
    taken.close()
    assert session.call(ChangeSettings({"port": str(number)})).changed == ()
    assert session.port == PortStatus(f"http://127.0.0.1:{number}")


def test_a_change_through_the_port_opens_it_anew_too(start_session: StartSession, free_port: int) -> None:
    session = start_session()
    with find_running() as running:
        change = running.call(ChangeSettings({"port": free_port}))
    assert change.restart_needed == ()
    assert session.port.url == f"http://127.0.0.1:{free_port}"


def test_answers_come_and_are_shown_while_they_do(start_session: StartSession) -> None:
    session = start_session()
    shown: list[EngineSnapshot] = []
    session.subscribe(shown.append)
    waits: list[str] = []
    answer = session.generate(CHAT, ENDLESS, waits.append)
    for _ in range(20):
        next(answer)
    eventually(
        lambda: any(request.tokens_per_s for snapshot in shown for request in snapshot.requests), "tokens per second"
    )
    (request,) = session.snapshot.requests
    assert (request.client.partition("/")[0], request.model_id, request.waiting) == ("preheat", CHAT, False)
    assert any(request.waiting for snapshot in shown for request in snapshot.requests)
    assert waits[-1].startswith(f"loading {CHAT}")
    answer.close()
    eventually(lambda: not session.snapshot.requests, "the end of the request")


def test_vectors(start_session: StartSession) -> None:
    (vector,) = start_session().embed(EMBED, ["test"])
    assert len(vector) == 384


def test_a_model_of_the_other_kind_writes_nothing(start_session: StartSession) -> None:
    with pytest.raises(UnsupportedOperationError):
        next(start_session().generate(EMBED, ENDLESS))


def test_figures_and_decisions(start_session: StartSession) -> None:
    session = start_session()
    session.call(LoadModel(EMBED))
    (decision,) = session.call(ListDecisions()).decisions
    assert (decision.model_id, decision.action.value) == (EMBED, "load")
    assert session.call(ListDecisions(1)).decisions == (decision,)
    stats = session.call(GetStats("7d"))
    assert (stats.total.span.loads, stats.memory is not None) == (1, True)


def test_figures_that_are_not_kept(start_session: StartSession) -> None:
    session = start_session(history_days=0)
    commands: tuple[Command[Any], ...] = (GetStats(), ListDecisions())
    for ask in commands:
        with pytest.raises(UnsupportedOperationError):
            session.call(ask)


def kill(session: OwnSession) -> None:
    """End the engine's loop with an exception."""

    failed = threading.Event()

    def fail(_: EngineSnapshot) -> None:
        if threading.current_thread().name == "engine" and not failed.is_set():
            failed.set()
            raise SystemExit("a test")

    end = session.subscribe(fail)
    with suppress(EngineStoppedError, SystemExit):
        session.call(PausePreloading())  # it is published
    eventually(lambda: session.port.engine_error is not None, "the engine's end")
    end()


def test_an_engine_that_dies_is_noticed_and_started_anew(start_session: StartSession) -> None:
    session = start_session()
    session.call(LoadModel(EMBED))
    workers = workers_of_this_process()
    answer = session.generate(CHAT, ENDLESS)
    next(answer)
    statuses: list[PortStatus] = []
    session.on_port(statuses.append)
    kill(session)
    assert statuses[-1] == PortStatus(engine_error=msg("engine_failed", reason="a test"))
    with pytest.raises(EngineStoppedError):
        list(answer)
    with pytest.raises(EngineStoppedError):
        session.call(LoadModel(EMBED))
    eventually(lambda: not any(worker.is_running() for worker in workers), "the workers' end")
    session.restart()
    session.call(LoadModel(EMBED))
    eventually(lambda: session.port.url is not None, "the port")
    assert (state(session, EMBED), session.port.engine_error) == (State.HOT, None)
    with find_running() as running:
        assert f":{running.port}" in str(session.port.url)


def test_a_decision_is_told_as_soon_as_it_is_seen(start_session: StartSession) -> None:
    session = start_session()
    session.call(LoadModel(EMBED))
    session.call(UnloadModel(EMBED))
    eventually((paths.data_dir() / "usage.db").exists, "the log's file")  # what is not written yet is not in it
    for _ in range(3):
        session.call(LoadModel(EMBED))
        assert session.call(ListDecisions()).decisions[0].action is Action.LOAD
        session.call(UnloadModel(EMBED))
        assert session.call(ListDecisions()).decisions[0].action is Action.UNLOAD


def test_an_engine_that_cannot_start_says_why(start_session: StartSession, monkeypatch: pytest.MonkeyPatch) -> None:
    async def start(engine: Engine, *, at_login: bool) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(Engine, "start", start)
        session = start_session(wait=False)
        with pytest.raises(EngineStoppedError):
            session.call(LoadModel(EMBED))
        eventually(lambda: session.port.engine_error is not None, "the engine's end")
    assert "No space left on device" in str(session.port.engine_error)
    assert session.port.url is None
    session.restart()
    session.call(LoadModel(EMBED))
    assert session.port.engine_error is None


def test_an_engine_starts_with_a_wrong_settings_file(start_session: StartSession) -> None:
    paths.settings_path().parent.mkdir(parents=True, exist_ok=True)
    paths.settings_path().write_text("port = 'none'\n")
    store = SettingsStore({"port": "0", "preload": "false"})
    session = OwnSession(store)
    session.call(LoadModel(EMBED))
    assert session.port.engine_error is None
    assert store.problem is not None
    paths.settings_path().write_text("downloads_at_once = 1\n")
    assert "downloads_at_once" in session.call(ReloadSettings()).changed
    assert store.problem is None
    session.close()


def test_nothing_blocks_while_the_engine_starts(start_session: StartSession, monkeypatch: pytest.MonkeyPatch) -> None:
    starts = threading.Event()

    async def start(engine: Engine, *, at_login: bool) -> None:
        await asyncio.to_thread(starts.wait, 60)

    monkeypatch.setattr(Engine, "start", start)
    session = start_session(wait=False)
    seen: list[EngineSnapshot] = []
    session.subscribe(seen.append)
    assert len(seen) >= 1
    assert session.port.engine_error is None
    starts.set()
    session.close()


def test_the_end_waits_for_answers_no_longer_than_the_grace(start_session: StartSession) -> None:
    session = start_session(shutdown_grace=0.3)
    answer = session.generate(CHAT, ENDLESS)
    next(answer)
    workers = workers_of_this_process()
    session.close()
    assert not any(worker.is_running() for worker in workers)
    with pytest.raises((EngineStoppedError, WorkerDiedError)):
        list(answer)
    with pytest.raises(NotRunningError):
        find_running()
    session.close()
