"""OpenAI's Responses: input and output as items, a stream of typed events, and stored conversations."""

from __future__ import annotations

from preheat.server.openai.responses.endpoints import ResponsesApi as ResponsesApi
from preheat.server.openai.responses.schema import InputBody as InputBody
from preheat.server.openai.responses.schema import ResponseBody as ResponseBody
