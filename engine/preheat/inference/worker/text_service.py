"""Serves text: turns requests into generations, and runs the scheduler's steps.

``submit`` runs on the reading thread, so that rendering templates and tokenizing never delay the batch; ``step`` on the
decode thread.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from queue import SimpleQueue
from typing import Final, NoReturn

from preheat.errors import ContextLengthExceededError, InvalidRequestError, UnsupportedOperationError
from preheat.inference import Chat, GenerateRequest, GenerationChunk, LoadOptions
from preheat.inference.protocol import Detokenize, Embed, Failed, Generate, Request, Step, Tokenize
from preheat.inference.worker.answer import ChatAnswer, ChatAnswers
from preheat.inference.worker.channel import Channel, take
from preheat.inference.worker.chat import (
    ChatTemplate,
    ChatTokens,
    Prompt,
    chat_tokens,
    fixed_tokens,
    thinking_openings,
)
from preheat.inference.worker.constraints import ConstraintCompiler
from preheat.inference.worker.generation import Generation
from preheat.inference.worker.image_queue import ImageQueue, Images
from preheat.inference.worker.infill import infill_prompt
from preheat.inference.worker.llama_model import LlamaModel
from preheat.inference.worker.runner import ModelRunner
from preheat.inference.worker.sampling import TokenSampler, prompt_token, token_logprob
from preheat.inference.worker.scheduler import Scheduler, StepPlan
from preheat.inference.worker.text_stream import TextStream
from preheat.inference.worker.tokenizing import answer_tokens
from preheat.inference.worker.vision import VisionEncoder
from preheat.messages import msg

MAX_WARM_TOKENS: Final = 256
"""Longest beginning to warm up: more than any template writes without messages."""

_WARM_CHUNK_TOKENS: Final = 16
"""Warming up has no waiting client: its steps are short, so that it can be put on hold quickly."""

_INTERRUPTIBLE_TOKENS: Final = 48
"""Smallest step that is interrupted when all of its requests are cancelled. Asking costs each step 1 ms."""


class TextService:
    """Generations of one model. ``tokens_per_s`` is a first guess at the speed of prefill."""

    def __init__(
        self,
        model: LlamaModel,
        options: LoadOptions,
        channel: Channel,
        tokens_per_s: float,
        vision: VisionEncoder | None = None,
    ) -> None:
        self._model = model
        self._images = ImageQueue(vision, self._prepare, channel)
        self._channel = channel
        self._template = ChatTemplate(
            model.chat_template(), model.chat_template("tool_use"), bos=model.bos_text, eos=model.eos_text
        )
        self._constraints = ConstraintCompiler(model)
        self._chat_answers = ChatAnswers(model, self._template, self._constraints)
        self._answers: dict[int, ChatAnswer] = {}  # of the chats in progress, by request id
        self._runner = ModelRunner(model, vision)
        self._preparing = threading.Lock()
        self._inbox: SimpleQueue[Generation | int] = SimpleQueue()  # an id cancels its request
        self._cancelled: set[int] = set()  # requests whose cancellation is still in the inbox
        self._interruptible = False
        self._scheduler = Scheduler(
            parallel=options.parallel,
            slots=max(model.max_sequences, options.parallel),
            batch_tokens=self._runner.batch_tokens,
            context_length=model.context_length,
            recurrent=model.recurrent,
            tokens_per_s=tokens_per_s,
        )

    def step(self, *, wait: bool = False) -> bool:
        """Take in new requests and advance all generations; return whether any is left. ``wait`` blocks while idle."""
        for item in take(self._inbox, wait=wait and self._scheduler.idle):
            if isinstance(item, int):
                self._scheduler.cancel(item)
                self._answers.pop(item, None)
                self._cancelled.discard(item)
            else:
                self._scheduler.add(item)
        plan = self._scheduler.plan()
        self._watch_cancellations(plan)
        chunks = self._run(plan)
        if chunks:
            self._channel.send(Step(chunks))
        return not self._scheduler.idle

    def _run(self, plan: StepPlan) -> list[tuple[int, GenerationChunk]]:
        chunks = self._scheduler.update(plan, self._runner.run(plan))
        return [(request_id, part) for request_id, chunk in chunks for part in self._parts(request_id, chunk)]

    def _parts(self, request_id: int, chunk: GenerationChunk) -> Sequence[GenerationChunk]:
        answer = self._answers.get(request_id)
        if answer is None:
            return (chunk,)
        if chunk.finish_reason is not None:
            del self._answers[request_id]
        return answer.chunks(chunk)

    def _watch_cancellations(self, plan: StepPlan) -> None:
        """Let a long step end early if all of its requests are cancelled."""
        running = {chunk.generation.request_id for chunk in plan.chunks}
        interruptible = plan.tokens >= _INTERRUPTIBLE_TOKENS and not self._model.recurrent
        if interruptible:
            self._model.interrupt_when(lambda: running <= self._cancelled)
        elif self._interruptible:
            self._model.interrupt_when(None)
        self._interruptible = interruptible

    def warm_up(self, may_continue: Callable[[], object]) -> None:
        """Evaluate the beginning that all chats share, and keep it, before the first ``step``.

        ``may_continue`` is called before each step, and blocks while the load is on hold."""
        limit = min(MAX_WARM_TOKENS, self._model.context_length - 1)
        tokens = fixed_tokens(self._model, self._template)[:limit]
        if not tokens:
            return
        self._scheduler.add(
            Generation(
                request_id=0,
                tokens=tokens,
                text=TextStream(),
                sample=_sample_nothing,
                max_tokens=0,
                max_chunk=_WARM_CHUNK_TOKENS,
            )
        )
        while not self._scheduler.idle:
            may_continue()
            self._run(self._scheduler.plan())

    def cancel(self, request_id: int) -> None:
        """Drop a request. Any thread."""
        self._cancelled.add(request_id)
        self._images.cancel(request_id)
        self._inbox.put(request_id)

    def submit(self, frame: Request) -> None:
        """Prepare a generation and let it join the batch; raises EngineError if the request cannot be served."""
        if isinstance(frame, Embed):
            raise UnsupportedOperationError(msg("model_makes_text"))
        if not self._images.take(frame):
            self._prepare(frame, ())

    def _prepare(self, frame: Generate | Tokenize | Detokenize, images: Images) -> None:
        """Prepare a request whose images are encoded. Reading thread, or that of the images; one at a time."""
        with self._preparing:
            if isinstance(frame, Generate):
                self._inbox.put(self._generation(frame.id, frame.request, images))
            else:
                self._channel.send(answer_tokens(self._model, frame, lambda chat: self._chat_prompt(chat, images)))

    def _generation(self, request_id: int, request: GenerateRequest, images: Images) -> Generation:
        prompt, tokens, spans = self._tokens(request, images)
        cells = len(tokens) + sum(span.image.cells - span.image.positions for span in spans)
        if cells >= self._model.context_length:
            raise ContextLengthExceededError(
                msg("prompt_too_long", tokens=cells, limit=self._model.context_length),
                param="messages" if request.chat is not None else "prompt",
            )
        stream = TextStream(request.stop, thinking_openings() if request.chat is not None else ())
        sampler = TokenSampler(
            self._model,
            request.sampling,
            [token for token in tokens if token >= 0] if spans else tokens,
            top_logprobs=request.top_logprobs,
            on_failure=lambda reason: self._fail(request_id, reason),
        )
        sample = sampler.sample
        if request.chat is not None:
            answer = self._chat_answers.begin(request.chat, request.constraint, prompt, sampler, stream)
            self._answers[request_id] = answer
            sample = answer.sample
        elif request.constraint is not None:
            sampler.constrain(self._constraints.matcher(request.constraint))
        scored = request.prompt_logprobs
        top = request.top_logprobs or 0
        return Generation(
            request_id=request_id,
            tokens=tokens,
            images=spans,
            text=stream,
            sample=sample,
            max_tokens=request.max_tokens,
            # Computing a prompt in other pieces rounds differently in the last bits, which can change the text.
            seeded=request.sampling.seed is not None,
            score=(lambda index, token: token_logprob(self._model, index, token, top)) if scored else None,
            prompt_logprobs=[prompt_token(self._model, tokens[0])] if scored else [],
            priority=request.priority,
            client=request.client,
            report_progress=request.report_progress,
        )

    def _fail(self, request_id: int, reason: str) -> None:
        error = InvalidRequestError(msg("constraint_failed", reason=reason), param="response_format")
        self._channel.send(Failed(request_id, error))

    def _tokens(self, request: GenerateRequest, images: Images) -> ChatTokens:
        """Return the tokens of any prompt, and a chat's text."""
        if request.chat is not None and not request.suffix:
            return chat_tokens(self._model, self._template, request.chat, images)
        prompt = Prompt(())
        if request.prompt_tokens is not None:
            self._model.check_tokens(request.prompt_tokens, "prompt")
        if request.suffix:
            return ChatTokens(prompt, infill_prompt(self._model, request, request.suffix))
        if request.prompt_tokens is not None:
            tokens = list(request.prompt_tokens)
        else:
            tokens = self._model.tokenize(request.prompt or "")
        if not tokens:
            if self._model.bos < 0:
                raise InvalidRequestError(msg("prompt_empty"), param="prompt")
            tokens = [self._model.bos]
        return ChatTokens(prompt, tokens)

    def _chat_prompt(self, chat: Chat, images: Images) -> list[int]:
        tokens = chat_tokens(self._model, self._template, chat, images).tokens
        return [max(token, 0) for token in tokens]


def _sample_nothing(_index: int) -> NoReturn:
    raise AssertionError("max_tokens is 0")
