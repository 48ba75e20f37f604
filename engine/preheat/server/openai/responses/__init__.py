"""OpenAI's Responses: input and output as items, a stream of typed events, and stored conversations."""

from __future__ import annotations

from preheat.server.openai.responses.endpoints import BODIES as BODIES
from preheat.server.openai.responses.endpoints import ENDPOINTS as ENDPOINTS
from preheat.server.openai.responses.endpoints import ResponsesApi as ResponsesApi
