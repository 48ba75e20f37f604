"""The queue of requests with images, with an encoder that has a bug."""

from __future__ import annotations

import logging
import threading
from typing import cast

import pytest

from preheat.errors import EngineError
from preheat.inference import Chat, ContentPart, GenerateRequest, Message, Role
from preheat.inference.protocol import Failed, FromWorker, Generate
from preheat.inference.worker.channel import Channel
from preheat.inference.worker.image_queue import ImageQueue
from preheat.inference.worker.vision import VisionEncoder


class Failures(Channel):
    """Collects the failures of requests."""

    def __init__(self) -> None:
        self.failed: list[Failed] = []
        self.both = threading.Event()

    def send(self, frame: FromWorker) -> None:
        assert isinstance(frame, Failed)
        self.failed.append(frame)
        if len(self.failed) == 2:
            self.both.set()


class BrokenEncoder:
    def encode(self, data: bytes) -> None:
        raise RuntimeError("secret picture")


def test_a_bug_costs_its_request_and_not_the_thread(caplog: pytest.LogCaptureFixture) -> None:
    failures = Failures()
    queue = ImageQueue(cast(VisionEncoder, BrokenEncoder()), lambda frame, images: None, failures)
    picture = Message(role=Role.USER, content=(ContentPart(image=b"x"),))
    with caplog.at_level(logging.ERROR):
        for request_id in (1, 2):
            assert queue.take(Generate(request_id, GenerateRequest(chat=Chat(messages=(picture,)))))
        assert failures.both.wait(60)
    assert [(failure.id, type(failure.error)) for failure in failures.failed] == [(1, EngineError), (2, EngineError)]
    assert "RuntimeError" in caplog.text
    assert "secret" not in caplog.text
