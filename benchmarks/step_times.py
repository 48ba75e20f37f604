"""Prints what a token costs a worker outside llama.cpp: ``python -m benchmarks.step_times MODEL STREAMS TOKENS``.

The generations run in this process. One thread computes, so that the figure does not depend on how threads wait.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any, Final

import numpy  # noqa: F401 # a worker imports it after the first answer without randomness

from benchmarks.load_options import load_options
from preheat.inference import GenerateRequest, Sampling
from preheat.inference.protocol import Generate
from preheat.inference.worker.bindings import llama
from preheat.inference.worker.channel import Channel
from preheat.inference.worker.chat import ChatTemplate, renderer_pool
from preheat.inference.worker.llama_model import LlamaModel
from preheat.inference.worker.logits import Logits
from preheat.inference.worker.text_service import TextService

_NATIVE: Final = ("llama_decode", "llama_sampler_sample")
_READER: Final = "import os\nwhile os.read(0, 65536): pass"
_WARM_UPS: Final = 2


class Native:
    """Counts the thread's processor time inside llama.cpp. Choosing a token counts, also where numpy does it."""

    def __init__(self) -> None:
        self.spent_ns = 0
        for name in _NATIVE:
            setattr(llama, name, self._timed(getattr(llama, name)))
        setattr(Logits, "likeliest", self._timed(Logits.likeliest))  # noqa: B010 # mypy allows no assignment

    def _timed(self, function: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any) -> Any:
            began = time.thread_time_ns()
            result = function(*arguments)
            self.spent_ns += time.thread_time_ns() - began
            return result

        return call


def run(service: TextService, first_id: int, streams: int, tokens: int) -> None:
    """Generate, from different prompts of the same form."""
    for number in range(first_id, first_id + streams):
        prompt = f"The story of number {number} is long. Once upon"
        request = GenerateRequest(prompt=prompt, max_tokens=tokens, sampling=Sampling(temperature=0))
        service.submit(Generate(number, request))
    service.step(wait=True)
    while service.step():
        pass


def main() -> None:
    """Measure, and print the figure as JSON."""
    path, streams, tokens = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    native = Native()
    options = load_options(path, threads=1, parallel=streams)
    model = LlamaModel(options)
    # As the engine does, another process reads the frames: a thread of this one would wait for the interpreter.
    reader = subprocess.Popen([sys.executable, "-c", _READER], stdin=subprocess.PIPE)
    assert reader.stdin is not None
    sink = reader.stdin.fileno()
    template = ChatTemplate(
        None, None, helpers=renderer_pool(), bos=model.bos_text, eos=model.eos_text, max_characters=100_000
    )
    service = TextService(model, options, Channel(sink), 100.0, template, bytes)
    run(service, 1, _WARM_UPS, tokens)
    native.spent_ns, began_ns = 0, time.thread_time_ns()
    run(service, 1 + _WARM_UPS, streams, tokens)
    outside_ns = time.thread_time_ns() - began_ns - native.spent_ns
    print(json.dumps({"outside_us": outside_ns / 1000 / (streams * tokens)}))
    sys.stdout.flush()
    os._exit(0)


if __name__ == "__main__":
    main()
