"""Continuous batching: which generations run in which slots, and what each step evaluates. Pure."""

from __future__ import annotations

from preheat.inference.worker.scheduling.chunks import SCORED_TOKENS as SCORED_TOKENS
from preheat.inference.worker.scheduling.generation import Beginning as Beginning
from preheat.inference.worker.scheduling.generation import Chunk as Chunk
from preheat.inference.worker.scheduling.generation import Generation as Generation
from preheat.inference.worker.scheduling.generation import Image as Image
from preheat.inference.worker.scheduling.generation import ImageSpan as ImageSpan
from preheat.inference.worker.scheduling.generation import Sampled as Sampled
from preheat.inference.worker.scheduling.idle import CellCosts as CellCosts
from preheat.inference.worker.scheduling.scheduler import Scheduler as Scheduler
from preheat.inference.worker.scheduling.slots import PrefixReuse as PrefixReuse
from preheat.inference.worker.scheduling.slots import Slot as Slot
from preheat.inference.worker.scheduling.steps import DecodeError as DecodeError
from preheat.inference.worker.scheduling.steps import Status as Status
from preheat.inference.worker.scheduling.steps import StepPlan as StepPlan
from preheat.inference.worker.scheduling.steps import StepResult as StepResult
