"""A running application for the tests that need one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from bug_watch import bugs_of
from preheat.inference import process as process_module
from tests.engine.application import Application, eventually, make_home
from tests.engine.engines import Gate
from tests.engine.inference import gated_worker

CHAT = "smollm2-135m-instruct.q4_1"
EMBED = "all-minilm-l6-v2.q8_0"


@pytest.fixture(scope="module")
def _module_application(
    tmp_path_factory: pytest.TempPathFactory, chat_model: Path, embedding_model: Path
) -> Iterator[Application]:
    running = Application(make_home(tmp_path_factory.mktemp("application"), [chat_model, embedding_model]))
    eventually(lambda: running.states() == {EMBED: "hot", CHAT: "hot"}, "both models hot")
    yield running
    assert running.stop() == 0
    assert bugs_of(running.home) == []


@pytest.fixture
def application(_module_application: Application) -> Application:
    """A running Preheat with both starter models hot, shared by a module's tests."""
    for model_id in (CHAT, EMBED):
        _module_application.load(model_id)
    return _module_application


@pytest.fixture
def start(starter_home: Path) -> Iterator[Callable[..., Application]]:
    """Start a Preheat of the test's own, in ``starter_home``; it ends with the test."""
    started: list[Application] = []

    def start_one(*options: str, **variables: str) -> Application:
        started.append(Application(starter_home, *options, **variables))
        return started[-1]

    yield start_one
    for running in started:
        running.stop()
    assert bugs_of(starter_home) == []


@pytest.fixture
def gate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, chat_model: Path, embedding_model: Path) -> Gate:
    """Gates for the loads of the starter models, all open."""
    folder = tmp_path / "gates"
    folder.mkdir()
    monkeypatch.setenv("TEST_GATE", str(folder))
    monkeypatch.setattr(process_module, "worker_command", gated_worker.command)
    return Gate(folder, {CHAT: chat_model.name, EMBED: embedding_model.name})
