"""The engine of a running ``preheat serve``, as the windows have it."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator

import psutil
import pytest

from preheat.control.client import find_running
from preheat.core.snapshot import EngineSnapshot
from preheat.errors import EngineStoppedError, ModelNotFoundError, NotRunningError, SettingsError
from preheat.inference import GenerateRequest, Sampling
from preheat.link.attached import AttachedLink
from preheat.link.link import PortStatus
from preheat.link.open_link import open_link
from preheat.residency.states import State
from tests.engine.application import Application, eventually
from tests.engine.link.conftest import SMALL

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
def link(application: Application) -> Iterator[AttachedLink]:
    """Attached to it."""
    attached = open_link()
    assert isinstance(attached, AttachedLink)
    eventually(lambda: attached.snapshot.models != (), "the first snapshot")
    yield attached
    attached.close()
    assert not [thread for thread in threading.enumerate() if thread.name == "events"]


def state(link: AttachedLink, model_id: str) -> State | None:
    model = link.snapshot.model(model_id)
    return None if model is None else model.state


def test_it_shows_and_does_the_same_things(link: AttachedLink, application: Application) -> None:
    assert link.attached
    assert link.port == PortStatus(f"http://127.0.0.1:{application.port}")
    link.load(EMBED)
    assert application.states()[EMBED] == "hot"
    eventually(lambda: state(link, EMBED) is State.HOT, "the snapshot")
    link.unload(EMBED)
    eventually(lambda: state(link, EMBED) is State.COLD, "the snapshot")
    assert link.why(EMBED)
    link.set_favourites([CHAT])
    link.set_favourite(EMBED, True)
    link.set_favourite(CHAT, False)
    eventually(lambda: link.snapshot.favourites == (EMBED,), "the favourites")
    link.pause(0.75e6)
    eventually(lambda: link.snapshot.preload.paused, "the pause")
    link.resume()
    eventually(lambda: not link.snapshot.preload.paused, "the pause's end")
    with pytest.raises(ModelNotFoundError):
        link.load("nosuch")


def test_settings_travel(link: AttachedLink, application: Application) -> None:
    change = link.change_settings({"preload_top": "1", "port": "12345"})
    assert (change.changed, change.restart_needed, change.overridden) == (
        ("preload_top",),
        (),
        {"port": "an option of the command line (port)"},
    )
    assert change.settings == link.settings()
    assert (link.settings().preload_top, link.settings().context_length) == (1, 2048)
    with pytest.raises(SettingsError) as caught:
        link.change_settings({"preload_top": "9"})
    assert caught.value.param == "preload_top"
    assert caught.value.reason
    change = link.change_model_settings(CHAT, {"context_length": "1024"})
    assert change.settings.for_model(CHAT).context_length == 1024
    change = link.change_model_settings(CHAT, {"context_length": None})
    assert change.settings.for_model(CHAT).context_length == 2048
    assert link.reload_settings().changed == ()


def test_keys_are_those_of_the_users_own_settings(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PREHEAT_API_KEYS", "sesame")
    start(**variables())
    link = open_link()
    assert link.settings().api_keys == ("sesame",)
    monkeypatch.setenv("PREHEAT_API_KEYS", "one,two")
    assert link.settings().api_keys == ("***",)
    link.close()


def test_answers_figures_and_decisions(link: AttachedLink) -> None:
    seen: list[EngineSnapshot] = []
    link.subscribe(seen.append)
    answer = link.generate(CHAT, ENDLESS)
    assert "".join(next(answer).text for _ in range(10))
    eventually(lambda: any(request.tokens_per_s for each in seen for request in each.requests), "tokens per second")
    answer.close()
    eventually(lambda: not link.snapshot.requests, "the end of the request")
    eventually(lambda: bool(link.decisions()), "the log")
    (decision,) = link.decisions(limit=20_000)
    assert (decision.model_id, decision.action.value, decision.cause) == (CHAT, "load", "request")
    assert link.stats("7d")["memory"]["used_bytes"] > 0


def test_who_waits_for_a_load_is_told(link: AttachedLink, application: Application) -> None:
    process = psutil.Process(application.process.pid)
    eventually(lambda: bool(process.children()), "the spare worker")
    workers = process.children()
    for worker in workers:
        worker.suspend()  # however quick the machine is: the load waits until somebody was told
    waits: list[str] = []

    def on_wait(words: str) -> None:
        waits.append(words)
        for worker in workers:
            worker.resume()

    answer = link.generate(CHAT, ENDLESS, on_wait)
    assert next(answer).text
    answer.close()
    assert waits


def test_one_that_is_killed_is_told_and_found_again(link: AttachedLink, application: Application, start: Start) -> None:
    statuses: list[PortStatus] = []
    link.on_port(statuses.append)
    answer = link.generate(CHAT, ENDLESS)
    next(answer)
    os.kill(application.process.pid, signal.SIGKILL)
    application.process.wait()
    eventually(lambda: link.port.engine_error is not None, "that it has gone")
    assert link.port.url is None
    assert "has ended" in str(statuses[-1].engine_error)
    with pytest.raises(EngineStoppedError):
        list(answer)
    with pytest.raises(NotRunningError):
        link.load(EMBED)
    with pytest.raises(NotRunningError):
        link.restart()
    again = start(**variables())
    link.restart()
    assert link.port == PortStatus(f"http://127.0.0.1:{again.port}")
    link.load(EMBED)
    eventually(lambda: state(link, EMBED) is State.HOT, "the snapshot")


def test_one_that_ends_in_good_order_is_found_again_by_itself(
    link: AttachedLink, application: Application, start: Start
) -> None:
    assert application.stop() == 0
    eventually(lambda: link.port.engine_error is not None, "that it has gone")
    again = start(**variables())
    eventually(lambda: link.port == PortStatus(f"http://127.0.0.1:{again.port}"), "that it is back")


def test_another_version_is_told(application: Application, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("preheat.control.snapshot_json.State", lambda value: State("tepid"))
    link = AttachedLink(find_running())
    with monkeypatch.context() as patch:
        from preheat.control import snapshot_json

        def strange(status: object) -> EngineSnapshot:
            return snapshot_json.snapshot_from_json({"version": "99"})

        patch.setattr("preheat.link.attached.snapshot_from_json", strange)
        eventually(lambda: link.port.engine_error is not None, "that it is not understood")
        assert "another version (99)" in str(link.port.engine_error)
    link.close()
