"""Encodes the images of requests on a thread of their own, so that they delay neither texts nor the batch."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from queue import SimpleQueue
from typing import TypeAlias

from preheat.bugs import report_bug
from preheat.errors import EngineError, InvalidRequestError
from preheat.inference import Chat
from preheat.inference.protocol import Detokenize, Failed, Generate, Tokenize
from preheat.inference.worker.channel import Channel
from preheat.inference.worker.generation import Image
from preheat.inference.worker.vision import MAX_IMAGES, VisionEncoder
from preheat.messages import msg

Images: TypeAlias = Sequence[Sequence[int | Image]]
"""The encoded images of a chat, in order: each one's tiles, and the tokens that the model wants around them."""

Prepare: TypeAlias = Callable[[Generate | Tokenize | Detokenize, Images], None]


class ImageQueue:
    """Requests with images, encoded one after the other.

    Args:
        vision: The encoder; None for models without one.
        prepare: Called with each request and its encoded images, on this queue's thread.
    """

    def __init__(self, vision: VisionEncoder | None, prepare: Prepare, channel: Channel) -> None:
        self._vision = vision
        self._prepare = prepare
        self._channel = channel
        self._requests: SimpleQueue[tuple[Generate | Tokenize, Chat]] = SimpleQueue()
        self._waiting: set[int] = set()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    def take(self, frame: Generate | Tokenize | Detokenize) -> bool:
        """Return whether the request has images, and was queued. Reading thread.

        Raises:
            InvalidRequestError: The model takes no images, or there are too many.
        """
        chat = frame.request.chat if isinstance(frame, Generate) else getattr(frame, "chat", None)
        if isinstance(frame, Detokenize) or chat is None or not (count := len(_images(chat))):
            return False
        if self._vision is None:
            raise InvalidRequestError(msg("images_unsupported"), param="messages")
        if count > MAX_IMAGES:
            raise InvalidRequestError(msg("too_many_images", count=count, limit=MAX_IMAGES), param="messages")
        self._waiting.add(frame.id)
        self._requests.put((frame, chat))
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, args=(self._vision,), daemon=True, name="images")
            self._thread.start()
        return True

    def cancel(self, request_id: int) -> None:
        """Drop a request. Any thread."""
        with self._lock:
            self._waiting.discard(request_id)

    def _run(self, vision: VisionEncoder) -> None:
        while True:
            frame, chat = self._requests.get()
            try:
                self._encode(vision, frame, chat)
            except EngineError as error:
                self._channel.send(Failed(frame.id, error))
            except Exception as error:  # a bug costs this request, not the thread that all others with images need
                self._channel.send(Failed(frame.id, report_bug("encoding an image", error)))

    def _encode(self, vision: VisionEncoder, frame: Generate | Tokenize, chat: Chat) -> None:
        encoded = []
        for image in _images(chat):
            if frame.id not in self._waiting:
                return
            encoded.append(vision.encode(image))
        with self._lock:  # a cancellation comes before, or finds the request in the batch
            if frame.id in self._waiting:
                self._waiting.discard(frame.id)
                self._prepare(frame, encoded)


def _images(chat: Chat) -> list[bytes]:
    return [part.image for message in chat.messages for part in message.content if part.image is not None]
