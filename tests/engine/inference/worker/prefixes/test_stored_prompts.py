"""Prompts stored and restored: with a real model where its text counts, otherwise with a small random one."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from benchmarks.shaped_gguf import ModelDimensions, ensure_shaped
from preheat.inference import Chat, GenerateRequest, Role, Sampling, text_message
from preheat.inference.prefixes import PrefixOptions
from preheat.inference.protocol import PrefixesSaved, PrefixRestored
from preheat.inference.worker.llama_model import LlamaModel
from preheat.inference.worker.prefixes import PrefixIndex
from preheat.messages import msg
from tests.engine.inference.text_runs import GREEDY, TextRun, ask, load_options

LIST = " ".join(f"The lamp number {number} is in room {number % 7}." for number in range(28))
"""Some 300 tokens."""

SMALL = ModelDimensions("small-chat", layers=4, width=128, ffn=256)

Restart = Callable[..., TextRun]
"""Makes a text service with an empty KV cache over the same folders."""


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path]:
    return tmp_path / "memory", tmp_path / "disk"


@pytest.fixture(scope="module")
def small_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return ensure_shaped(SMALL, tmp_path_factory.mktemp("models"))


@pytest.fixture(scope="module")
def small_llama(small_model: Path) -> LlamaModel:
    return LlamaModel(load_options(small_model))


@pytest.fixture
def restart(
    small_llama: LlamaModel, small_model: Path, folders: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> Restart:
    # It computes faster than anything is read.
    monkeypatch.setattr("preheat.inference.worker.prefixes.planner.RESTORE_BYTES_PER_S", math.inf)
    monkeypatch.setattr("preheat.inference.worker.prefixes.planner.RESTORE_S", 0.0)
    return restarting(
        lambda **changes: TextRun(small_llama, load_options(small_model, **changes)), folders, monkeypatch
    )


@pytest.fixture
def restart_chat(
    new_run: Callable[..., TextRun], folders: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> Restart:
    return restarting(new_run, folders, monkeypatch)


def restarting(new_run: Callable[..., TextRun], folders: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch) -> Restart:
    monkeypatch.setattr("preheat.inference.worker.prefixes.planner.MIN_SAVED_S", 0.0)  # on any machine
    monkeypatch.setattr("preheat.inference.worker.prefixes.planner.MIN_ADDED_S", 0.0)

    def make(memory: Path | None = folders[0], warm_prefix: bool = False, **options: Any) -> TextRun:
        names = ("" if memory is None else str(memory), str(folders[1]))
        return new_run(prefixes=PrefixOptions(*names, memory_bytes=1 << 30, **options), warm_prefix=warm_prefix)

    return make


def talk(question: str, system: str = LIST, **fields: Any) -> GenerateRequest:
    messages = (text_message(Role.SYSTEM, system), text_message(Role.USER, question))
    return GenerateRequest(chat=Chat(messages=messages), max_tokens=8, sampling=GREEDY, client="editor", **fields)


def test_a_conversation_survives_its_worker(restart_chat: Restart) -> None:
    first = restart_chat()
    computed = first.one(ask(LIST, 16))
    again = first.one(ask(LIST, 16))
    saved = first.save_prefixes()
    assert saved.blocks >= 2
    assert saved.bytes > 0

    second = restart_chat()
    restored = second.one(ask(LIST, 16))
    assert restored.usage.cached_tokens == restored.usage.prompt_tokens - 1 == restored.usage.memory_tokens
    assert restored.usage.saved_s > 0
    assert computed.usage.cached_tokens == restored.usage.disk_tokens == 0
    assert restored.text == again.text == computed.text
    # Nothing is written twice.
    assert second.save_prefixes() == PrefixesSaved()


def test_without_memory_the_disk_is_used(restart: Restart, folders: tuple[Path, Path]) -> None:
    first = restart(memory=None)
    first.one(ask(LIST, 8))
    first.save_prefixes()
    assert list(folders[1].iterdir())
    usage = restart().one(ask(LIST, 8)).usage
    assert (usage.memory_tokens, usage.disk_tokens) == (0, usage.prompt_tokens - 1)


def test_a_seed_gets_the_same_pieces(restart_chat: Restart) -> None:
    seeded = ask(LIST, 16, sampling=Sampling(seed=5))
    first = restart_chat()
    computed = first.one(seeded)
    first.save_prefixes()
    restored = restart_chat().one(seeded)
    assert restored.text == computed.text
    assert restored.usage.memory_tokens == (restored.usage.prompt_tokens - 1) // 64 * 64


@pytest.mark.parametrize("harm", ["cut", "flip", "remove"])
def test_a_damaged_file_only_costs_time(restart: Restart, folders: tuple[Path, Path], harm: str) -> None:
    first = restart()
    computed = first.one(ask(LIST, 8, client="editor"))
    first.save_prefixes()
    second = restart()
    second.one(ask("Hi", 1))  # the folders have been listed
    for path in folders[0].iterdir():
        content = bytearray(path.read_bytes())
        match harm:
            case "cut":
                path.write_bytes(content[:-1])
            case "flip":
                content[-9] ^= 1
                path.write_bytes(content)
            case "remove":
                path.unlink()
    answer = second.one(ask(LIST, 8))
    assert answer.text == computed.text
    assert answer.usage.cached_tokens <= 1
    # Afterwards, it is stored again.
    assert second.save_prefixes().blocks >= 2


def test_a_parked_conversation_is_stored(restart_chat: Restart, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("preheat.inference.worker.scheduling.idle.PARK_S", 0.0)
    first = restart_chat()
    first.one(ask(LIST, 16))
    with monkeypatch.context() as hasty:
        hasty.setattr("preheat.inference.worker.prefixes.planner.CONVERSATION_S", -1.0)  # parked without being stored
        first.one(ask("Hi", 40))
    assert first.save_prefixes().blocks >= 2
    restored = restart_chat().one(ask(LIST, 1))
    assert restored.usage.memory_tokens == restored.usage.prompt_tokens - 1


def test_a_beginning_that_is_seen_twice_is_stored(restart: Restart) -> None:
    run = restart()
    usages = [run.one(talk(question)).usage for question in ("Where is lamp 3?", "How many lamps?", "Hi")]
    assert {usage.prefix for usage in usages} - {""} == {usages[-1].prefix}
    assert usages[-1].prefix_tokens > 256
    run.save_prefixes()  # until the files are there
    seen = (usages[-1].prefix,)

    warm = restart(restore=seen, seen=seen, warm_prefix=True)
    report = warm.reports.get()
    assert report == PrefixRestored(seen[0], usages[-1].prefix_tokens, "memory")
    usage = warm.one(talk("Which room?")).usage
    assert usage.cached_tokens >= usages[-1].prefix_tokens
    assert usage.memory_tokens == 0  # the load had put it back
    assert usage.saved_s > 0
    assert warm.one(talk("Where?")).usage.saved_s == 0  # hot, as any prompt


def test_a_load_that_cannot_wait_for_the_list_puts_prompts_back_later(
    restart: Restart, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = restart()
    for question in ("Where is lamp 3?", "How many lamps?", "Hi"):
        last = first.one(talk(question)).usage
    first.save_prefixes()
    listed = threading.Event()

    def slow_index(*args: Any, **options: Any) -> PrefixIndex:
        listed.wait(30)
        return PrefixIndex(*args, **options)

    monkeypatch.setattr("preheat.inference.worker.prefixes.store.PrefixIndex", slow_index)
    seen = (last.prefix,)
    warm = restart(restore=seen, seen=seen, warm_prefix=True)
    listed.set()
    while warm.reports.empty():
        warm.service.step(wait=True)
    assert warm.reports.get() == PrefixRestored(last.prefix, last.prefix_tokens, "memory")


def test_a_new_question_gets_the_stored_beginning(restart: Restart) -> None:
    first = restart()
    for question in ("Where is lamp 3?", "How many lamps?"):
        last = first.one(talk(question)).usage
    first.save_prefixes()
    usage = restart(seen=(last.prefix,)).one(talk("Which room?")).usage
    assert usage.memory_tokens >= last.prefix_tokens
    assert usage.recomputed is None


def test_what_a_template_begins_with_does_not_hide_a_longer_beginning(
    restart: Restart, monkeypatch: pytest.MonkeyPatch
) -> None:
    # As in Mistral's models: the system message is a part of the user's.
    template = "{% for each in messages %}{% if loop.first %}[INST] {% endif %}{{ each.content }} {% endfor %}[/INST]"
    monkeypatch.setattr(LlamaModel, "chat_template", lambda _model, name="": "" if name else template)
    run = restart()
    plain = [Chat(messages=(text_message(Role.USER, question),)) for question in ("Why?", "How?", "Hi")]
    for chat in plain:
        run.one(GenerateRequest(chat=chat, max_tokens=8, sampling=GREEDY))
    run.save_prefixes()
    usages = [run.one(talk(question)).usage for question in ("Where is lamp 3?", "How many lamps?", "Hi")]
    assert {usage.prefix for usage in usages} - {""} == {usages[-1].prefix}
    assert usages[-1].prefix_tokens > 256


def test_why_a_beginning_is_computed_again(restart: Restart, folders: tuple[Path, Path]) -> None:
    first = restart()
    for question in ("Where is lamp 3?", "How many lamps?"):
        last = first.one(talk(question)).usage
    assert last.recomputed is None
    reason = first.one(talk("How many lamps?", system=f"Be brief. {LIST}")).usage.recomputed
    assert reason is not None
    assert reason.code == "prefix_differs"
    first.save_prefixes()  # otherwise it writes meanwhile
    for path in (each for folder in folders for each in folder.glob("*")):
        path.unlink()
    usage = restart(seen=(last.prefix,)).one(talk("Which room?")).usage
    assert usage.recomputed == msg("prefix_evicted", tokens=last.prefix_tokens)


def test_a_private_prompt_leaves_nothing(restart: Restart, folders: tuple[Path, Path]) -> None:
    run = restart()
    run.one(ask(LIST, 8, cache_prompt=False))
    assert run.save_prefixes() == PrefixesSaved()
    assert run.one(ask(LIST, 8)).usage.cached_tokens == 0  # not even in the slot
    run.save_prefixes()
    usage = run.one(ask(LIST, 8, cache_prompt=False)).usage
    assert usage.cached_tokens == 0
    assert restart().one(ask(LIST, 8, cache_prompt=False)).usage.cached_tokens == 0


def test_a_restore_is_cancelled(restart: Restart) -> None:
    first = restart()
    first.one(ask(LIST, 8))
    first.save_prefixes()
    second = restart()
    request_id = second.submit(ask(LIST, 8))
    second.service.step()
    second.cancel(request_id)
    second.run()
    assert second.one(ask(LIST, 8)).usage.cached_tokens > 256


def test_others_continue_while_prompts_come_and_go(restart: Restart) -> None:
    alone = restart().one(ask("1, 2, 3, 4, 5,", 40)).text
    first = restart()
    first.one(ask(LIST, 8))
    first.save_prefixes()
    second = restart()
    counting = second.submit(ask("1, 2, 3, 4, 5,", 40))
    second.service.step()
    second.service.step()
    restored = second.submit(ask(LIST, 8))
    second.run()
    assert second.answers[restored].usage.memory_tokens > 256
    assert second.answers[counting].text == alone


def test_an_overwritten_conversation_is_stored_before(restart: Restart) -> None:
    run = restart()
    run.one(ask(LIST, 8))
    # More than the KV cache holds idle conversations.
    for number in range(4):
        run.one(ask(f"{number} {LIST}", 1))
    run.save_prefixes()
    assert restart().one(ask(LIST, 8)).usage.memory_tokens > 256


def test_the_reason_names_what_has_changed(
    restart: Restart, folders: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    first = restart()
    for question in ("Where is lamp 3?", "How many lamps?"):
        last = first.one(talk(question)).usage
    first.save_prefixes()
    monkeypatch.setattr("preheat.inference.worker.llama_model.LlamaModel.build", "another version")
    usage = restart(seen=(last.prefix,)).one(talk("Which room?")).usage
    assert usage.cached_tokens == 0
    assert usage.prefix != last.prefix
    assert usage.recomputed == msg("prefix_llama_cpp_changed")


def test_idle_time_is_used(restart: Restart, folders: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("preheat.inference.worker.prefixes.prompts.STORE_AFTER_S", 0.01)
    first = restart()
    usages = [first.one(talk(question)).usage for question in ("Where is lamp 3?", "How many lamps?")]
    first.one(ask(LIST, 4))
    key = usages[-1].prefix
    while not (folders[0] / f"{key}.prefix").exists() or len(list(folders[0].iterdir())) < 4:
        first.service.step(wait=True)  # returns at the latest when a block was written

    second = restart(restore=(key, "00"))
    while second.reports.empty():
        second.service.step(wait=True)
    assert second.reports.get() == PrefixRestored(key, usages[-1].prefix_tokens, "memory")
    assert second.one(talk("Which room?")).usage.cached_tokens >= usages[-1].prefix_tokens
