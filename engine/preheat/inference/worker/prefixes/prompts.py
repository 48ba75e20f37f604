"""What a text service does about stored prompts, between the scheduler and the files."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING, Final, NoReturn

from preheat.errors import EngineError
from preheat.inference import Chat, GenerationChunk
from preheat.inference.prefixes import PrefixOptions, identity_changes
from preheat.inference.protocol import FromWorker, PrefixesSaved, PrefixRestored
from preheat.inference.worker.prefixes.ahead import ReadAhead
from preheat.inference.worker.prefixes.beginnings import Beginnings, chat_key, is_own
from preheat.inference.worker.prefixes.history import Expected, PromptHistory, reason
from preheat.inference.worker.prefixes.index import PrefixIndex
from preheat.inference.worker.prefixes.planner import TINY_TOKENS, PrefixPlanner
from preheat.inference.worker.prefixes.restore import Copy, Restore
from preheat.inference.worker.prefixes.store import BlockRead, PrefixStore
from preheat.inference.worker.scheduling import Beginning, Generation
from preheat.inference.worker.text_stream import TextStream
from preheat.messages import Message

if TYPE_CHECKING:
    from preheat.inference.worker.scheduling import Scheduler, StepPlan

_OPEN_S: Final = 0.5
"""Longest time that a request waits for the list of what is stored."""

STORE_AFTER_S: Final = 3.0
"""Idle time after which conversations are stored: what is in a file survives whatever happens to this process."""

RESTORE_AFTER_S: Final = 0.05
"""Idle time after which a prompt is put back that the load should have: a request that waits comes first."""

FIND_AFTER_S: Final = 1.0
"""Idle time after which the beginnings of chats are rendered that were only looked up among what is stored."""

_MAX_LOOKED_UP: Final = 64
"""Chats that wait for an idle moment to be rendered."""

_MAX_CELLS_SHARE: Final = 2
"""Divisor of the KV cache's size: the largest part of it that a load fills with stored prompts."""


class Prompts:
    """Stored prompts of one text model.

    Args:
        options: Where they are; None stores nothing.
        identify: See ``PrefixStore``.
        exact: See ``PrefixIndex``.
        render: See ``Beginnings``.
        run: Lets the decode thread call a function soon. Any thread.
        send: Sends a frame to the engine. Any thread.
        ahead: Blocks that were read during the load.
    """

    def __init__(
        self,
        options: PrefixOptions | None,
        identify: Callable[[], bytes],
        *,
        exact: bool,
        render: Callable[[Chat], Sequence[int]],
        run: Callable[[Callable[[], object]], object],
        send: Callable[[FromWorker], object],
        ahead: ReadAhead | None = None,
    ) -> None:
        self._run = run
        self._send = send
        self.planner: Final = PrefixPlanner(exact=exact, seen=options.seen if options is not None else ())
        self._store: PrefixStore | None = None
        if options is not None and (options.memory_folder or options.disk_folder):
            self._store = PrefixStore(
                options,
                identify,
                exact=exact,
                deliver=self._deliver,
                is_beginning=self.planner.knows,
                ahead=ahead,
            )
        self._beginnings: Final = Beginnings(render)
        self._looked_up: dict[bytes, tuple[Chat, list[int]]] = {}  # chats with a beginning found in the index, by key
        self._history: Final = PromptHistory()
        self._restores: list[tuple[Generation, Restore, float]] = []
        self._to_restore = list(options.restore) if options is not None else []
        self._loaded: dict[int, str] = {}  # ids of beginnings that a load puts back, by request id
        self._ids = itertools.count(-2, -1)
        self._drained: threading.Event | None = None  # set when everything is copied that ``save`` wants
        self._unsaved = False  # something was computed since the last ``idle``

    # On the threads that prepare requests.

    def serve(self, scheduler: Scheduler) -> None:
        """Begin to work for a scheduler."""
        self.scheduler = scheduler
        self._restore_room = scheduler.context_length // _MAX_CELLS_SHARE
        self._to_restore = self._to_restore[: max(len(scheduler.slots) - 1, 1)]

    def prepare(self, generation: Generation, chat: Chat | None) -> Callable[[], None]:
        """Look up what is known of a request's prompt; return what remains to be done after it is queued."""
        if self._store is not None:
            self._store.wait_open(_OPEN_S)
            self._store.refresh()
        if chat is None or generation.images or generation.private:
            return lambda: None
        length = self._beginnings.known(chat, generation.tokens)
        if length is not None:
            generation.beginning = self._beginning(generation.tokens, length, chat)
            return lambda: None
        prompt = generation.tokens[: generation.prompt_tokens]
        if (length := self._stored_beginning(prompt)) > TINY_TOKENS and len(self._looked_up) < _MAX_LOOKED_UP:
            # Rendering the chat once more would take a core from the first token. A tiny one may be the template's own,
            # with which every prompt begins, and such a chat is rendered quickly.
            generation.beginning = self._beginning(prompt, length, chat)
            self._looked_up[chat_key(chat)] = chat, prompt
            return lambda: None
        return partial(self._find_beginning, generation, chat, prompt)

    def _stored_beginning(self, prompt: Sequence[int]) -> int:
        """Return the length of the longest stored beginning of a prompt that other prompts had, too."""
        index = self._store.index if self._store is not None else None
        return 0 if index is None else index.longest(prompt, lambda key: self.planner.knows(key.hex()))

    def _find(self, chat: Chat, tokens: Sequence[int]) -> Beginning | None:
        try:
            return self._beginning(tokens, self._beginnings.find(chat, tokens), chat)
        except EngineError:  # the template wants other messages; the chat itself was rendered
            return None

    def _find_beginning(self, generation: Generation, chat: Chat, tokens: Sequence[int]) -> None:
        if (beginning := self._find(chat, tokens)) is not None:
            self._run(partial(self._begins, generation, beginning))

    def _begins(self, generation: Generation, beginning: Beginning) -> None:
        self.scheduler.begins(generation, beginning)

    def _beginning(self, tokens: Sequence[int], length: int, chat: Chat) -> Beginning | None:
        index = self._store.index if self._store is not None else None
        if not length or index is None:
            return None
        return Beginning(index.key_of(tokens[:length]).hex(), length, is_own(chat))

    def has(self, tokens: Sequence[int]) -> bool:
        """Return whether a whole prompt is stored."""
        index = self._store.wait_open(_OPEN_S) if self._store is not None else None
        return index is not None and index.has(tokens)

    def own_beginning(self, tokens: Sequence[int]) -> Beginning | None:
        """Return what the template writes before each chat, as the beginning of a prompt."""
        index = self._store.wait_open(_OPEN_S) if self._store is not None else None
        return Beginning(index.key_of(tokens).hex(), len(tokens), True) if index is not None else None

    # On the decode thread.

    def added(self, generation: Generation) -> None:
        """Note a request's prompt, to explain later why it was computed again."""
        if generation.private or generation.images:
            return
        generation.explain = partial(self._explain, self._history.add(generation.client, generation.tokens))

    def _explain(self, expected: Expected, generation: Generation) -> Message | None:
        store, beginning, changes = self._store, generation.beginning, tuple[str, ...]()
        if store is not None and store.index is not None and beginning is not None and not beginning.is_own:
            other = self._changed_model(store, store.index, generation.tokens[: beginning.tokens])
            if other is not None:
                changes = identity_changes(other, store.index.model)
            if other is not None or self.planner.was_seen(beginning.id):
                expected = expected._replace(beginning=beginning.tokens)
        return reason(
            expected,
            generation.cached_tokens,
            generation.prompt_tokens,
            in_other_pieces=generation.in_other_pieces,
            damaged=generation.restore_failed and store is not None and store.damaged,
            changes=changes,
        )

    def _changed_model(self, store: PrefixStore, index: PrefixIndex, beginning: Sequence[int]) -> bytes | None:
        """Return the identity of the model that had this beginning, if it is not this one."""
        if self.planner.was_seen(index.key_of(beginning).hex()):
            return None
        known = (model for model in store.others if self.planner.knows(index.key_of(beginning, model).hex()))
        return next(known, None)

    def before(self) -> None:
        """Let the planner know what may be stored now."""
        if self._store is not None:
            self.planner.index = self._store.index
            self.planner.enabled, self.planner.room = self._store.saver.enabled, self._store.saver.room

    def copied(self, copy: Copy, cells: memoryview) -> None:
        """Store cells that were copied."""
        assert self._store is not None
        self.planner.copied(copy.missing, cells.nbytes)
        self._store.save(copy, cells, self.scheduler.tokens_per_s)

    def after(self, plan: StepPlan) -> None:
        """Begin the restore of an admitted generation, and learn from those that have ended."""
        self._unsaved |= bool(plan.chunks)
        if plan.admit is not None and plan.admit.restore is not None and self._store is not None:
            self._restores.append((plan.admit, plan.admit.restore, time.perf_counter()))
            self._store.read(plan.admit.restore)
        for generation, restore, began in self._restores:
            if generation.restore is not restore and not restore.failed:
                n_bytes = sum(link.stored.n_bytes for link in restore.rest)
                self.planner.restored(n_bytes, time.perf_counter() - began)
        self._restores = [each for each in self._restores if each[0].restore is each[1]]
        if self._store is not None and any(chunk.generation.request_id >= 0 for chunk in plan.chunks):
            self._store.close_ahead()
        self._check_drained()

    def _check_drained(self) -> None:
        if self._drained is not None and not any(slot.to_store for slot in self.scheduler.slots):
            self._drained.set()
            self._drained = None

    def _deliver(self, read: BlockRead | None) -> None:
        """Hand a block that was read to the decode thread, or wake it after one was written."""
        self._run(partial(self.scheduler.arrived, *read) if read is not None else _nothing)

    @property
    def idle_s(self) -> float | None:
        """Idle time after which ``idle`` has something to do, in seconds; None if it has nothing."""
        if self._store is None:
            return None
        if self._to_restore:
            return RESTORE_AFTER_S
        if self._looked_up:
            return FIND_AFTER_S
        return STORE_AFTER_S if self._unsaved else None

    def idle(self) -> None:
        """Put back a prompt that the load should have, or store conversations, while no request waits."""
        if self._to_restore:
            for generation in self.loads(1, wait_s=0.0):
                self.scheduler.add(generation)
        elif self._looked_up:
            _, (chat, prompt) = self._looked_up.popitem()
            threading.Thread(target=self._find, args=(chat, prompt), daemon=True, name="beginning").start()
        else:
            self._unsaved = False
            self.scheduler.store_all(time.perf_counter())

    def loads(self, most: int, wait_s: float = _OPEN_S) -> Iterator[Generation]:
        """Yield what puts back the next prompts that the load asked for, up to this number. Each one once.

        If the list of what is stored is not there within ``wait_s`` seconds, they are left for ``idle``.
        """
        index = self._store.wait_open(wait_s) if self._store is not None else None
        if self._store is not None and self._store.is_opening:
            return
        wanted, self._to_restore = self._to_restore[:most], self._to_restore[most:]
        for prefix in wanted if index is not None else ():
            assert index is not None
            tokens = index.tokens_of(bytes.fromhex(prefix))
            if tokens and len(tokens) <= self._restore_room:
                self._restore_room -= len(tokens)
                request_id = next(self._ids)
                self._loaded[request_id] = prefix
                yield resting(request_id, tokens)

    def give_up_loads(self) -> tuple[int, ...]:
        """Put back what the load asked for later, when no request waits; return the ids of what is to be cancelled."""
        request_ids = tuple(self._loaded)
        self._to_restore = [*self._loaded.values(), *self._to_restore]
        self._loaded.clear()
        return request_ids

    def ended(self, request_id: int, chunk: GenerationChunk) -> None:
        """Report a prompt that is back in a slot."""
        prefix, usage = self._loaded.pop(request_id, None), chunk.usage
        if prefix is not None and usage is not None and usage.cached_tokens >= usage.prompt_tokens - 1:
            self._send(PrefixRestored(prefix, usage.prompt_tokens, "disk" if usage.disk_tokens else "memory"))

    def save(self, within_s: float, hands_over: bool = False) -> None:
        """Store the prompts in the slots, and answer ``SavePrefixes``."""
        self.before()
        if self._store is None or not self.planner.has_room:
            self._send(PrefixesSaved())
            return
        until = time.monotonic() + within_s
        self.scheduler.store_all(time.perf_counter(), unloads=True, hands_over=hands_over)
        self._drained = drained = threading.Event()
        self._check_drained()
        saver = self._store.saver
        before = PrefixesSaved(saver.blocks, saver.n_bytes)

        def finish() -> None:
            drained.wait(max(until - time.monotonic(), 0))
            saver.wait(until)
            self._send(PrefixesSaved(saver.blocks - before.blocks, saver.n_bytes - before.bytes))

        threading.Thread(target=finish, daemon=True, name="saved prefixes").start()


def resting(request_id: int, tokens: list[int]) -> Generation:
    """Return a generation that only puts stored tokens into a slot."""
    return Generation(
        request_id=request_id,
        tokens=tokens,
        text=TextStream(),
        sample=sample_nothing,
        max_tokens=0,
        restore_only=True,
    )


def sample_nothing(_index: int) -> NoReturn:
    """Stand for the sampler of a generation that samples nothing."""
    raise AssertionError("max_tokens is 0")


def _nothing() -> None:
    """Only wake the decode thread."""
