"""What a text service needs of a model besides its context: made on other threads while the context is made."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from functools import partial
from typing import TypeVar

from preheat.errors import EngineError
from preheat.inference import LoadOptions, prefixes
from preheat.inference.protocol import Warned
from preheat.inference.request_size import longest_prompt, max_characters
from preheat.inference.worker.channel import Channel
from preheat.inference.worker.chat import ChatTemplate
from preheat.inference.worker.guarded_process import GuardedPool
from preheat.inference.worker.llama_model import LlamaModel

Result = TypeVar("Result")


class TextBasis:
    """The chat template of a model, which a process learns meanwhile, and the identity of its stored prompts.

    Args:
        renderers: Where the chat template runs.
        channel: Gets a warning if it cannot be run. That costs only the chats.

    Attributes:
        template: The chat template.
        identify: Returns the identity; see ``PrefixStore``.
    """

    template: ChatTemplate
    identify: Callable[[], bytes]

    def __init__(self, options: LoadOptions, renderers: GuardedPool, channel: Channel) -> None:
        self._options = options
        self._renderers = renderers
        self._channel = channel

    def begin(self, model: LlamaModel) -> None:
        """Begin, for a model that need not have a context yet. Embedding models have nothing of this."""
        if model.embeddings:
            return
        self.template = ChatTemplate(
            model.chat_template(),
            model.chat_template("tool_use"),
            helpers=self._renderers,
            bos=model.bos_text,
            eos=model.eos_text,
            max_characters=max_characters(longest_prompt(model.context_limit, model.trained_length)),
        )
        threading.Thread(target=self._learn, daemon=True, name="template").start()
        identify = partial(stored_identity, model, self._options, self.template.source)
        self.identify = _started(identify) if self._options.prefixes is not None else identify

    def _learn(self) -> None:
        problem = self.template.learn()
        if problem is not None:
            self._channel.send(Warned(EngineError(problem)))


def stored_identity(model: LlamaModel, options: LoadOptions, template: str) -> bytes:
    """Return the identity of a model's stored prompts. Reads parts of its files; may raise OSError."""
    return prefixes.model_identity(
        options.files,
        llama_cpp=model.build,
        kv_types=(options.kv_cache_type, options.kv_cache_type),
        flash_attention=options.flash_attention,
        rope=model.rope_class,
        chat_template=template,
    )


def _started(work: Callable[[], Result]) -> Callable[[], Result]:
    """Begin work on a thread of its own; return what waits for its result, or raises what it raised."""
    future: Future[Result] = Future()

    def run() -> None:
        try:
            future.set_result(work())
        except BaseException as error:
            future.set_exception(error)

    threading.Thread(target=run, daemon=True, name="identity").start()
    return future.result
