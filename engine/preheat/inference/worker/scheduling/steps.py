"""One step: what the scheduler plans, and what the runner returns. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum
from typing import NamedTuple

from preheat.inference import TokenLogprob
from preheat.inference.worker.prefixes import Copy, Put
from preheat.inference.worker.scheduling.generation import Chunk, Generation, Sampled
from preheat.inference.worker.scheduling.slots import PrefixReuse, Slot


class DecodeError(Exception):
    """llama.cpp failed; the context cannot be trusted any more and the process has to end."""


class Status(Enum):
    """Result of a step. Only ``DONE`` has changed the KV cache."""

    DONE = "done"
    NO_ROOM = "no_room"
    INTERRUPTED = "interrupted"


class StepPlan(NamedTuple):
    """One step, executed in the order of the attributes."""

    cut: tuple[Slot, ...] = ()  # slots that hold tokens of a draft after their content, to be removed
    copies: tuple[Copy, ...] = ()  # cells to copy, because they are to be stored
    park: tuple[Slot, ...] = ()  # slots with cells to copy to the memory of the process, and to remove
    forget: tuple[Slot, ...] = ()  # slots to empty
    unpark: Slot | None = None  # a slot to get its parked cells back
    # the generation that gets a slot. Its chunks are in the next plan, which knows what the slot holds.
    admit: Generation | None = None
    reuse: PrefixReuse | None = None  # how that slot gets the prompt's beginning
    preempt: Generation | None = None  # the generation that gives up its slot and continues later
    put: Put | None = None  # stored cells to put into a slot
    chunks: tuple[Chunk, ...] = ()  # what to evaluate in one decode

    @property
    def tokens(self) -> int:
        """Tokens in the batch, without drafts."""
        return sum(len(chunk.tokens) for chunk in self.chunks)

    @property
    def verifies(self) -> bool:
        """Nothing is evaluated: the logits of the last batch are used."""
        return bool(self.chunks) and self.chunks[0].row is not None

    @property
    def empty(self) -> bool:
        """There is nothing to do now."""
        return self == StepPlan()


class StepResult(NamedTuple):
    """The result of a step: tokens in the admitted slot, and one sampled token for each chunk that ``samples``.

    An exception stands for what could not be sampled or scored.
    """

    status: Status = Status.DONE
    copied: Sequence[bool] = ()  # whether each copy was made
    parked: Sequence[memoryview | None] = ()  # the cells of each slot to park; None if they stay
    unparked: bool = False
    kept: int = 0
    was_put: bool = False
    sampled: Sequence[Sampled | Exception] = ()
    scores: Sequence[Sequence[TokenLogprob] | Exception] = ()  # of the ``scored`` tokens of each chunk; may be empty
    seconds: float = 0.0  # of the decode
    ended_at: float = 0.0  # time of the runner's clock, in seconds
