"""Serves text: lets requests be prepared, and runs the scheduler's steps.

``submit`` runs on the reading thread, preparation on the threads of ``Lanes``, and ``step`` on the decode thread.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from queue import SimpleQueue
from typing import Final

from preheat.errors import EngineError, InvalidRequestError, UnsupportedOperationError
from preheat.inference import Chat, GenerateRequest, GenerationChunk, LoadOptions, Role, text_message
from preheat.inference.protocol import Detokenize, Embed, Failed, Generate, Request, Step, Tokenize, client_of
from preheat.inference.worker.answers import ChatAnswer
from preheat.inference.worker.channel import Channel, take
from preheat.inference.worker.chat import ChatTemplate, beginning_tokens, fixed_tokens
from preheat.inference.worker.drafts import StepCosts
from preheat.inference.worker.failures import failure_of
from preheat.inference.worker.lanes import Job, Lanes, Preparer
from preheat.inference.worker.llama_model import LlamaModel
from preheat.inference.worker.prefixes.ahead import ReadAhead
from preheat.inference.worker.prefixes.prompts import Prompts, sample_nothing
from preheat.inference.worker.preparing import Prepared, TextPreparer
from preheat.inference.worker.runner import ModelRunner, cell_costs
from preheat.inference.worker.scheduling import Generation, Scheduler, StepPlan
from preheat.inference.worker.text_stream import TextStream
from preheat.inference.worker.vision import VisionEncoder
from preheat.messages import msg

MAX_WARM_TOKENS: Final = 256
"""Longest beginning to warm up: more than any template writes without messages."""

_WARM_UP: Final = -1
"""Id of the generation that warms up; requests have others."""

_FIRST_CHAT: Final = Generate(_WARM_UP, GenerateRequest(chat=Chat(messages=(text_message(Role.USER, "Hi"),))))
"""Is prepared and forgotten: what the first chat of a model prepares for all takes some milliseconds."""

_RESTORE_TIMEOUT_S: Final = 5.0
"""Longest time without any stored cells being read before a prompt is computed instead."""

_HOLD_S: Final = 0.012
"""Shortest time between two frames of output in the middle of answers. Waking the engine and the client for each token
costs steps of a few milliseconds 2 % and more, and screens show 60 pictures a second."""

_WARM_CHUNK_TOKENS: Final = 16
"""Warming up has no waiting client: its steps are short, so that it can be put on hold quickly."""

_INTERRUPTIBLE_TOKENS: Final = 48
"""Smallest step that is interrupted when all of its requests are cancelled. Asking costs each step 1 ms."""

_SLOW_STEP_S: Final = 0.25
"""After a step of this duration, the next one is interrupted, too, whatever its size."""


class TextService:
    """Generations of one model.

    Args:
        model: The model.
        options: Options of its load.
        channel: Where answers go.
        tokens_per_s: A first guess at the speed of prefill.
        template: Its chat template.
        identify: See ``PrefixStore``.
        vision: Its image encoder; None for models without one.
        ahead: Stored blocks that were read during the load.
        lanes: Where requests are prepared; threads by default.
        costs: What steps cost; measured by default.
    """

    def __init__(
        self,
        model: LlamaModel,
        options: LoadOptions,
        channel: Channel,
        tokens_per_s: float,
        template: ChatTemplate,
        identify: Callable[[], bytes],
        vision: VisionEncoder | None = None,
        ahead: ReadAhead | None = None,
        lanes: Preparer | None = None,
        costs: StepCosts | None = None,
    ) -> None:
        self._model = model
        self._channel = channel
        self._template = template
        self._preparer = TextPreparer(
            model,
            template,
            vision,
            self._constraint_failed,
            self._is_alone,
            speculation=options.speculation and model.can_cut,
        )
        self._lanes: Preparer = lanes or Lanes(self._fail, channel.pulse)
        self._answers: dict[int, ChatAnswer] = {}  # of the chats in progress, by request id
        self._inbox: SimpleQueue[Prepared | int | Callable[[], object]] = SimpleQueue()  # an id cancels its request
        self._prompts = Prompts(
            options.prefixes,
            identify,
            exact=not model.can_cut,
            render=partial(beginning_tokens, model, template),
            run=self._inbox.put,
            send=channel.send,
            ahead=ahead,
        )
        self._runner = ModelRunner(model, vision, self._prompts.copied)
        self._held: list[Step] = []  # output that is not sent yet
        self._sent_at = 0.0  # when output was sent, in seconds of the runner's clock
        self._stalled = False  # everything that runs waits for stored cells
        self._cancelled: set[int] = set()  # requests whose cancellation is still in the inbox
        self._watched = False  # the step's progress can be seen while it runs
        self._slow = False  # the last step was
        self._scheduler = Scheduler(
            parallel=options.parallel,
            slots=max(model.max_sequences, options.parallel),
            batch_tokens=self._runner.batch_tokens,
            context_length=model.context_length,
            recurrent=model.recurrent,
            tokens_per_s=tokens_per_s,
            even_step=model.even_step,
            prefixes=self._prompts.planner,
            costs=costs,
            cells=cell_costs(model, options.threads),
            failed=self._broke,
        )
        self._prompts.serve(self._scheduler)

    def step(self, *, wait: bool = False) -> bool:
        """Take in new requests and advance all generations; return whether any is left. ``wait`` blocks while idle."""
        self._take_in(wait=wait)
        plan = self._plan()
        if not plan.empty:
            self._watch_cancellations(plan)
            if self._held and not all(chunk.decodes for chunk in plan.chunks):
                self._send()  # the step may take long
            chunks = self._run(plan)
            while self._scheduler.verifying:
                chunks += self._run(self._scheduler.plan())
            if chunks:
                self._held.append(Step(chunks))
                ended = any(chunk.finish_reason is not None for _, chunk in chunks)
                if ended or time.perf_counter() - self._sent_at >= _HOLD_S:
                    self._send()
        elif self._held:
            self._send()
        return not self._scheduler.idle

    def _send(self) -> None:
        """Send the output that was held back. Decode thread."""
        self._channel.send(*self._held)
        self._held.clear()
        self._sent_at = time.perf_counter()

    def _plan(self) -> StepPlan:
        self._prompts.before()
        plan = self._scheduler.plan(time.perf_counter())
        self._stalled = plan.empty and not self._scheduler.idle
        return plan

    def _take_in(self, *, wait: bool) -> None:
        idle = self._scheduler.idle
        timeout_s = _RESTORE_TIMEOUT_S if self._stalled else self._idle_s
        waits = self._stalled or (wait and idle)
        items = take(self._inbox, self._channel.pulse.decode, wait=waits, timeout_s=timeout_s)
        if waits and not items:
            if idle:
                self._idle()
            else:
                self._scheduler.give_up_restores()
        for item in items:
            if isinstance(item, int):
                self._scheduler.cancel(item)
                self._answers.pop(item, None)
                self._cancelled.discard(item)
            elif isinstance(item, Prepared):
                if item.answer is not None:
                    self._answers[item.generation.request_id] = item.answer
                self._prompts.added(item.generation)
                self._scheduler.add(item.generation)
            else:
                item()

    @property
    def _idle_s(self) -> float | None:
        waiting = (self._prompts.idle_s, self._model.logits.idle_s, self._model.unused_memory.idle_s)
        return min(filter(None, waiting), default=None)

    def _idle(self) -> None:
        """Do what comes first of what waits for an idle moment."""
        unused, idle_s = self._model.unused_memory, self._idle_s
        if self._model.logits.idle_s == idle_s:
            self._model.logits.prepare()
        elif unused.idle_s == idle_s:
            while unused and self._inbox.empty():
                unused.give_back_some()
        else:
            self._prompts.idle()

    def _is_alone(self) -> bool:
        return self._scheduler.requests == 1 and self._inbox.empty()

    def _run(self, plan: StepPlan) -> list[tuple[int, GenerationChunk]]:
        result = self._runner.run(plan)
        if not plan.verifies:
            self._slow = result.seconds >= _SLOW_STEP_S
        chunks = self._scheduler.update(plan, result)
        self._prompts.after(plan)
        outputs = []
        for request_id, chunk in chunks:
            if request_id in self._answers:
                outputs += [(request_id, part) for part in self._parts(request_id, chunk)]
            elif request_id >= 0:
                outputs.append((request_id, chunk))
            else:
                self._prompts.ended(request_id, chunk)
        return outputs

    def _parts(self, request_id: int, chunk: GenerationChunk) -> Sequence[GenerationChunk]:
        answer = self._answers[request_id]
        if chunk.finish_reason is not None:
            del self._answers[request_id]
        try:
            return answer.chunks(chunk)
        except Exception as error:  # must not cost the other generations
            self._scheduler.cancel(request_id)
            self._broke(request_id, error)
            return ()

    def _watch_cancellations(self, plan: StepPlan) -> None:
        """Let a long step show progress, and end early if all of its requests are cancelled."""
        watched = bool(plan.chunks) and (self._slow or plan.tokens >= _INTERRUPTIBLE_TOKENS)
        if watched:
            running = {chunk.generation.request_id for chunk in plan.chunks}
            beat, may_end = self._channel.pulse.decode.beat, not self._model.recurrent
            self._model.interrupt_when(lambda: beat() or (may_end and running <= self._cancelled))
        elif self._watched:
            self._model.interrupt_when(None)
        self._watched = watched

    def warm_up(
        self,
        may_continue: Callable[[], object],
        hurried: Callable[[], bool] = lambda: False,
        *,
        computes: bool = True,
    ) -> None:
        """Do what would slow down the first requests otherwise, before a ``step``.

        Prepare a first chat, put back stored prompts, and evaluate what all chats begin with.

        Args:
            may_continue: Called before each step; blocks while the load is on hold.
            hurried: Whether a request waits by now: it comes first.
            computes: Evaluate that beginning if it is not stored.
        """
        if hurried():
            return
        self._model.logits.want_numpy()
        with suppress(EngineError):  # the template may want other chats
            self._preparer.generation(_FIRST_CHAT, Job(_WARM_UP, "", lambda _: lambda: None))
        for generation in self._prompts.loads(len(self._scheduler.slots)):
            self._scheduler.add(generation)
        limit = min(MAX_WARM_TOKENS, self._model.context_length - 1)
        tokens = fixed_tokens(self._model, self._template)[:limit]
        if tokens and not self._model.recurrent:  # an aborted step would spoil a recurrent state
            self._scheduler.add(
                Generation(
                    request_id=_WARM_UP,
                    tokens=tokens,
                    text=TextStream(),
                    sample=sample_nothing,
                    max_tokens=0,
                    max_chunk=_WARM_CHUNK_TOKENS,
                    restore_only=not computes or self._prompts.has(tokens),
                    beginning=self._prompts.own_beginning(tokens),
                )
            )
        while not self._scheduler.idle:
            may_continue()
            if hurried():
                for request_id in (_WARM_UP, *self._prompts.give_up_loads()):
                    self._scheduler.cancel(request_id)
                return
            self._take_in(wait=False)
            self._run(self._plan())  # interrupted as the load is, when it is put on hold

    def save_prefixes(self, within_s: float, hands_over: bool = False) -> None:
        """Store the prompts in the slots, and answer with ``PrefixesSaved``. Any thread."""
        self._inbox.put(partial(self._prompts.save, within_s, hands_over))

    def cancel(self, request_id: int) -> None:
        """Drop a request. Any thread."""
        self._cancelled.add(request_id)
        self._lanes.cancel(request_id)
        self._inbox.put(request_id)

    def submit(self, frame: Request) -> None:
        """Prepare a request on another thread and let it join the batch, or answer it there. Reading thread."""
        if isinstance(frame, Embed):
            raise UnsupportedOperationError(msg("model_makes_text"))
        lane = self._preparer.lane(frame)
        self._lanes.submit(lane, Job(frame.id, client_of(frame), lambda job: self._prepared(frame, job)))

    def _prepared(self, frame: Generate | Tokenize | Detokenize, job: Job) -> Callable[[], None]:
        if isinstance(frame, Generate):
            prepared = self._preparer.generation(frame, job)
            rest = self._prompts.prepare(prepared.generation, frame.request.chat)
            return partial(self._queue, prepared, rest)
        return partial(self._channel.send, self._preparer.answer(frame, job))

    def _queue(self, prepared: Prepared, rest: Callable[[], None]) -> None:
        self._inbox.put(prepared)
        rest()

    def _broke(self, request_id: int, error: Exception) -> None:
        """End a request that failed while it was answered. Decode thread."""
        self._answers.pop(request_id, None)
        self._send()
        self._fail(request_id, failure_of("answering a request", error))

    def _fail(self, request_id: int, error: EngineError) -> None:
        self._channel.send(Failed(request_id, error))

    def _constraint_failed(self, request_id: int, reason: str) -> None:
        self._send()
        self._fail(request_id, InvalidRequestError(msg("constraint_failed", reason=reason), param="response_format"))
