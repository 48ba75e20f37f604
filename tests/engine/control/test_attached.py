"""The engine of a running ``preheat serve``, as the windows have it."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from preheat.control import (
    AddFavourite,
    ChangeModelSettings,
    ChangeSettings,
    DropFavourite,
    ExplainModel,
    GetSettings,
    GetStats,
    HttpClient,
    ListDecisions,
    LoadModel,
    PausePreloading,
    PortStatus,
    ReloadSettings,
    ResumePreloading,
    SetFavourites,
    UnloadModel,
    find_running,
    open_session,
)
from preheat.control.attached import AttachedSession
from preheat.core import EngineSnapshot
from preheat.errors import EngineStoppedError, ModelNotFoundError, NotRunningError, SettingsError
from preheat.inference import GenerateRequest, Sampling
from preheat.messages import msg
from preheat.residency import State
from preheat.settings import SettingsStore
from processes import resume, suspend, workers_of
from tests.engine.application import Application, eventually
from tests.engine.control.conftest import SMALL

CHAT = "smollm2-135m-instruct.q4_1"
EMBED = "all-minilm-l6-v2.q8_0"
ENDLESS = GenerateRequest(prompt="1, 2, 3, 4, 5,", sampling=Sampling(temperature=0))

Start = Callable[..., Application]


def variables() -> dict[str, str]:
    return {f"PREHEAT_{name.upper()}": value for name, value in SMALL.items() if name not in ("port", "preload")}


@pytest.fixture
def application(start: Start) -> Application:
    """A running Preheat of the test's own."""
    return start(**variables())


@pytest.fixture
def session(application: Application) -> Iterator[AttachedSession]:
    """Attached to it."""
    attached = open_session(SettingsStore())
    assert isinstance(attached, AttachedSession)
    eventually(lambda: attached.snapshot.models != (), "the first snapshot")
    yield attached
    attached.close()
    assert not [thread for thread in threading.enumerate() if thread.name == "events"]


def state(session: AttachedSession, model_id: str) -> State | None:
    model = session.snapshot.model(model_id)
    return None if model is None else model.state


def test_it_shows_and_does_the_same_things(session: AttachedSession, application: Application) -> None:
    assert session.attached
    assert session.port == PortStatus(f"http://127.0.0.1:{application.port}")
    session.call(LoadModel(EMBED))
    assert application.states()[EMBED] == "hot"
    eventually(lambda: state(session, EMBED) is State.HOT, "the snapshot")
    session.call(UnloadModel(EMBED))
    eventually(lambda: state(session, EMBED) is State.COLD, "the snapshot")
    assert session.call(ExplainModel(EMBED)).why
    session.call(SetFavourites((CHAT,)))
    session.call(AddFavourite(EMBED))
    session.call(DropFavourite(CHAT))
    eventually(lambda: session.snapshot.favourites == (EMBED,), "the favourites")
    session.call(PausePreloading(0.75e6))
    eventually(lambda: session.snapshot.preload.paused, "the pause")
    session.call(ResumePreloading())
    eventually(lambda: not session.snapshot.preload.paused, "the pause's end")
    with pytest.raises(ModelNotFoundError):
        session.call(LoadModel("nosuch"))


def test_settings_travel(session: AttachedSession, application: Application) -> None:
    change = session.call(ChangeSettings({"downloads_at_once": "1", "port": "12345"}))
    assert (change.changed, change.restart_needed, change.overridden) == (
        ("downloads_at_once",),
        (),
        {"port": "--set port"},
    )
    assert change.settings == session.call(GetSettings()).settings
    assert (
        session.call(GetSettings()).settings.downloads_at_once,
        session.call(GetSettings()).settings.context_length,
    ) == (
        1,
        2048,
    )
    with pytest.raises(SettingsError) as caught:
        session.call(ChangeSettings({"downloads_at_once": "99"}))
    assert caught.value.param == "downloads_at_once"
    assert caught.value.reason
    change = session.call(ChangeModelSettings(CHAT, {"context_length": "1024"}))
    assert change.settings.for_model(CHAT).context_length == 1024
    change = session.call(ChangeModelSettings(CHAT, {"context_length": None}))
    assert change.settings.for_model(CHAT).context_length == 2048
    assert session.call(ReloadSettings()).changed == ()


def test_keys_are_those_of_the_users_own_settings(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PREHEAT_API_KEYS", "sesame")
    start(**variables())
    session = open_session(SettingsStore())
    assert session.call(GetSettings()).settings.api_keys == ("sesame",)
    monkeypatch.setenv("PREHEAT_API_KEYS", "one,two")
    assert session.call(GetSettings()).settings.api_keys == ("***",)
    session.close()


def test_answers_figures_and_decisions(session: AttachedSession) -> None:
    seen: list[EngineSnapshot] = []
    session.subscribe(seen.append)
    answer = session.generate(CHAT, ENDLESS)
    assert "".join(next(answer).text for _ in range(10))
    eventually(lambda: any(request.tokens_per_s for each in seen for request in each.requests), "tokens per second")
    answer.close()
    eventually(lambda: not session.snapshot.requests, "the end of the request")
    eventually(lambda: bool(session.call(ListDecisions()).decisions), "the log")
    # On a busy machine there is time for more decisions, also for a preload of the model before its request.
    *_, first = session.call(ListDecisions(10_000, model=CHAT)).decisions
    assert (first.action.value, first.cause) in {("load", "request"), ("preload", "preload")}
    assert first.model_id == CHAT
    assert session.call(GetStats("7d")).total.span.requests == 1


def test_who_waits_for_a_load_is_told(session: AttachedSession, application: Application) -> None:
    eventually(lambda: bool(workers_of(application.process.pid)), "the spare worker")
    workers = workers_of(application.process.pid)
    suspend(workers)  # on a fast machine too, the load waits until it was reported
    waits: list[str] = []

    def on_wait(words: str) -> None:
        waits.append(words)
        resume(workers)

    answer = session.generate(CHAT, ENDLESS, on_wait)
    assert next(answer).text
    answer.close()
    assert waits


def test_one_that_is_killed_is_told_and_found_again(
    session: AttachedSession, application: Application, start: Start
) -> None:
    statuses: list[PortStatus] = []
    session.on_port(statuses.append)
    answer = session.generate(CHAT, ENDLESS)
    next(answer)
    os.kill(application.process.pid, signal.SIGKILL)
    application.process.wait()
    eventually(lambda: session.port.engine_error is not None, "the end of the engine")
    assert session.port.url is None
    assert "Preheat quit" in str(statuses[-1].engine_error)
    with pytest.raises(EngineStoppedError):
        list(answer)
    with pytest.raises(NotRunningError):
        session.call(LoadModel(EMBED))
    with pytest.raises(NotRunningError):
        session.restart()
    again = start(**variables())
    session.restart()
    assert session.port == PortStatus(f"http://127.0.0.1:{again.port}")
    session.call(LoadModel(EMBED))
    eventually(lambda: state(session, EMBED) is State.HOT, "the snapshot")


def test_one_that_ends_in_good_order_is_found_again_by_itself(
    session: AttachedSession, application: Application, start: Start
) -> None:
    assert application.stop() == 0
    eventually(lambda: session.port.engine_error is not None, "the end of the engine")
    again = start(**variables())
    eventually(lambda: session.port == PortStatus(f"http://127.0.0.1:{again.port}"), "that it is back")


def test_another_version_is_reported(application: Application, monkeypatch: pytest.MonkeyPatch) -> None:
    def events(_: HttpClient) -> Iterator[dict[str, Any]]:
        yield {"version": "99"}

    monkeypatch.setattr(HttpClient, "events", events)
    session = AttachedSession(find_running())
    eventually(lambda: session.port.engine_error is not None, "the error")
    assert session.port.engine_error == msg("other_version", version="99")
    session.close()
