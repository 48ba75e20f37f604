"""The number of threads with which llama.cpp computes: it leaves cores to other programs that are busy."""

from __future__ import annotations

from preheat.inference.worker.threads.count import ThreadCount as ThreadCount
from preheat.inference.worker.threads.load import Load as Load
from preheat.inference.worker.threads.load import LoadMeter as LoadMeter
from preheat.inference.worker.threads.priority import lower_priority as lower_priority
from preheat.inference.worker.threads.priority import run_in_background as run_in_background
from preheat.inference.worker.threads.priority import yield_processor as yield_processor
from preheat.inference.worker.threads.steps import StepThreads as StepThreads
