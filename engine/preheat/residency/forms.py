"""Forms of a model's weights in memory, and the second worker during an exchange of one for the other.

Mapped weights are the file's pages: fast to load, and small. Repacked ones are rearranged for the processor: some
models decode faster, and need the memory of their weights almost twice. A second worker, the twin, loads the other form
in the background. Then it takes over new requests, and the first worker leaves after its last answer.
"""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

from preheat.messages import Message


class Form(StrEnum):
    """How a worker holds the weights."""

    MAPPED = "mapped"
    REPACKED = "repacked"

    @property
    def other(self) -> Form:
        """The other form."""
        return Form.MAPPED if self is Form.REPACKED else Form.REPACKED


class Stage(StrEnum):
    """What the second worker of a hot model does."""

    LOADING = "loading"
    """It loads the other form."""

    LEAVING = "leaving"
    """It was the first one, and still answers requests."""

    CLOSING = "closing"


class Twin(NamedTuple):
    """The second worker of a hot model.

    Attributes:
        form: Its form.
        taken_bytes: Its share of the memory limit: what both workers have mapped counts for the first.
        shared_bytes: What both have mapped.
        reason: Why the form is exchanged.
        since_mono: Start of the exchange.
        held: Its load waits for requests in progress to end.
        leases: Ids of the requests that it still answers.
    """

    form: Form
    stage: Stage
    taken_bytes: int
    shared_bytes: int
    reason: Message
    since_mono: float
    held: bool = False
    leases: frozenset[int] = frozenset()


class FormSize(NamedTuple):
    """Memory of a model that is to change its form, in bytes.

    Attributes:
        working_bytes: What it takes in that form, in use.
        shared_bytes: The part that a worker with the other form has mapped, too.
    """

    working_bytes: int
    shared_bytes: int

    @property
    def added_bytes(self) -> int:
        """What the twin takes while the first worker is there."""
        return max(self.working_bytes - self.shared_bytes, 0)
