"""The environment of a measure: programs, models and number of rounds."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from benchmarks.gguf_files import LARGE, SMALL, ensure_model
from benchmarks.llama_server import ensure_llama_server
from benchmarks.servers import Server, llama_server, preheat, preheat_settings

SAME_THREADS: Final = 0
"""As many threads for both servers: one per physical core."""


@dataclass(frozen=True, slots=True)
class Bench:
    """The set-up of one run."""

    cache: Path  # folder of what is made on first use: llama-server and the random models
    chat_model: Path  # SmolLM2-135M-Instruct, a real model that is small enough to show the server's overhead
    embedding_model: Path  # all-MiniLM-L6-v2
    threads: int  # number of threads of both servers
    rounds: int  # number of repetitions of each measure
    say: Callable[[str], None]  # called with one line of progress at a time

    @property
    def llama_server(self) -> Path:
        """The built program; the first use takes minutes, and may raise BuildError."""
        return ensure_llama_server(self.cache)

    @property
    def small_model(self) -> Path:
        """Random weights, 0.6 GB."""
        return ensure_model(SMALL, self.chat_model, self.cache / "models")

    @property
    def large_model(self) -> Path:
        """Random weights, 1.1 GB."""
        return ensure_model(LARGE, self.chat_model, self.cache / "models")

    def settings(
        self,
        *favourites: Path,
        threads: int | None = SAME_THREADS,
        parallel: int | None = 4,
        memory_limit: str = "90%",
        **others: str,
    ) -> dict[str, str]:
        """Return Preheat's settings: these favourites, preloaded at start, and the folders of all models."""
        folders = dict.fromkeys(path.parent for path in (self.chat_model, self.embedding_model, self.small_model))
        return preheat_settings(
            tuple(folders),
            threads=self._threads(threads),
            favourites=favourites,
            parallel=parallel,
            memory_limit=memory_limit,
            **others,
        )

    def _threads(self, threads: int | None) -> int | None:
        return self.threads if threads == SAME_THREADS else threads

    @contextmanager
    def preheat(
        self,
        *favourites: Path,
        threads: int | None = SAME_THREADS,
        parallel: int | None = 4,
        memory_limit: str = "90%",
        repack: str = "off",
    ) -> Iterator[Server]:
        """Run Preheat; yield once its port answers. None is a default.

        Without ``repack``, an idle model does not change its form while another server is measured.
        """
        settings = self.settings(
            *favourites, threads=threads, parallel=parallel, memory_limit=memory_limit, repack=repack
        )
        with preheat(settings) as server:
            yield server

    @contextmanager
    def single(
        self, model: Path, *, threads: int | None = SAME_THREADS, parallel: int = 4, embeddings: bool = False
    ) -> Iterator[Server]:
        """Run llama-server with one model; yield once its port answers. None is a default."""
        with llama_server(
            self.llama_server, threads=self._threads(threads), model=model, parallel=parallel, embeddings=embeddings
        ) as server:
            yield server

    @contextmanager
    def router(self) -> Iterator[Server]:
        """Run llama-server as a router that holds one of the random models at a time."""
        with llama_server(self.llama_server, threads=self.threads, models_dir=self.small_model.parent) as server:
            yield server

    @contextmanager
    def pair(
        self, model: Path, *, parallel: int = 4, embeddings: bool = False, repack: str = "off"
    ) -> Iterator[tuple[Server, Server]]:
        """Run both servers with this model. An idle server uses no processor time."""
        with ExitStack() as stack:
            mine = stack.enter_context(self.preheat(model, parallel=parallel, repack=repack))
            theirs = stack.enter_context(self.single(model, parallel=parallel, embeddings=embeddings))
            yield mine, theirs

    def turns(self, mine: Server, theirs: Server) -> Iterator[tuple[Server, Server]]:
        """Yield the pair once per round in alternating order, since the second server runs on a warmer processor."""
        for turn in range(self.rounds):
            yield (mine, theirs) if turn % 2 == 0 else (theirs, mine)
