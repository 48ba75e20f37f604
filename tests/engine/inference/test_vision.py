"""Images in a real worker, with a tiny image encoder."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from preheat.errors import EngineError, InvalidRequestError
from preheat.inference import Chat, ContentPart, GenerateRequest, Message, ModelInfo, Role, Usage
from preheat.inference.client import WorkerClient
from tests.engine.inference.conftest import Spawn
from tests.engine.inference.text_runs import GREEDY, load_options
from vision_model import IMAGE_TOKENS, png, write_mmproj

TEXT_WIDTH = 576  # of SmolLM2
RED = png()
BLUE = png(colour=(20, 20, 220))


@pytest.fixture(scope="session")
def mmproj(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_mmproj(tmp_path_factory.mktemp("vision") / "mmproj-tiny.gguf", TEXT_WIDTH)


async def load(worker: WorkerClient, model: Path, mmproj: Path | None, **changes: object) -> ModelInfo:
    options = load_options(model, mmproj=None if mmproj is None else str(mmproj), **changes)
    return await worker.load(options, lambda _: None, lambda: None)


def chat(*parts: str | bytes) -> Chat:
    content = tuple(ContentPart(part) if isinstance(part, str) else ContentPart(image=part) for part in parts)
    return Chat(messages=(Message(role=Role.USER, content=content),))


def request(*parts: str | bytes, max_tokens: int = 4) -> GenerateRequest:
    return GenerateRequest(chat=chat(*parts), max_tokens=max_tokens, sampling=GREEDY)


async def usage(worker: WorkerClient, sent: GenerateRequest) -> Usage:
    last = [chunk async for chunk in worker.generate(sent)][-1]
    assert last.usage is not None
    return last.usage


async def test_an_image_takes_its_place_among_the_tokens(spawn: Spawn, chat_model: Path, mmproj: Path) -> None:
    worker = await spawn()
    assert (await load(worker, chat_model, mmproj)).vision
    text = await usage(worker, request("What is this?"))
    one = await usage(worker, request("What is this?", RED))
    assert one.prompt_tokens == text.prompt_tokens + IMAGE_TOKENS + 1  # and a line break
    two = await usage(worker, request(RED, "What is this?", BLUE))
    assert two.prompt_tokens == text.prompt_tokens + 2 * (IMAGE_TOKENS + 1)
    assert len(await worker.tokenize(chat("What is this?", RED))) == one.prompt_tokens
    assert one.completion_tokens > 0


async def test_the_same_image_is_not_computed_again(spawn: Spawn, chat_model: Path, mmproj: Path) -> None:
    worker = await spawn()
    await load(worker, chat_model, mmproj)
    first = await usage(worker, request(RED, "What is this?"))
    again = await usage(worker, request(RED, "What is this?"))
    assert again.cached_tokens == again.prompt_tokens - 1
    other = await usage(worker, request(BLUE, "What is this?"))
    assert other.cached_tokens < first.prompt_tokens - IMAGE_TOKENS


async def test_images_and_texts_are_served_together(spawn: Spawn, chat_model: Path, mmproj: Path) -> None:
    worker = await spawn()
    await load(worker, chat_model, mmproj)
    sent = [request(f"Name {n}", *([png(8 + n, 8)] if n % 2 else []), max_tokens=12) for n in range(8)]
    usages = await asyncio.gather(*(usage(worker, each) for each in sent))
    assert all(each.completion_tokens > 0 for each in usages)
    assert all(each.prompt_tokens > IMAGE_TOKENS for each in usages[1::2])


@pytest.mark.parametrize(
    ("image", "code"),
    [(b"<html>", "image_format_unknown"), (RED[:60], "image_damaged"), (b"\xff\xd8\xff\xc0", "image_damaged")],
    ids=["other", "cut", "broken"],
)
async def test_a_bad_image_costs_its_request_alone(
    image: bytes, code: str, spawn: Spawn, chat_model: Path, mmproj: Path
) -> None:
    worker = await spawn()
    await load(worker, chat_model, mmproj)
    with pytest.raises(InvalidRequestError) as caught:
        await usage(worker, request("What?", image))
    assert caught.value.message.code == code
    assert (await usage(worker, request("What?", RED))).completion_tokens > 0


async def test_too_many_images(spawn: Spawn, chat_model: Path, mmproj: Path) -> None:
    worker = await spawn()
    await load(worker, chat_model, mmproj)
    with pytest.raises(InvalidRequestError) as caught:
        await usage(worker, request(*[RED] * 65))
    assert caught.value.message.code == "too_many_images"
    with pytest.raises(EngineError) as caught_length:
        await usage(worker, request("word " * 2040, RED))
    assert caught_length.value.code == "context_length_exceeded"


async def test_a_client_that_leaves_while_its_image_is_encoded(spawn: Spawn, chat_model: Path, mmproj: Path) -> None:
    worker = await spawn()
    await load(worker, chat_model, mmproj, parallel=1)
    for number in range(6):
        generation = worker.generate(request(png(2000, 2000, (number, 0, 0)), max_tokens=500))
        task = asyncio.ensure_future(anext(generation))
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait([task])
        await generation.aclose()
    assert (await usage(worker, request("Hi"))).completion_tokens > 0


async def test_a_model_without_an_encoder_refuses_images(spawn: Spawn, chat_model: Path) -> None:
    worker = await spawn()
    assert not (await load(worker, chat_model, None)).vision
    with pytest.raises(InvalidRequestError) as caught:
        await usage(worker, request("What?", RED))
    assert caught.value.message.code == "images_unsupported"


@pytest.mark.parametrize("broken", ["text", "other width"])
async def test_a_broken_encoder_costs_the_images_alone(
    broken: str, spawn: Spawn, chat_model: Path, tmp_path: Path
) -> None:
    path = tmp_path / "mmproj.gguf"
    if broken == "text":
        path.write_text("no encoder")
    else:
        write_mmproj(path, 64)
    worker = await spawn()
    assert not (await load(worker, chat_model, path)).vision
    assert (await usage(worker, request("Hi"))).completion_tokens > 0
