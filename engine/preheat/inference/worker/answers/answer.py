"""A chat's answer between sampler and client: marks, thinking and its budget, tool calls. Decode thread only."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import cached_property, partial
from typing import Final

from preheat.inference import Chat, Constraint, FinishReason, GenerationChunk, TokenLogprob
from preheat.inference.worker.answers.constraints import AnswerConstraints, BegunCall, Pending
from preheat.inference.worker.chat import (
    THINKING,
    AnswerParser,
    CallForm,
    ChatTemplate,
    Dialect,
    Part,
    Prompt,
    dialect_of,
    prompted_thinking,
)
from preheat.inference.worker.constraints import ConstraintCompiler, TokenMatcher
from preheat.inference.worker.llama_model import LlamaModel
from preheat.inference.worker.sampling import TokenSampler
from preheat.inference.worker.scheduling import Sampled
from preheat.inference.worker.text_stream import TextStream

INSISTING: Final = 15.0
"""A token ends the constraint of a call if its logit is this much higher than those of all allowed tokens: the model
is certain, as of a call that it quotes or of a tool that it was not offered."""


class ChatAnswers:
    """Begins the answers of one model. ``is_alone`` is as in ``AnswerConstraints``."""

    def __init__(
        self, model: LlamaModel, template: ChatTemplate, constraints: ConstraintCompiler, is_alone: Callable[[], bool]
    ) -> None:
        self._model = model
        self._template = template
        self._constraints = AnswerConstraints(model, constraints, is_alone)

    def is_quick(self, chat: Chat, constraint: Constraint | None) -> bool:
        """Return whether the constraints of an answer take some milliseconds at most. Takes less itself."""
        return self._constraints.is_quick(chat, constraint)

    @cached_property
    def _dialect(self) -> Dialect:
        return dialect_of(self._template.source, self._control_token)

    def _control_token(self, text: str) -> int | None:
        tokens = self._model.tokenize(text, add_special=False)
        return tokens[0] if len(tokens) == 1 and self._model.control_text(tokens[0]) == text else None

    def begin(
        self, chat: Chat, constraint: Constraint | None, prompt: Prompt, sampler: TokenSampler, stream: TextStream
    ) -> ChatAnswer:
        """Return a new answer.

        Args:
            chat: The request.
            constraint: The form of the answer's text.
            prompt: The rendered chat.
            sampler: Chooses the tokens; gets the constraint.
            stream: Assembles the text.

        Raises:
            InvalidRequestError: The constraint, or the schema of a strict tool, cannot be used.
        """
        dialect = replace(self._dialect, form=CallForm.HERMES) if prompt.tools_as_text else self._dialect
        opened = prompted_thinking(prompt.text, chat)
        budget = chat.thinking_budget
        if chat.thinking is False and (opened is not None or "enable_thinking" not in self._template.source):
            budget = 0  # the template did not switch it off
        tools = () if chat.tool_choice.mode == "none" else chat.tools
        parser = AnswerParser(dialect, tools, one_call=not chat.parallel_tool_calls, opened=opened)
        may_think = opened is None and budget != 0
        matcher = self._constraints.whole(chat, constraint, dialect, dialect.thinking if may_think else None)
        if matcher is not None and opened is None:
            sampler.constrain(matcher)
        marks = opened or dialect.thinking or THINKING[0]
        return ChatAnswer(
            parser,
            sampler,
            stream,
            {token: text.encode() for token, text in dialect.control.items()},
            budget=budget,
            closing=self._model.tokenize(f"\n{marks.close}{marks.after}", add_special=False),
            after_thinking=None if matcher is None or opened is None else partial(self._constraints.advanced, matcher),
            begun_call=self._constraints.begun_calls(chat, dialect) if matcher is None else None,
        )


class ChatAnswer:
    """One answer. ``sample`` is called for each token, then ``chunks`` with the text that it completes.

    Args:
        parser: Separates the text.
        sampler: Chooses the tokens.
        stream: Assembles the text. Stop strings do not end the thinking.
        control: Text of control tokens that the parser has to see, by token id.
        budget: Maximum tokens of thinking; None is no limit.
        closing: Tokens that end the thinking when the budget is used up.
        after_thinking: Returns the constraint that begins after the thinking, past a beginning of the answer.
        begun_call: Returns the constraint of a call that the model has begun, past its beginning.
    """

    def __init__(
        self,
        parser: AnswerParser,
        sampler: TokenSampler,
        stream: TextStream,
        control: Mapping[int, bytes],
        *,
        budget: int | None = None,
        closing: Sequence[int] = (),
        after_thinking: Callable[[str], TokenMatcher | None] | None = None,
        begun_call: BegunCall | None = None,
    ) -> None:
        self._parser = parser
        self._sampler = sampler
        self._stream = stream
        stream.suspended = parser.before_text
        self._control = control
        self._budget = budget
        self._closing = closing
        self._after_thinking = after_thinking
        self._begun_call = begun_call
        self._seen_blocks = 0
        self._in_constrained_call = False
        self._forced: deque[int] = deque()
        self._reasoning_tokens = 0
        self._logprobs: list[TokenLogprob] = []  # of text that is held back

    def sample(self, index: int) -> Sampled:
        """Return the next token, from the logits of the batch's token at ``index``."""
        parser = self._parser
        if parser.ended:
            return Sampled(0, b"", end=True)
        if parser.thinking:
            if self._budget is not None and self._reasoning_tokens >= self._budget and not self._forced:
                self._forced.extend(self._closing)
        elif self._after_thinking is not None:
            self._sampler.constrain(self._after_thinking(parser.held.lstrip()))
            self._after_thinking = None
        elif parser.in_call and self._begun_call is not None and parser.blocks != self._seen_blocks:
            self._constrain_call(self._begun_call)
        if self._forced:
            sampled = self._sampler.force(index, self._forced.popleft())
        else:
            sampled = self._sampler.sample(index)
            self._reasoning_tokens += parser.thinking and not sampled.end
        if sampled.last and self._in_constrained_call:
            self._in_constrained_call = False
            self._sampler.constrain(None)
            sampled = sampled._replace(last=False)
        mark = self._control.get(sampled.token)
        return sampled if mark is None or sampled.end else sampled._replace(piece=mark)

    def _constrain_call(self, begun_call: BegunCall) -> None:
        beginning = self._parser.call_beginning()
        if beginning is not None:
            matcher = begun_call(beginning)
            if isinstance(matcher, Pending):
                return  # the next token asks again
            self._seen_blocks = self._parser.blocks
            self._in_constrained_call = matcher is not None
            self._sampler.constrain(matcher, insisting=INSISTING)

    def chunks(self, chunk: GenerationChunk) -> list[GenerationChunk]:
        """Return what a chunk of plain text becomes."""
        if chunk.progress is not None:
            return [chunk]
        parser = self._parser
        last = chunk.finish_reason is not None
        parts = parser.feed(chunk.text) if chunk.text else []
        if last:
            parts += parser.finish()
        self._stream.suspended = parser.before_text
        if chunk.is_text and parts == [Part(chunk.text)] and not self._logprobs:
            return [chunk]
        self._logprobs += chunk.logprobs
        outputs = [GenerationChunk(part.text, reasoning=part.reasoning, tool_calls=part.calls) for part in parts]
        if self._logprobs and (last or (parts and not parser.held)):
            outputs[:1] = [replace(outputs[0] if outputs else GenerationChunk(), logprobs=tuple(self._logprobs))]
            self._logprobs = []
        if last:
            outputs[-1:] = [self._last(chunk, outputs[-1] if outputs else GenerationChunk())]
        if chunk.prompt_logprobs:
            outputs.insert(0, GenerationChunk(prompt_logprobs=chunk.prompt_logprobs))
        return outputs

    def _last(self, chunk: GenerationChunk, output: GenerationChunk) -> GenerationChunk:
        called = chunk.finish_reason is FinishReason.STOP and self._parser.complete_calls > 0
        return replace(
            output,
            finish_reason=FinishReason.TOOL_CALLS if called else chunk.finish_reason,
            usage=chunk.usage and replace(chunk.usage, reasoning_tokens=self._reasoning_tokens),
            stop_text=chunk.stop_text,
        )
