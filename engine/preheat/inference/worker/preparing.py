"""Turns requests into generations: chat templates, tokens, images, samplers and constraints.

Everything here runs on the threads of ``Lanes``, several requests at a time.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Final, NamedTuple, TypeAlias

from preheat.errors import ContextLengthExceededError, InvalidRequestError
from preheat.inference import Chat, GenerateRequest
from preheat.inference.protocol import Detokenize, Detokenized, Generate, Tokenize, Tokens
from preheat.inference.request_size import are_quick, chat_is_quick, is_quick, max_characters
from preheat.inference.worker.answers import ChatAnswer, ChatAnswers
from preheat.inference.worker.chat import ChatTemplate, ChatTokens, Prompt, chat_tokens, thinking_openings
from preheat.inference.worker.constraints import ConstraintCompiler
from preheat.inference.worker.drafts import MIN_MATCH, Drafter
from preheat.inference.worker.lanes import Job, Lane
from preheat.inference.worker.llama_model import LlamaModel
from preheat.inference.worker.sampling import TokenSampler, prompt_token, token_logprob
from preheat.inference.worker.scheduling import Generation, Image
from preheat.inference.worker.text_pieces import OnPiece
from preheat.inference.worker.text_stream import TextStream
from preheat.inference.worker.tokenizing import answer_tokens, infill_prompt, prompt_limit
from preheat.inference.worker.vision import MAX_IMAGES, VisionEncoder
from preheat.messages import msg

Images: TypeAlias = Sequence[Sequence[int | Image]]
"""The encoded images of a chat, in order: each one's tiles, and the tokens that the model wants around them."""


class Prepared(NamedTuple):
    """A request that can join the batch, and a chat's answer."""

    generation: Generation
    answer: ChatAnswer | None


class TextPreparer:
    """Prepares the requests of one text model.

    Args:
        model: The model.
        template: Its chat template.
        vision: Its image encoder; None for models without one.
        constraint_failed: Called on the decode thread with a request's id and the reason why its constraint cannot be
            followed any further.
        is_alone: As in ``AnswerConstraints``.
        speculation: Let answers be drafted.
    """

    def __init__(
        self,
        model: LlamaModel,
        template: ChatTemplate,
        vision: VisionEncoder | None,
        constraint_failed: Callable[[int, str], None],
        is_alone: Callable[[], bool],
        *,
        speculation: bool = False,
    ) -> None:
        self._model: Final = model
        self._template: Final = template
        self._vision: Final = vision
        self._speculation: Final = speculation
        self._constraint_failed: Final = constraint_failed
        self._constraints: Final = ConstraintCompiler(model)
        self._answers: Final = ChatAnswers(model, template, self._constraints, is_alone)

    def lane(self, frame: Generate | Tokenize | Detokenize) -> Lane:
        """Return the lane for a request. Any thread."""
        if isinstance(frame, Detokenize):
            return Lane.QUICK if are_quick([frame.tokens]) else Lane.SLOW
        chat = frame.request.chat if isinstance(frame, Generate) else frame.chat
        if chat is not None and any(part.image is not None for message in chat.messages for part in message.content):
            return Lane.IMAGES
        if isinstance(frame, Tokenize):
            quick = are_quick([frame.text or ""]) if chat is None else chat_is_quick(chat)
        else:
            quick = is_quick(frame.request) and self._constraints_are_quick(frame.request)
        return Lane.QUICK if quick else Lane.SLOW

    def _constraints_are_quick(self, request: GenerateRequest) -> bool:
        if request.chat is not None:
            return self._answers.is_quick(request.chat, request.constraint)
        return request.constraint is None or self._constraints.is_quick(request.constraint)

    def answer(self, frame: Tokenize | Detokenize, job: Job) -> Tokens | Detokenized:
        """Return the answer to a request for tokens or their text; raises EngineError, CancelledError."""
        return answer_tokens(self._model, frame, partial(self._chat_prompt, job), job)

    def _chat_prompt(self, job: Job, chat: Chat, limit: OnPiece) -> list[int]:
        tokens = chat_tokens(self._model, self._template, chat, self._encoded(chat, job), limit).tokens
        return [max(token, 0) for token in tokens]

    def generation(self, frame: Generate, job: Job) -> Prepared:
        """Return a request's generation; raises EngineError, CancelledError."""
        request, model = frame.request, self._model
        prompt, tokens, spans = self._tokens(request, job)
        job.check()
        cells = len(tokens) + sum(span.image.cells - span.image.positions for span in spans)
        if cells + max(request.answer_room, 1) > model.context_length:
            raise ContextLengthExceededError(
                msg("prompt_too_long", tokens=cells, limit=model.context_length),
                param="messages" if request.chat is not None else "prompt",
            )
        stream = TextStream(request.stop, thinking_openings() if request.chat is not None else ())
        sampler = TokenSampler(
            model,
            request.sampling,
            [token for token in tokens if token >= 0] if spans else tokens,
            top_logprobs=request.top_logprobs,
            on_failure=lambda reason: self._constraint_failed(frame.id, reason),
        )
        answer = None
        if request.chat is not None:
            answer = self._answers.begin(request.chat, request.constraint, prompt, sampler, stream)
        elif request.constraint is not None:
            sampler.constrain(self._constraints.matcher(request.constraint))
        scored = request.prompt_logprobs
        top = min(request.top_logprobs or 0, model.n_vocab)
        generation = Generation(
            request_id=frame.id,
            tokens=tokens,
            images=spans,
            text=stream,
            sample=sampler.sample if answer is None else answer.sample,
            max_tokens=request.max_tokens,
            # Computing a prompt in other pieces rounds differently in the last bits, which can change the text.
            private=not request.cache_prompt,
            seeded=request.sampling.seed is not None,
            score=(lambda index, token: token_logprob(model, index, token, top)) if scored else None,
            prompt_logprobs=[prompt_token(model, tokens[0])] if scored else [],
            priority=request.priority,
            client=request.client,
            report_progress=request.report_progress,
            drafter=self._drafter(request, tokens, job),
        )
        return Prepared(generation, answer)

    def _drafter(self, request: GenerateRequest, tokens: Sequence[int], job: Job) -> Drafter | None:
        """Return what drafts a request's answer; None if nothing may.

        Drafted tokens are evaluated in batches of other sizes, which changes the last bits: not with a seed.
        """
        few = request.max_tokens is not None and request.max_tokens < MIN_MATCH
        if not self._speculation or few or request.sampling.seed is not None or request.prompt_logprobs:
            return None
        prediction: list[int] = []
        if request.prediction:
            model, limit = self._model, self._model.context_length
            text = request.prediction[: max_characters(limit)]
            prediction = model.tokenize(text, add_special=False, parse_special=False, on_piece=lambda _: job.check())
            del prediction[limit:]
        return Drafter(tokens, prediction)

    def _tokens(self, request: GenerateRequest, job: Job) -> ChatTokens:
        """Return the tokens of any prompt, and a chat's text."""
        model = self._model
        limit = prompt_limit(job, model, "prompt" if request.chat is None else "messages")
        if request.chat is not None and not request.suffix:
            return chat_tokens(model, self._template, request.chat, self._encoded(request.chat, job), limit)
        prompt = Prompt(())
        if request.prompt_tokens is not None:
            model.check_tokens(request.prompt_tokens, "prompt")
        if request.suffix:
            return ChatTokens(prompt, infill_prompt(model, request, request.suffix, limit))
        if request.prompt_tokens is not None:
            tokens = list(request.prompt_tokens)
        else:
            tokens = model.tokenize(request.prompt or "", on_piece=limit)
        if not tokens:
            if model.bos < 0:
                raise InvalidRequestError(msg("prompt_empty"), param="prompt")
            tokens = [model.bos]
        return ChatTokens(prompt, tokens)

    def _encoded(self, chat: Chat, job: Job) -> Images:
        images = [part.image for message in chat.messages for part in message.content if part.image is not None]
        if not images:
            return ()
        if self._vision is None:
            raise InvalidRequestError(msg("images_unsupported"), param="messages")
        if len(images) > MAX_IMAGES:
            raise InvalidRequestError(msg("too_many_images", count=len(images), limit=MAX_IMAGES), param="messages")
        encoded = []
        for image in images:
            job.check()
            encoded.append(self._vision.encode(image))
        return encoded
