"""The queue of requests with images, with an encoder that has a bug."""

from __future__ import annotations

import threading
from typing import cast

from bug_watch import BugWatch
from preheat.errors import InternalError
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


def test_a_bug_costs_its_request_and_not_the_thread(bugs: BugWatch) -> None:
    failures = Failures()
    queue = ImageQueue(cast(VisionEncoder, BrokenEncoder()), lambda frame, images: None, failures)
    picture = Message(role=Role.USER, content=(ContentPart(image=b"x"),))
    for request_id in (1, 2):
        assert queue.take(Generate(request_id, GenerateRequest(chat=Chat(messages=(picture,)))))
    assert failures.both.wait(60)
    assert [failure.id for failure in failures.failed] == [1, 2]
    for failure, line in zip(failures.failed, bugs.take(), strict=True):
        assert isinstance(failure.error, InternalError)
        assert failure.error.bug_id in line
        assert "secret" not in line
