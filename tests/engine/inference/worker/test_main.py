"""The worker's frames: what happens to a request that it cannot prepare."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest

from bug_watch import BugWatch
from preheat.errors import InternalError
from preheat.inference import Chat, GenerateRequest, LoadStages
from preheat.inference.protocol import Failed, FromWorker, Generate, Load, Probed
from preheat.inference.worker import __main__ as worker_module
from preheat.inference.worker.__main__ import Worker
from preheat.inference.worker.channel import Channel
from preheat.inference.worker.chat import renderer_pool
from tests.engine.inference.text_runs import load_options


class Frames(Channel):
    """Collects frames."""

    def __init__(self) -> None:
        super().__init__(-1)
        self.sent: list[FromWorker] = []
        self.hot = threading.Event()

    def send(self, *frames: FromWorker) -> None:
        self.sent += frames
        if any(isinstance(frame, Probed) for frame in frames):
            self.hot.set()


class BrokenService:
    """A service with a bug."""

    def submit(self, frame: object) -> None:
        raise RuntimeError("secret prompt")

    def step(self, *, wait: bool = False) -> bool:
        threading.Event().wait()
        return False


def test_a_bug_costs_one_request_and_logs_no_prompt(
    monkeypatch: pytest.MonkeyPatch, bugs: BugWatch, tmp_path: Path
) -> None:
    def make_hot(*_: Any) -> tuple[BrokenService, LoadStages]:
        return BrokenService(), LoadStages(0.0, 0.0, 0.0)

    monkeypatch.setattr(worker_module, "make_hot", make_hot)
    frames = Frames()
    renderers = renderer_pool()
    worker = Worker(frames, renderers)
    threading.Thread(target=worker.run, daemon=True).start()
    worker.handle(Load(load_options(tmp_path / "model.gguf")))
    assert frames.hot.wait(60)
    worker.handle(Generate(7, GenerateRequest(chat=Chat(messages=()))))
    failed = frames.sent[-1]
    assert isinstance(failed, Failed)
    assert failed.id == 7
    assert isinstance(failed.error, InternalError)
    (line,) = bugs.take()
    assert f"internal error {failed.error.bug_id}: preparing a request failed: RuntimeError at test_main.py" in line
    assert "submit" in line
    assert "secret" not in line
    renderers.close()
