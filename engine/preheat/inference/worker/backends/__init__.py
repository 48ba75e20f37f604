"""llama.cpp's backends: loading them, and trying them in a process of its own."""

from __future__ import annotations

from preheat.inference.worker.backends.buffers import BufferSizes as BufferSizes
from preheat.inference.worker.backends.devices import BufferOverride as BufferOverride
from preheat.inference.worker.backends.devices import ExpertsInRam as ExpertsInRam
from preheat.inference.worker.backends.devices import ModelDevices as ModelDevices
from preheat.inference.worker.backends.loading import load_processor_backend as load_processor_backend
from preheat.inference.worker.backends.registry import free_memory as free_memory
