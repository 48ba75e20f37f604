from __future__ import annotations

from collections.abc import AsyncIterator

import anthropic
import pytest

from tests.engine.server.conftest import RunningPort, Sdk


@pytest.fixture
async def claude(port: RunningPort) -> AsyncIterator[Sdk]:
    """Anthropic's own client."""
    async with anthropic.AsyncAnthropic(base_url=port.url, api_key="none", max_retries=0) as client:
        yield client
