"""Simulates a load, to tell what it takes of devices; run by ``preheat.inference.processor``.

The process is thrown away: a driver may end it, and llama.cpp's ``common_fit_params`` may be called by one thread only.
That function is C++ in a library of its own, which wheels for Linux and macOS have. Its symbol has the types of all
parameters, so that another version's function is not found. Without it, and where it fails, the caller searches by
itself, with simulated loads alone.
"""

from __future__ import annotations

import ctypes
import faulthandler
import json
import os
import re
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from preheat.errors import EngineError
from preheat.inference import LoadOptions
from preheat.inference.processor.device_fit import FIT_LIMIT_S, TIME_LIMIT_S
from preheat.inference.worker.backends import BufferOverride, free_memory
from preheat.inference.worker.bindings import llama
from preheat.inference.worker.llama_model import LlamaModel
from preheat.inference.worker.threads import yield_processor

_LIBRARIES: Final = ("libllama-common.so.0", "libllama-common.0.dylib")
_SYMBOL: Final = (
    "_Z17common_fit_paramsPKcP18llama_model_paramsP20llama_context_paramsPfP32llama_model_tensor_buft_overridePmj"
    "PK22common_fit_extra_model14ggml_log_level"
)
_LOG_ERROR: Final = 4  # enum ggml_log_level
_LAYER: Final = re.compile(rb"blk\\\.(\d+)\\\.")
_NO_MAPPING: Final = 0  # enum llama_load_mode: nothing is read from the file but its header


class SimulatedModel(LlamaModel):
    """A model without weights, of which llama.cpp only accounts the memory."""

    def _model_params(self, options: LoadOptions) -> Any:
        params = super()._model_params(options)
        params.no_alloc = True
        params.load_mode = _NO_MAPPING
        return params

    def fitted(self, targets: Mapping[str, int]) -> tuple[int, list[int], int] | None:
        """Return how many layers llama.cpp would put on devices, on each of them, and how many without experts.

        None if it cannot be asked, or finds no answer.

        Args:
            targets: What it may take of each device.
        """
        function = _fit_function() if self.offloads else None
        if function is None:
            return None
        model, context = llama.llama_model_default_params(), self._context_params()
        model.devices = self._devices.native
        found = free_memory(self._devices.names)
        free = {name: found[name] for name in self._devices.names}  # in their order
        # What is free counts other programs and models that make way; the caller knows better what may be taken.
        # A margin below 0 allows more than is free.
        margins = (ctypes.c_int64 * llama.llama_max_devices())(*(free[name] - targets[name] for name in free))
        split = (ctypes.c_float * llama.llama_max_devices())()
        overrides = (BufferOverride * (_most_overrides() + 1))()
        path = str(self._options.path).encode()
        least_context = 0  # the length is given: it stays
        status = function(
            path,
            ctypes.byref(model),
            ctypes.byref(context),
            split,
            overrides,
            margins,
            ctypes.c_uint32(least_context),
            None,
            _LOG_ERROR,
        )
        if status != 0:
            return None
        layers: int = llama.llama_model_n_layer(self.native)
        count = layers + 1 if model.n_gpu_layers < 0 else model.n_gpu_layers
        if len(free) > 1 and model.n_gpu_layers < 0:
            return None  # all of them, spread by what is free: the caller does that, too
        counts = [int(each) for each in split[: len(free)]] if len(free) > 1 else [count]
        patterns = iter(override.pattern for override in overrides)
        names = [_LAYER.match(pattern) for pattern in iter(lambda: next(patterns, None), None)]
        # Of a mixture of experts, 0.3.36 counts from the second layer on, and names one that does not exist. A layer of
        # which some experts stay on the device counts as one without.
        return count, counts, len({int(match[1]) for match in names if match and int(match[1]) < layers})


def _fit_function() -> Any:
    folder = Path(llama._lib._name).parent
    for path in (place / name for place in (folder, folder.parents[1] / "lib") for name in _LIBRARIES):
        if path.is_file():
            try:
                return getattr(ctypes.CDLL(str(path)), _SYMBOL, None)
            except OSError:  # it fits another libllama
                return None
    return None


def _most_overrides() -> int:
    most = llama._lib.llama_max_tensor_buft_overrides
    most.restype = ctypes.c_size_t
    return int(most())


def main(arguments: Sequence[str]) -> int:
    """Print what the load takes for computing, then llama.cpp's own answer, a line of JSON each; return 0."""
    faulthandler.dump_traceback_later(2 * (TIME_LIMIT_S + FIT_LIMIT_S), exit=True)  # the engine may have ended
    output = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # what drivers print
    yield_processor()
    question = json.loads(arguments[0])
    options, targets = question["options"], question["targets"]
    given: Any = {name: tuple(value) if isinstance(value, list) else value for name, value in options.items()}
    try:
        model = SimulatedModel(LoadOptions(**given))
    except EngineError as error:
        print(error, file=sys.stderr)
        return 1
    print(json.dumps(dict(model.device_bytes)), file=output, flush=True)
    if targets:
        print(json.dumps(model.fitted(targets)), file=output, flush=True)
    return 0


if __name__ == "__main__":
    code = main(sys.argv[1:])
    sys.stdout.flush()
    os._exit(code)
