"""Images through each protocol, with a real model and a tiny image encoder."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import anthropic
import ollama
import openai
import pytest
from openai.types import CompletionUsage

from running_preheat import CHAT, Preheat, running_preheat
from vision_model import IMAGE_TOKENS, png, write_mmproj

QUESTION = "What is this?"
IMAGE = base64.b64encode(png()).decode()
TEXT_WIDTH = 576  # of SmolLM2


@pytest.fixture(scope="module")
def seeing(tmp_path_factory: pytest.TempPathFactory, chat_model: Path) -> Iterator[Preheat]:
    """A Preheat whose chat model has an image encoder next to it."""
    folder = tmp_path_factory.mktemp("models") / "smollm2"
    folder.mkdir()
    (folder / chat_model.name).symlink_to(chat_model)
    write_mmproj(folder / "mmproj-SmolLM2-135M-Instruct.gguf", TEXT_WIDTH)
    with running_preheat(tmp_path_factory.mktemp("home"), folder) as running:
        running.wait_hot(CHAT)
        yield running


@pytest.fixture(scope="module")
def text_tokens(seeing: Preheat) -> int:
    """Prompt tokens of the question alone."""
    usage = ask_openai(seeing, QUESTION)
    return usage.prompt_tokens


def ask_openai(preheat: Preheat, content: Any) -> CompletionUsage:
    messages: list[Any] = [{"role": "user", "content": content}]
    with preheat.client() as client:
        answer = client.chat.completions.create(model=CHAT, messages=messages, max_tokens=2)
    assert answer.usage is not None
    return answer.usage


def test_openai(seeing: Preheat, text_tokens: int) -> None:
    image = {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{IMAGE}"}}
    usage = ask_openai(seeing, [{"type": "text", "text": QUESTION}, image])
    assert usage.prompt_tokens == text_tokens + IMAGE_TOKENS + 1  # and a line break


def test_responses(seeing: Preheat, text_tokens: int) -> None:
    client = seeing.client()
    answer = client.responses.create(
        model=CHAT,
        max_output_tokens=2,
        input=[
            {
                "role": "user",
                "content": [
                    {"type": "input_text", "text": QUESTION},
                    {"type": "input_image", "detail": "auto", "image_url": f"data:image/png;base64,{IMAGE}"},
                ],
            }
        ],
    )
    assert answer.usage is not None
    assert answer.usage.input_tokens == text_tokens + IMAGE_TOKENS + 1


def test_anthropic(seeing: Preheat, text_tokens: int) -> None:
    with anthropic.Anthropic(base_url=seeing.url, api_key="unused", max_retries=0) as client:
        answer = client.messages.create(
            model=CHAT,
            max_tokens=2,
            messages=[
                {
                    "role": "user",
                    "content": [
                        {"type": "text", "text": QUESTION},
                        {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": IMAGE}},
                    ],
                }
            ],
        )
    usage = answer.usage
    assert usage.input_tokens + (usage.cache_read_input_tokens or 0) == text_tokens + IMAGE_TOKENS + 1


def test_ollama(seeing: Preheat, text_tokens: int) -> None:
    messages = [{"role": "user", "content": QUESTION, "images": [IMAGE]}]
    with ollama.Client(host=seeing.url) as client:
        answer = client.chat(model=CHAT, messages=messages, options={"num_predict": 2})
        assert answer.prompt_eval_count == text_tokens + IMAGE_TOKENS + 1
        assert "vision" in (client.show(CHAT).capabilities or ())


def test_nothing_is_fetched(seeing: Preheat) -> None:
    for url in ("https://example.org/a.png", "file:///etc/passwd", "/etc/passwd"):
        with pytest.raises(openai.BadRequestError) as caught:
            ask_openai(seeing, [{"type": "image_url", "image_url": {"url": url}}])
        assert caught.value.code == "invalid_request"
