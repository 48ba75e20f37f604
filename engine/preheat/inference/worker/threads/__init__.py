"""The number of threads with which llama.cpp computes: it follows what the machine does, step by step."""

from __future__ import annotations

from preheat.inference.worker.threads.controller import ThreadController as ThreadController
from preheat.inference.worker.threads.load import OtherLoad as OtherLoad
from preheat.inference.worker.threads.priority import lower_priority as lower_priority
from preheat.inference.worker.threads.priority import run_in_background as run_in_background
from preheat.inference.worker.threads.steps import StepThreads as StepThreads
