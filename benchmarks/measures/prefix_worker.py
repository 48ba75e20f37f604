"""What one worker shows of stored prompts, without a server: equal answers, and the gaps of a stream next to them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from itertools import pairwise
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Final

from benchmarks.bench import Bench
from benchmarks.figures import Figure, value_at_most
from benchmarks.load_options import load_options
from benchmarks.prompts import unique_text
from preheat.inference import Chat, GenerateRequest, Role, Sampling, text_message
from preheat.inference.client import WorkerClient
from preheat.inference.prefixes import PrefixOptions

_PROMPTS: Final = 20
_WORDS: Final = 300
_CONTEXT: Final = 512
"""Holds one of the prompts: next to others, cells are in another order, and sums in their last bits different."""

_TOKENS: Final = 16
"""Tokens of an answer."""

_LONG_WORDS: Final = 3900
"""Words of a prompt of more than 200 MB in the larger model."""

_GAP_MS: Final = 100.0


async def worker_figures(bench: Bench) -> list[Figure]:
    """Return how many answers differ, restored against computed, and the longest gaps of a stream."""
    return [await _equality(bench, bench.chat_model), await _equality(bench, bench.small_model), *await _gaps(bench)]


async def _equality(bench: Bench, model: Path) -> Figure:
    with TemporaryDirectory(prefix="preheat-bench-") as folder:
        requests = [_short(number) for number in range(_PROMPTS)]
        worker = await _worker(model, bench, folder, _CONTEXT)
        bench.say(f"{model.stem} answers {_PROMPTS} computed prompts")
        computed = []
        for request in requests:
            computed.append(await _text(worker, request))
            await worker.save_prefixes(30, hands_over=True)
        await worker.close()
        worker = await _worker(model, bench, folder, _CONTEXT)
        restored = [await _text(worker, request) for request in requests]
        await worker.close()
    equal = sum(text == other for (text, _), (other, _) in zip(computed, restored, strict=True))
    reused = sum(cached > _WORDS for _, cached in restored)
    bench.say(f"{equal} of {_PROMPTS} restored prompts have equal answers")
    return Figure(
        f"answers of {_TOKENS} tokens at temperature 0 that differ, restored against computed, {model.stem}",
        "",
        (float(_PROMPTS - equal),),
        target=value_at_most(0),
        note=f"{reused} of {_PROMPTS} restored",
    )


def _short(number: int) -> GenerateRequest:
    messages = (
        text_message(Role.SYSTEM, unique_text(100 + number, _WORDS)),
        text_message(Role.USER, "Tell me about it."),
    )
    return GenerateRequest(chat=Chat(messages=messages), sampling=Sampling(temperature=0), max_tokens=_TOKENS)


async def _worker(model: Path, bench: Bench, folder: str, context_length: int) -> WorkerClient:
    worker = await WorkerClient.spawn()
    prefixes = PrefixOptions(folder, "", 1 << 30)
    options = load_options(model, threads=bench.threads, context_length=context_length, probe=True, prefixes=prefixes)
    await worker.load(options, lambda _: None, lambda: None)
    return worker


async def _text(worker: WorkerClient, request: GenerateRequest) -> tuple[str, int]:
    text, cached = "", 0
    async for chunk in worker.generate(request):
        text += chunk.text
        cached = chunk.usage.cached_tokens if chunk.usage is not None else cached
    return text, cached


async def _gaps(bench: Bench) -> list[Figure]:
    """Return the longest gaps of a stream while a prompt of more than 200 MB is saved, and restored."""
    with TemporaryDirectory(prefix="preheat-bench-") as folder:
        prompt = GenerateRequest(prompt=unique_text(5, _LONG_WORDS), sampling=Sampling(temperature=0), max_tokens=1)
        worker = await _worker(bench.large_model, bench, folder, 8192)
        bench.say("A stream while a prompt is saved and restored; first it is computed")
        await _text(worker, prompt)
        # Most of it is saved as soon as another request runs.
        saving, _ = await _gap_during(worker, lambda: worker.save_prefixes(60))
        saved_mb = sum(path.stat().st_size for path in Path(folder).rglob("*") if path.is_file()) / 1e6
        await worker.close()
        reader = await _worker(bench.large_model, bench, folder, 8192)

        async def restore() -> int:
            return (await _text(reader, prompt))[1]

        restoring, tokens = await _gap_during(reader, restore)
        hot, _ = await _gap_during(reader, restore)
        await reader.close()
    bench.say(f"gaps: {saving:.0f} ms while {saved_mb:.0f} MB are saved, {restoring:.0f} ms while they are restored")
    return [
        Figure(
            f"longest gap of a stream above its median gap while {saved_mb:.0f} MB are saved",
            "ms",
            (saving,),
            target=value_at_most(_GAP_MS),
        ),
        Figure(
            f"the same while {tokens} tokens are restored, above that of a hot repeat of the same request",
            "ms",
            (max(restoring - hot, 0.0),),
            target=value_at_most(_GAP_MS),
            note=f"{restoring:.0f} and {hot:.0f} ms: attention over the prompt takes long, wherever it came from",
        ),
    ]


async def _gap_during(worker: WorkerClient, work: Callable[[], Awaitable[int]]) -> tuple[float, int]:
    """Return the longest gap of a stream above its median, in ms, while something is done; and what that returned."""
    times: list[float] = []
    ends: list[float] = []

    async def stream() -> None:
        request = GenerateRequest(prompt="1, 2, 3, 4, 5,", sampling=Sampling(temperature=0), max_tokens=600)
        async for _ in worker.generate(request):
            times.append(time.perf_counter())

    async def wait_and_work() -> int:
        while len(times) < 20:
            await asyncio.sleep(0.01)
        done = await work()
        ends.append(time.perf_counter())
        return done

    streaming = asyncio.create_task(stream())
    done = await wait_and_work()
    while len([moment for moment in times if moment > ends[0]]) < 20 and not streaming.done():
        await asyncio.sleep(0.01)
    streaming.cancel()
    await asyncio.gather(streaming, return_exceptions=True)
    gaps = [later - earlier for earlier, later in pairwise(times)]
    return (max(gaps) - median(gaps)) * 1000, done
