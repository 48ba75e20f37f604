"""A chat's answer between sampler and client: marks, thinking and its budget, tool calls. Decode thread only."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import cached_property, partial

from preheat.errors import InvalidRequestError
from preheat.inference import Chat, Constraint, FinishReason, GenerationChunk, TokenLogprob, ToolDefinition
from preheat.inference.worker.chat import (
    THINKING,
    AnswerParser,
    CallForm,
    ChatTemplate,
    Dialect,
    Prompt,
    Thinking,
    arguments_schema,
    calls_grammar,
    dialect_of,
    optional_thinking,
    prompted_thinking,
)
from preheat.inference.worker.constraints import (
    ConstraintCompiler,
    GrammarError,
    SchemaError,
    TokenMatcher,
    constraint_rule,
    json_rule,
)
from preheat.inference.worker.generation import Sampled
from preheat.inference.worker.llama_model import LlamaModel
from preheat.inference.worker.sampling import TokenSampler
from preheat.inference.worker.text_stream import TextStream
from preheat.messages import msg

# What cannot be kept of a tool's schema is left out; a strict tool's schema has been checked before.
_arguments_rule = partial(json_rule, lenient=True)


class ChatAnswers:
    """Begins the answers of one model."""

    def __init__(self, model: LlamaModel, template: ChatTemplate, constraints: ConstraintCompiler) -> None:
        self._model = model
        self._template = template
        self._constraints = constraints

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
        budget = 0 if chat.thinking is False else chat.thinking_budget
        tools = () if chat.tool_choice.mode == "none" else chat.tools
        parser = AnswerParser(dialect, tools, one_call=not chat.parallel_tool_calls, opened=opened)
        may_think = opened is None and budget != 0
        matcher = self._constraints_of(chat, constraint, dialect, dialect.thinking if may_think else None)
        constrain = None
        if matcher is not None and opened is not None:
            constrain = partial(self._constrain, sampler, matcher)
        elif matcher is not None:
            sampler.constrain(matcher)
        marks = opened or dialect.thinking or THINKING[0]
        return ChatAnswer(
            parser,
            sampler,
            stream,
            {token: text.encode() for token, text in dialect.control.items()},
            budget=budget,
            closing=self._model.tokenize(f"\n{marks.close}{marks.after}", add_special=False),
            constrain=constrain,
        )

    def _constraints_of(
        self, chat: Chat, constraint: Constraint | None, dialect: Dialect, thinking: Thinking | None
    ) -> TokenMatcher | None:
        """Return what the answer has to follow, perhaps after thinking: calls, the request's constraint, or either."""
        choice = chat.tool_choice
        rules = []
        options = []
        if constraint is not None and choice.mode != "required":
            matcher = self._constraints.matcher(constraint)
            if constraint.kind not in ("json_schema", "regex") or (thinking is None and not chat.tools):
                return matcher
            options.append("answer")
            rules.append(f"answer: {constraint_rule(constraint)}\n")
        if choice.mode == "required" or (options and chat.tools and choice.mode == "auto"):
            tools = [self._usable(tool) for tool in chat.tools if not choice.names or tool.name in choice.names]
            parallel = chat.parallel_tool_calls and len(tools) > 1
            options.append("calls")
            rules.append(calls_grammar(tools, dialect, parallel=parallel, mark=self._mark, rule=_arguments_rule))
        if not options:
            return None
        if thinking is not None:
            rules.append(optional_thinking(thinking, self._mark))
        start = f"start: {'thinking? ' if thinking is not None else ''}({' | '.join(options)})\n"
        try:
            return self._constraints.lark_matcher(start + "".join(rules))
        except GrammarError as error:
            raise InvalidRequestError(msg("grammar_unusable", reason=str(error)[:200]), param="tools") from error

    def _usable(self, tool: ToolDefinition) -> ToolDefinition:
        """Return the tool; with any arguments, if its schema cannot be followed and does not have to be."""
        schema = json.dumps(arguments_schema(tool))
        try:
            if tool.strict:
                self._constraints.matcher(Constraint("json_schema", schema))
            else:
                self._constraints.lark_matcher(f"start: {_arguments_rule(schema)}")
        except InvalidRequestError as error:
            raise InvalidRequestError(error.message, param="tools") from error
        except (SchemaError, GrammarError):
            return replace(tool, parameters={"type": "object"})
        return tool

    def _mark(self, text: str) -> str:
        token = self._constraints.special_token(text)
        return json.dumps(text, ensure_ascii=False) if token is None else f"<[{token}]>"

    def _constrain(self, sampler: TokenSampler, matcher: TokenMatcher, begun: str) -> None:
        for token in self._model.tokenize(begun, add_special=False, parse_special=False):
            if not matcher.accept(token):
                break
        sampler.constrain(matcher)


class ChatAnswer:
    """One answer. ``sample`` is called for each token, then ``chunks`` with the text that it completes.

    Args:
        parser: Separates the text.
        sampler: Chooses the tokens.
        stream: Assembles the text. Stop strings do not end the thinking.
        control: Text of control tokens that the parser has to see, by token id.
        budget: Maximum tokens of thinking; None is no limit.
        closing: Tokens that end the thinking when the budget is used up.
        constrain: Called with the text held back when the thinking is over, to begin the constraint. None if the
            sampler has no constraint, or follows it already.
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
        constrain: Callable[[str], object] | None = None,
    ) -> None:
        self._parser = parser
        self._sampler = sampler
        self._stream = stream
        stream.suspended = parser.before_text
        self._control = control
        self._budget = budget
        self._closing = closing
        self._constrain = constrain
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
            self._reasoning_tokens += not self._forced
        elif self._constrain is not None:
            self._constrain(parser.held.lstrip())
            self._constrain = None
        sampled = self._sampler.force(index, self._forced.popleft()) if self._forced else self._sampler.sample(index)
        mark = self._control.get(sampled.token)
        return sampled if mark is None or sampled.end else sampled._replace(piece=mark)

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
