"""A store with folders of its own, and blocks to put there."""

from __future__ import annotations

from pathlib import Path

from preheat.inference.prefixes import Block, PrefixOptions, files_in, next_key, root_key, write_block
from preheat.prefixes import PrefixStore
from preheat.settings import Settings

MODEL = b"a model"
GB = 10**9
CELLS = bytes(100_000)


def a_block(number: int, parent: Block | None = None, *, seconds: float = 1.0) -> Block:
    tokens = tuple(range(number, number + 256))
    key, start = (root_key(MODEL), 0) if parent is None else (parent.key, parent.end)
    return Block(MODEL, next_key(key, tokens), key, start, tokens, False, seconds, 0.0)


class Place:
    """A machine's folders, and stores of engines on it."""

    def __init__(self, root: Path) -> None:
        self.disk = root / "cache" / "prefixes"
        self.memory = root / "memory"
        self.memory.mkdir(parents=True)
        self.on_battery = False
        self.stores: list[PrefixStore] = []

    def store(self, settings: Settings | None = None) -> PrefixStore:
        store = PrefixStore(settings or Settings(), lambda: self.on_battery, disk=self.disk, memory_root=self.memory)
        self.stores.append(store)
        store.allowed_bytes = 4 * GB
        store.refresh()
        return store

    def move_all(self, store: PrefixStore) -> None:
        for file in store.waiting():
            assert store.move(file)

    def on_disk(self) -> list[str]:
        return sorted(file.path.name for file in files_in(self.disk))

    def in_memory(self) -> list[str]:
        return sorted(file.path.name for folder in self.memory.iterdir() for file in files_in(folder))


def options_of(store: PrefixStore, model_id: str = "chat") -> PrefixOptions:
    options = store.options(model_id)
    assert options is not None
    return options


def save(store: PrefixStore, block: Block, model_id: str = "chat", cells: bytes = CELLS) -> Path:
    """Write a block into memory, as a worker does."""
    return write_block(Path(options_of(store, model_id).memory_folder), block, cells)
