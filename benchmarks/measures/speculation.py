"""Answers that repeat a file of their prompt with changes, with and without drafts."""

from __future__ import annotations

import textwrap
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from benchmarks.bench import Bench
from benchmarks.figures import Figure, Label, Samples, ratio_at_least
from benchmarks.http_client import Connection
from benchmarks.load import complete
from benchmarks.load_options import load_options
from benchmarks.servers import preheat, wait_until_hot
from preheat.inference import Sampling
from preheat.inference.worker.drafts import Drafter, StepCosts
from preheat.inference.worker.llama_model import LlamaModel
from preheat.inference.worker.runner import ModelRunner
from preheat.inference.worker.sampling import TokenSampler
from preheat.inference.worker.scheduling import Generation, Scheduler
from preheat.inference.worker.text_stream import TextStream

LEAST_SHARE: Final = 0.98
"""``auto`` may not be slower than this share of ``off``."""

_FILE_CHARS: Final = 10_500  # about 3,000 tokens
_BEGUN_CHARS: Final = 200
_TOKENS: Final = 200
_NAMES: Final = ("width", "text", "indent", "lines", "whitespace", "sentence", "words", "tabs", "string")
"""Names in the file; each edit replaces one of them."""


async def measure(bench: Bench) -> list[Figure]:
    """Continue edited copies of a file of 3,000 tokens: with ``speculation`` auto and off, and with every draft."""
    return [await _measure_servers(bench), *_measure_mechanism(bench)]


def edits(count: int) -> Iterator[str]:
    """Yield prompts: a file, and the beginning of a copy in which a name was changed."""
    text = Path(textwrap.__file__).read_text()[:_FILE_CHARS]
    for number in range(count):
        old = _NAMES[number % len(_NAMES)]
        new = f"{old}_{number}"
        begun = text[: text.index(old) + _BEGUN_CHARS].replace(old, new)
        yield f"# The file\n{text}\n\n# The same file, with {old} renamed to {new}\n{begun}"


async def _measure_servers(bench: Bench) -> Figure:
    """Send each prompt to two servers with the same model; the file itself is computed once by each."""
    model = bench.chat_model
    bench.say("Edits of a file, speculation = auto and off")
    rates, accepted = Samples(), 0
    with ExitStack() as stack:
        auto, off = (
            stack.enter_context(preheat(bench.settings(model, speculation=value))) for value in ("auto", "off")
        )
        # The second server takes the place of llama-server in the table.
        servers = (auto, replace(off, label=Label.LLAMA_SERVER))
        for server in servers:
            await wait_until_hot(server, model)
        first, *prompts = edits(1 + 2 * bench.rounds)
        for number, prompt in enumerate((first, *prompts)):
            for server in servers if number % 2 else servers[::-1]:
                async with Connection(server.port) as connection:
                    answer = await complete(connection, server.model_name(model), prompt, _TOKENS)
                if number:
                    rates.add(server.label, answer.completion_tokens / (answer.ended_at - answer.first_at))
                    accepted += answer.accepted_tokens
    note = f"{accepted} tokens drafted and right"
    return rates.figure("edits of a 3,000-token file, 135 M", "tok/s", ratio_at_least(LEAST_SHARE), note)


class _FreeSteps(StepCosts):
    """What steps cost on a machine on which a batch costs as much as a token: every draft is verified."""

    def __init__(self) -> None:
        super().__init__()
        for rows in (1, 4, 8, 16) * 3:
            super().observe(rows, 1.0)

    def observe(self, rows: int, seconds: float) -> None:
        """Forget this machine's time."""


@dataclass(slots=True)
class _Run:
    """One answer in this process."""

    tokens: list[int]
    rate: float  # tokens per second, after the first
    tokens_per_step: float
    drafted: int
    accepted: int


class _Worker:
    """A worker's scheduler and runner in this process, where drafts can be forced."""

    def __init__(self, model: LlamaModel) -> None:
        self._model = model
        self._runner = ModelRunner(model)
        self._scheduler = Scheduler(
            parallel=1,
            slots=2,
            batch_tokens=self._runner.batch_tokens,
            context_length=model.context_length,
            recurrent=False,
            tokens_per_s=100.0,
            costs=_FreeSteps(),
        )

    def run(self, prompt: str, *, drafts: bool) -> _Run:
        """Continue a prompt."""
        tokens = self._model.tokenize(prompt)
        generation = Generation(
            request_id=0,
            tokens=tokens,
            text=TextStream(),
            sample=TokenSampler(self._model, Sampling(temperature=0), tokens).sample,
            max_tokens=_TOKENS,
            drafter=Drafter(tokens) if drafts else None,
        )
        self._scheduler.add(generation)
        steps, began, written = 0, 0.0, 0
        while not self._scheduler.idle:
            plan = self._scheduler.plan()
            self._scheduler.update(plan, self._runner.run(plan))
            written = len(generation.tokens) - generation.prompt_tokens
            if not began and written:
                began = time.perf_counter()
            steps += bool(began) and not plan.verifies
        seconds = time.perf_counter() - began
        answer = generation.tokens[generation.prompt_tokens :]
        return _Run(
            answer, (written - 1) / seconds, written / steps, generation.draft_tokens, generation.accepted_tokens
        )


def _measure_mechanism(bench: Bench) -> list[Figure]:
    """Verify every draft, whether it pays on this machine or not."""
    bench.say("Edits of a file, every draft verified")
    options = load_options(bench.chat_model, threads=bench.threads, parallel=1, gpu_layers=-1)
    worker = _Worker(LlamaModel(options))
    rates, same, per_step, drafted, accepted = Samples(), [], [], 0, 0
    for prompt in edits(bench.rounds):
        plain, with_drafts = (worker.run(prompt, drafts=drafts) for drafts in (False, True))
        rates.add(Label.PREHEAT, with_drafts.rate)
        rates.add(Label.LLAMA_SERVER, plain.rate)
        same.append(float(plain.tokens == with_drafts.tokens))
        per_step.append(with_drafts.tokens_per_step)
        drafted += with_drafts.drafted
        accepted += with_drafts.accepted
    return [
        rates.figure("the same, every draft verified", "tok/s"),
        Figure("tokens per step, every draft verified", "", tuple(per_step)),
        Figure("share of drafted tokens that are right", "", (accepted / max(drafted, 1),)),
        Figure("share of answers that are equal with and without drafts", "", (sum(same) / len(same),)),
    ]
