"""POST /v1/completions."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response

from preheat.inference import GenerateRequest, GenerationChunk, TokenLogprob, Usage
from preheat.server.clients import client_name
from preheat.server.generation import Answer, Generator, client_gone, usage_json
from preheat.server.openai.logprobs import completion_logprobs
from preheat.server.openai.schema import CompletionBody, no_limit
from preheat.server.openai.validation import parse_body

DEFAULT_MAX_TOKENS: Final = 16
"""OpenAI's, and what its clients count on; -1 is up to the context length."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CompletionForm:
    """What all events of one answer share.

    Attributes:
        created: Unix time, in whole seconds.
        choices: Answers to each prompt.
        echoes: What each choice's text starts with: its prompt, or nothing.
        logprobs: The client asked for them.
        include_usage: A stream ends with the usage.
    """

    answer_id: str
    created: int
    model_id: str
    choices: int
    echoes: tuple[str, ...]
    logprobs: bool
    include_usage: bool


@dataclass(frozen=True, slots=True)
class CompletionApi:
    """OpenAI's text completion endpoint over the engine."""

    generator: Generator

    async def create(self, request: Request) -> Response:
        """Continue one or several prompts, whole or as a stream of events."""
        body = parse_body(CompletionBody, await request.body())
        model_id = await self.generator.model_id(body.model)
        requests = generate_requests(body)
        form = CompletionForm(
            answer_id=f"cmpl-{uuid.uuid4().hex}",
            created=int(time.time()),
            model_id=model_id,
            choices=body.choices,
            echoes=tuple((request.prompt or "") if body.echo else "" for request in requests),
            logprobs=body.logprobs is not None,
            include_usage=body.include_usage,
        )
        if body.stream:
            return self.generator.stream(client_name(request), model_id, requests, CompletionStream(form))
        answers = await self.generator.answers(request, model_id, requests)
        if answers is None:
            return client_gone()
        return Response(json.dumps(completion_json(form, answers)), media_type="application/json")


def generate_requests(body: CompletionBody) -> list[GenerateRequest]:
    """Return one request for each choice of each prompt, prompt by prompt, as OpenAI numbers them."""
    limit = DEFAULT_MAX_TOKENS if body.max_tokens is None else no_limit(body.max_tokens)
    return [
        GenerateRequest(
            prompt=prompt if isinstance(prompt, str) else None,
            prompt_tokens=None if isinstance(prompt, str) else tuple(prompt),
            sampling=body.sampling(choice),
            max_tokens=limit,
            stop=body.stops,
            top_logprobs=body.logprobs,
        )
        for prompt in body.prompts
        for choice in range(body.choices)
    ]


class CompletionStream:
    """Turns chunks into events. Everything but the text itself is made once."""

    def __init__(self, form: CompletionForm) -> None:
        self._form = form
        self._usages = [Usage(0, 0)] * len(form.echoes)
        self._lengths = [0] * len(form.echoes)
        self._echoes = list(form.echoes)
        self._head = f"data: {json.dumps(_fixed(form), separators=(',', ':'))[:-1]},"
        self._tail = ',"usage":null}\n\n' if form.include_usage else "}\n\n"
        self._text_tail = f',"logprobs":null,"finish_reason":null}}]{self._tail}'

    def feed(self, index: int, chunk: GenerationChunk) -> str:
        """Return the event for one chunk; see ``StreamFormat``."""
        text, self._echoes[index] = self._echoes[index] + chunk.text, ""
        if chunk.finish_reason is None and not chunk.logprobs:
            return (
                f'{self._head}"choices":[{{"index":{index},"text":{json.dumps(text)}{self._text_tail}' if text else ""
            )
        self._usages[index] = chunk.usage or self._usages[index]
        choice = {
            "index": index,
            "text": text,
            "logprobs": self._logprobs(index, chunk.logprobs),
            "finish_reason": chunk.finish_reason,
        }
        return f'{self._head}"choices":[{json.dumps(choice)}]{self._tail}'

    def end(self) -> str:
        """Return the usage, if it was asked for, and the end mark."""
        if not self._form.include_usage:
            return "data: [DONE]\n\n"
        usage = usage_json(self._usages, self._form.choices)
        return f'{self._head}"choices":[],"usage":{json.dumps(usage)}}}\n\ndata: [DONE]\n\n'

    def _logprobs(self, index: int, tokens: Sequence[TokenLogprob]) -> dict[str, Any] | None:
        if not self._form.logprobs:
            return None
        logprobs = completion_logprobs(tokens, self._lengths[index])
        self._lengths[index] += sum(len(token.token) for token in tokens)
        return logprobs


def completion_json(form: CompletionForm, answers: Sequence[Answer]) -> dict[str, Any]:
    """Return the whole answer."""
    choices = [
        {
            "index": index,
            "text": form.echoes[index] + answer.text,
            "logprobs": completion_logprobs(answer.logprobs, 0) if form.logprobs else None,
            "finish_reason": answer.finish_reason,
        }
        for index, answer in enumerate(answers)
    ]
    usage = usage_json([answer.usage for answer in answers], form.choices)
    return {**_fixed(form), "choices": choices, "usage": usage}


def _fixed(form: CompletionForm) -> dict[str, Any]:
    return {"id": form.answer_id, "object": "text_completion", "created": form.created, "model": form.model_id}
