"""POST /v1/completions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from preheat.inference import GenerateRequest
from preheat.server.generation import Generator
from preheat.server.openai.formatting import CompletionFormat
from preheat.server.openai.schema import CompletionBody, no_limit
from preheat.server.openai.validation import parse_body

DEFAULT_MAX_TOKENS: Final = 16
"""OpenAI's default, which its clients expect; -1 is up to the context length."""


@dataclass(frozen=True, slots=True)
class CompletionApi:
    """The text completion endpoint."""

    generator: Generator

    async def create(self, request: Request) -> Response:
        """Continue one or several prompts, whole or as a stream of events."""
        body = parse_body(CompletionBody, await request.body())
        model_id = await self.generator.model_id(body.model)
        requests = generate_requests(body)
        form = CompletionFormat(
            model_id,
            [(each.prompt or "") if body.echo else "" for each in requests],
            choices=body.choices,
            logprobs=body.logprobs is not None,
            include_usage=body.include_usage,
        )
        return await self.generator.respond(request, model_id, requests, form, stream=bool(body.stream))


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
