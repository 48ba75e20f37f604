"""Real worker processes, through the engine's end of them."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from array import array
from collections.abc import Callable
from contextlib import aclosing
from pathlib import Path

import psutil
import pytest

from preheat.errors import (
    ContextLengthExceededError,
    EngineError,
    InvalidRequestError,
    LoadCancelledError,
    ModelLoadError,
    UnsupportedOperationError,
    WorkerDiedError,
    WorkerHungError,
)
from preheat.inference import Chat, GenerateRequest, ModelInfo, liveness
from preheat.inference import process as process_module
from preheat.inference.client import WorkerClient
from preheat.messages import Message, msg
from tests.engine.application import eventually
from tests.engine.inference.conftest import Spawn
from tests.engine.inference.text_runs import ask, chat, load_options

ENDLESS = ask("1, 2, 3, 4, 5,", None)


async def load(worker: WorkerClient, path: Path, **options: object) -> ModelInfo:
    return await worker.load(load_options(path, **options), lambda _share: None, lambda: None)


async def text(worker: WorkerClient, request: GenerateRequest) -> str:
    async with aclosing(worker.generate(request)) as chunks:
        return "".join([chunk.text async for chunk in chunks])


def gone(pid: int) -> bool:
    """Return whether the process has ended; a zombie counts as ended."""
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


async def test_a_held_load_resumes(spawn: Spawn, chat_model: Path) -> None:
    """Also during probe and warm-up, which use the processor most."""
    worker = await spawn()
    await worker.ready()
    in_memory = asyncio.Event()

    def on_loaded() -> None:
        worker.hold_load(True)
        in_memory.set()

    loading = asyncio.ensure_future(
        worker.load(load_options(chat_model, probe=True, warm_prefix=True), lambda _share: None, on_loaded)
    )
    await in_memory.wait()
    spent_s = await settled_cpu_s(worker.pid)
    assert not loading.done()
    assert sum(psutil.Process(worker.pid).cpu_times()[:2]) == spent_s
    worker.hold_load(False)
    assert (await loading).context_length > 0


async def test_holding_a_load_aborts_its_decode(spawn: Spawn, chat_model: Path) -> None:
    worker = await spawn()
    await worker.ready()
    in_memory = asyncio.Event()
    loading = asyncio.ensure_future(
        worker.load(load_options(chat_model, probe=True, warm_prefix=True), lambda _share: None, in_memory.set)
    )
    await in_memory.wait()
    for _ in range(20):  # at any point of probe and warm-up
        worker.hold_load(True)
        await asyncio.sleep(0.003)
        worker.hold_load(False)
        await asyncio.sleep(0.003)
    assert (await loading).chat_template
    assert "Paris" in await text(worker, ask("The capital of France is"))


@pytest.mark.parametrize("pause_s", [0.0, 0.02, 0.1])
async def test_a_hurried_load_leaves_out_the_rest_of_its_warm_up(
    spawn: Spawn, chat_model: Path, pause_s: float
) -> None:
    worker = await spawn()
    worker.hurry_load()  # nothing is loading
    in_memory = asyncio.Event()
    loading = asyncio.ensure_future(
        worker.load(load_options(chat_model, probe=True, warm_prefix=True), lambda _share: None, in_memory.set)
    )
    await in_memory.wait()
    await asyncio.sleep(pause_s)  # at any point
    worker.hurry_load()
    assert (await loading).chat_template
    assert "Paris" in await text(worker, ask("The capital of France is"))


async def settled_cpu_s(pid: int) -> float:
    """Return a process's CPU time, in seconds, once it no longer grows."""
    before = -1.0
    while (now := sum(psutil.Process(pid).cpu_times()[:2])) != before:
        before = now
        await asyncio.sleep(0.3)
    return now


async def test_a_load_reports_progress_and_model_info(spawn: Spawn, chat_model: Path) -> None:
    worker = await spawn()
    await worker.ready()
    events: list[object] = []
    info = await worker.load(load_options(chat_model), events.append, lambda: events.append("warming"))
    assert events[-1] == "warming"
    shares = [event for event in events if isinstance(event, float)]
    assert shares == sorted(shares)
    assert shares[-1] == 1.0
    assert (info.context_length, info.embeddings, info.chat_template, info.parallel) == (2048, False, True, 4)
    assert info.stages is not None
    assert min(info.stages.make_s, info.stages.probe_s) > 0
    assert info.stages.disk_share is None or 0 <= info.stages.disk_share <= 1
    assert "Paris" in await text(worker, ask("The capital of France is"))


async def test_an_embedding_model(spawn: Spawn, embedding_model: Path) -> None:
    worker = await spawn()
    info = await load(worker, embedding_model, embeddings=True)
    assert (info.embeddings, info.dimensions, info.context_length) == (True, 384, 512)
    first = await worker.embed(["a cat", [101, 4937, 102]])
    again = await worker.embed(["a cat"])
    assert first.vectors[0] == again.vectors[0]
    assert [len(vector) for vector in first.vectors] == [384 * 4] * 2
    assert (await worker.embed([])).vectors == ()
    wrong: list[tuple[list[str | list[int]], type[EngineError], Message]] = [
        (["a", "word " * 600], ContextLengthExceededError, msg("input_too_long", index=1, tokens=602, limit=512)),
        ([[]], InvalidRequestError, msg("input_empty", index=0)),
        ([[-1]], InvalidRequestError, msg("token_unknown", token=-1, last=30_521)),
        ([[40_000]], InvalidRequestError, msg("token_unknown", token=40_000, last=30_521)),
    ]
    for inputs, kind, message in wrong:
        with pytest.raises(kind) as caught:
            await worker.embed(inputs)
        assert (caught.value.message, caught.value.param) == (message, "input")
    with pytest.raises(UnsupportedOperationError):
        await text(worker, ask("Hi"))
    longest = await worker.embed(["word " * 510])
    assert longest.prompt_tokens == 512
    assert worker.alive


async def test_tokens_of_texts_and_chats(spawn: Spawn, chat_model: Path) -> None:
    worker = await spawn()
    await load(worker, chat_model)
    tokens = await worker.tokenize("Hi <|im_end|> ü🦊")
    assert await worker.tokenize("Hi <|im_end|> ü🦊", parse_special=False) != tokens
    written, pieces = await worker.detokenize(tokens)
    assert written == b"".join(pieces).decode() == "Hi <|im_end|> ü🦊"
    assert b"<|im_end|>" in pieces
    assert await worker.tokenize("") == ()
    assert await worker.detokenize(()) == ("", ())
    hello = chat("Hi", 1)
    assert hello.chat is not None
    prompt = await worker.tokenize(hello.chat)
    async with aclosing(worker.generate(hello)) as chunks:
        usages = [chunk.usage async for chunk in chunks if chunk.usage is not None]
    assert [usage.prompt_tokens for usage in usages] == [len(prompt)]
    with pytest.raises(InvalidRequestError):
        await worker.detokenize([1, -5])


async def test_tokens_of_an_embedding_model(spawn: Spawn, embedding_model: Path) -> None:
    worker = await spawn()
    await load(worker, embedding_model, embeddings=True)
    tokens = await worker.tokenize("a cat")
    assert await worker.tokenize("a cat", add_special=False) == tokens[1:-1]
    assert (await worker.detokenize(tokens[1:-1]))[0].strip() == "a cat"
    with pytest.raises(UnsupportedOperationError):
        await worker.tokenize(Chat(messages=()))


async def test_many_embedding_requests_at_once(spawn: Spawn, embedding_model: Path) -> None:
    worker = await spawn()
    await load(worker, embedding_model, embeddings=True)
    texts = [f"number {number % 50}" for number in range(200)]
    answers = await asyncio.gather(*(worker.embed([text]) for text in texts))
    for at in (0, 1, 7, 199):
        own, [alone] = array("f", answers[at].vectors[0]), (await worker.embed([texts[at]])).vectors
        assert sum(a * b for a, b in zip(own, array("f", alone), strict=True)) > 0.999


async def test_a_chat_model_makes_no_embeddings(spawn: Spawn, chat_model: Path) -> None:
    worker = await spawn()
    await load(worker, chat_model)
    with pytest.raises(UnsupportedOperationError):
        await worker.embed(["a"])
    assert await text(worker, ask("1, 2, 3,", 3))


async def test_lone_surrogates_from_a_client_are_harmless(spawn: Spawn, chat_model: Path) -> None:
    worker = await spawn()
    await load(worker, chat_model)
    assert await text(worker, ask("1, 2, \ud800 3,", 3))
    assert await text(worker, chat("\ud800", 3))


def _text_file(path: Path, _model: Path) -> None:
    path.write_text("this is no model")


def _empty_file(path: Path, _model: Path) -> None:
    path.touch()


def _truncated(path: Path, model: Path) -> None:
    path.write_bytes(model.read_bytes()[: model.stat().st_size // 2])


def _missing(_path: Path, _model: Path) -> None:
    pass


def _folder(path: Path, _model: Path) -> None:
    path.mkdir()


@pytest.mark.parametrize("make", [_text_file, _empty_file, _truncated, _missing, _folder])
async def test_an_invalid_model_file(
    spawn: Spawn, tmp_path: Path, embedding_model: Path, make: Callable[[Path, Path], None]
) -> None:
    path = tmp_path / "bad-model.gguf"
    make(path, embedding_model)
    worker = await spawn()
    with pytest.raises(ModelLoadError, match=r"bad-model\.gguf") as caught:
        await load(worker, path, embeddings=True)
    assert caught.value.hint
    await asyncio.wait_for(asyncio.shield(worker.exited), 10)


async def test_a_load_is_cancelled_while_it_reads(spawn: Spawn, tmp_path: Path) -> None:
    path = tmp_path / "huge.gguf"
    with path.open("wb") as file:
        file.truncate(8 << 30)  # takes no space on the disk
    worker = await spawn()
    shares: list[float] = []

    def cancel(share: float) -> None:
        shares.append(share)
        worker.cancel_load()

    with pytest.raises(LoadCancelledError):
        await worker.load(load_options(path), cancel, lambda: None)
    assert shares[-1] < 0.9
    await asyncio.wait_for(asyncio.shield(worker.exited), 10)


async def test_closing_ends_a_load(spawn: Spawn, tmp_path: Path) -> None:
    path = tmp_path / "huge.gguf"
    with path.open("wb") as file:
        file.truncate(8 << 30)
    worker = await spawn()
    begun = asyncio.Event()
    loading = asyncio.create_task(worker.load(load_options(path), lambda _share: begun.set(), lambda: None))
    await begun.wait()
    await worker.close()
    with pytest.raises(LoadCancelledError):
        await loading


async def test_a_killed_worker_only_fails_its_own_requests(
    spawn: Spawn, chat_model: Path, embedding_model: Path
) -> None:
    doomed, other = await spawn(), await spawn()
    await asyncio.gather(load(doomed, chat_model), load(other, embedding_model, embeddings=True))
    streams = [doomed.generate(ENDLESS) for _ in range(2)]
    for stream in streams:
        assert await anext(stream)
    os.kill(doomed.pid, signal.SIGKILL)
    for stream in streams:
        with pytest.raises(WorkerDiedError) as caught:
            async for _ in stream:
                pass
        assert caught.value.message == msg("worker_died", reason=msg("exit_killed_by_program"))
    with pytest.raises(WorkerDiedError):
        await text(doomed, ask("Hi"))
    with pytest.raises(WorkerDiedError):
        await doomed.embed(["Hi"])
    with pytest.raises(ModelLoadError):
        await load(doomed, chat_model)
    assert (await other.embed(["still here"])).vectors


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Look for hung workers ten times as often, and give them half a second."""
    monkeypatch.setattr(process_module, "CHECK_S", 0.1)
    limits = {name: liveness.Limits(0.5, limit.cpu_s) for name, limit in liveness.LIMITS.items()}
    monkeypatch.setattr(liveness, "LIMITS", limits)


@pytest.mark.usefixtures("impatient")
async def test_a_stopped_worker_is_ended(spawn: Spawn, chat_model: Path) -> None:
    worker = await spawn()
    await load(worker, chat_model)
    stream = worker.generate(ENDLESS)
    await anext(stream)
    os.kill(worker.pid, signal.SIGSTOP)
    with pytest.raises(WorkerHungError) as caught:
        async for _ in stream:
            pass
    assert caught.value.retry_after_s
    with pytest.raises(WorkerHungError):
        await text(worker, ask("Hi"))
    assert (await worker.exited).cause == "worker_hung"
    assert gone(worker.pid)


@pytest.mark.usefixtures("impatient")
async def test_a_worker_that_stopped_while_idle_is_found_by_the_next_request(
    spawn: Spawn, embedding_model: Path
) -> None:
    worker = await spawn()
    await load(worker, embedding_model, embeddings=True)
    os.kill(worker.pid, signal.SIGSTOP)
    with pytest.raises(WorkerHungError):
        await worker.embed(["a"])


@pytest.mark.usefixtures("impatient")
async def test_a_load_that_hangs_is_ended(spawn: Spawn, chat_model: Path) -> None:
    worker = await spawn()
    await worker.ready()
    os.kill(worker.pid, signal.SIGSTOP)
    with pytest.raises(WorkerHungError) as caught:
        await load(worker, chat_model)
    assert caught.value.message == msg("worker_hung_while_loading")


@pytest.mark.usefixtures("impatient")
async def test_a_held_load_does_not_hang(spawn: Spawn, chat_model: Path) -> None:
    worker = await spawn()
    in_memory = asyncio.Event()

    def on_loaded() -> None:
        worker.hold_load(True)
        in_memory.set()

    loading = asyncio.ensure_future(worker.load(load_options(chat_model, probe=True), lambda _share: None, on_loaded))
    await in_memory.wait()
    await asyncio.sleep(2)  # four times as long as a worker may be quiet
    worker.hold_load(False)
    assert (await loading).context_length > 0


DEADLOCKED = """
import threading
from preheat.inference.worker import __main__ as main, text_service

class Stuck(text_service.TextService):
    def step(self, *, wait=False):
        left = super().step(wait=wait)
        if left:
            lock.acquire()
        return left

lock = threading.Lock()
lock.acquire()
main.TextService = Stuck
main.main()
"""


@pytest.mark.usefixtures("impatient")
async def test_a_deadlock_of_the_decode_thread_is_found(
    spawn: Spawn, chat_model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its reading thread still answers."""
    monkeypatch.setattr(process_module, "worker_command", lambda: [sys.executable, "-c", DEADLOCKED])
    worker = await spawn()
    await load(worker, chat_model)
    with pytest.raises(WorkerHungError):
        await text(worker, ENDLESS)
    assert await worker.exited


async def test_closing_a_stream_frees_its_slot(spawn: Spawn, chat_model: Path) -> None:
    worker = await spawn()
    await load(worker, chat_model, parallel=1)
    stream = worker.generate(ENDLESS)
    await anext(stream)
    await stream.aclose()
    # Otherwise the first one runs for 2,000 tokens.
    async with asyncio.timeout(15):
        assert await text(worker, ask("The capital of France is", 3))


async def test_the_end_of_stdin_ends_a_worker_that_decodes(spawn: Spawn, chat_model: Path) -> None:
    worker = await spawn()
    await load(worker, chat_model)
    stream = worker.generate(ENDLESS)
    await anext(stream)
    await worker.close(grace_s=60)
    assert worker.exited.result().reason == msg("exit_normal")
    with pytest.raises(WorkerDiedError):
        async for _ in stream:
            pass


HOLDER = """
import asyncio, sys
from pathlib import Path
from preheat.inference.client import WorkerClient
from tests.engine.inference.text_runs import ask, chat, load_options

async def main():
    worker = await WorkerClient.spawn()
    await worker.load(load_options(Path(sys.argv[1])), lambda _: None, lambda: None)
    async for _ in worker.generate(ask("1, 2, 3, 4, 5,", None)):
        print(worker.pid, flush=True)

asyncio.run(main())
"""


def test_no_worker_outlives_a_killed_engine(chat_model: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(chat_model)],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
    ) as holder:
        assert holder.stdout is not None
        worker = int(holder.stdout.readline())
        assert not gone(worker)
        holder.kill()  # SIGKILL: no code of the engine's runs any more
        eventually(lambda: gone(worker), "the worker is gone", 2.0)


NOISY = """
import ctypes, os
from preheat.inference.worker import __main__ as main

make_hot = main.make_hot

def noisy(*args):
    os.write(1, b"native code prints what it likes\\n" * 100)
    ctypes.CDLL(None).puts(b"and through stdio, too")
    ctypes.CDLL(None).fflush(None)
    print("Python does as well", flush=True)
    return make_hot(*args)

main.make_hot = noisy
main.main()
"""


async def test_output_of_native_code_does_not_corrupt_frames(
    spawn: Spawn, embedding_model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process_module, "worker_command", lambda: [sys.executable, "-c", NOISY])
    worker = await spawn()
    await load(worker, embedding_model, embeddings=True)
    assert (await worker.embed(["quiet"])).vectors


async def test_a_protocol_violation_ends_the_worker(
    spawn: Spawn, embedding_model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    nonsense = "import time; print('Hello, this is no frame', flush=True); time.sleep(600)"
    monkeypatch.setattr(process_module, "worker_command", lambda: [sys.executable, "-c", nonsense])
    worker = await spawn()
    with pytest.raises(ModelLoadError):
        await load(worker, embedding_model)
    assert not worker.alive


async def test_a_worker_that_cannot_start(spawn: Spawn, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process_module, "worker_command", lambda: ["/nowhere/python"])
    with pytest.raises(ModelLoadError) as caught:
        await spawn()
    assert caught.value.message.code == "worker_not_started"


async def test_a_worker_that_ends_before_it_is_ready(
    spawn: Spawn, embedding_model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process_module, "worker_command", lambda: [sys.executable, "-c", "raise SystemExit(3)"])
    worker = await spawn()
    for attempt in (worker.ready(), load(worker, embedding_model)):
        with pytest.raises(ModelLoadError) as caught:
            await attempt
        assert caught.value.message == msg("worker_failed_to_load", reason=msg("exit_code", exit_code=3))


async def test_a_worker_for_embeddings_lets_chats_go_first(
    spawn: Spawn, chat_model: Path, embedding_model: Path
) -> None:
    chats, embeddings = await spawn(), await spawn()
    await asyncio.gather(load(chats, chat_model), load(embeddings, embedding_model, embeddings=True))
    assert psutil.Process(embeddings.pid).nice() > psutil.Process(chats.pid).nice()


async def test_closing_twice(spawn: Spawn) -> None:
    worker = await spawn()
    await worker.close()
    await worker.close()
    assert gone(worker.pid)


async def test_a_worker_gets_no_secrets(spawn: Spawn, monkeypatch: pytest.MonkeyPatch) -> None:
    secrets = ("PREHEAT_API_KEYS", "HF_TOKEN", "OPENAI_API_KEY", "some_password")
    for name in (*secrets, "TOKENIZERS_PARALLELISM"):
        monkeypatch.setenv(name, "x")
    worker = await spawn()
    await worker.ready()
    names = psutil.Process(worker.pid).environ()
    assert not set(secrets) & set(names)
    assert "TOKENIZERS_PARALLELISM" in names


async def test_storing_prompts_ends_in_time_whatever_the_worker_does(spawn: Spawn, chat_model: Path) -> None:
    worker = await spawn()
    await worker.ready()
    await load(worker, chat_model)
    assert await worker.save_prefixes(30.0) == 0  # there is nothing to store
    process = psutil.Process(worker.pid)
    process.suspend()
    assert await worker.save_prefixes(0.05) == 0
    first = asyncio.ensure_future(worker.save_prefixes(30.0))
    await asyncio.sleep(0)
    process.kill()
    assert await first == 0
    assert await worker.save_prefixes(30.0) == 0  # it has ended
