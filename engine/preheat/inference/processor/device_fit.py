"""Asks llama.cpp in a process of its own what a load takes of devices, and where it would put the model itself."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Final

from preheat.errors import ModelLoadError
from preheat.installation import module_command
from preheat.messages import msg

if TYPE_CHECKING:
    import asyncio

    from preheat.inference import LoadOptions

TIME_LIMIT_S: Final = 10.0
"""A simulated load takes 0.1 to 1 s; a driver may hang."""

FIT_LIMIT_S: Final = 3.0
"""llama.cpp's own answer takes 0.1 to 2 s, and more on a busy machine. It is not worth a longer wait."""


@dataclass(frozen=True, slots=True)
class FittedLayers:
    """Where llama.cpp would put a model's layers; see ``LoadOptions``."""

    gpu_layers: int
    layer_split: tuple[int, ...]
    cpu_experts: int  # number of layers whose experts are in RAM


@dataclass(frozen=True, slots=True)
class DeviceFit:
    """What llama.cpp says about a load.

    Attributes:
        compute_bytes: Its buffers for computing, by device.
        fitted: Where llama.cpp would put the layers; None if it does not say so here, or not in time.
    """

    compute_bytes: Mapping[str, int]
    fitted: FittedLayers | None = None


async def fit_in_process(
    options: LoadOptions, targets: Mapping[str, int] | None = None, limit_s: float = TIME_LIMIT_S
) -> DeviceFit:
    """Simulate a load. Cancelling ends the process.

    Args:
        options: The load, with its devices.
        targets: What a model may take of each device: asks for ``DeviceFit.fitted``, too.
        limit_s: Time limit of the simulated load.

    Raises:
        ModelLoadError: No answer: llama.cpp refuses the file, a crash, or too slow.
    """
    import asyncio  # workers, which import this package, do without these two

    from preheat.inference.exits import start_error

    question = json.dumps({"options": asdict(options), "targets": dict(targets or {})})
    try:
        process = await asyncio.create_subprocess_exec(
            *module_command("preheat.inference.worker.device_fit", question),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            env={**os.environ, "GGML_NO_BACKTRACE": "1"},
        )
    except OSError as error:
        raise start_error(error) from error
    assert process.stdout is not None
    try:
        taken = await _answer(process.stdout, limit_s)
        if taken is None:
            raise ModelLoadError(msg("device_fit_failed"))
        fitted = await _answer(process.stdout, FIT_LIMIT_S) if targets else None
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    layers = None if fitted is None else FittedLayers(fitted[0], tuple(fitted[1]), fitted[2])
    return DeviceFit(taken, layers)


async def _answer(output: asyncio.StreamReader, limit_s: float) -> Any:
    """Return what the next line says; None if there is none in time, or another program's."""
    import asyncio

    try:
        async with asyncio.timeout(limit_s):
            line = await output.readline()
        return json.loads(line) if line.endswith(b"\n") else None
    except (TimeoutError, ValueError):
        return None
