"""Measures a model on a device and on the processor, in a process of its own that may be ended at any time."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from typing import Final, Literal

from preheat.errors import ModelLoadError
from preheat.installation import module_command
from preheat.messages import message_from_json, msg

TIME_LIMIT_S: Final = 300.0
"""Compiling the programs of a driver takes seconds to a minute the first time; a driver may hang."""

FAILED: Final = "failed"

Pair = tuple[tuple[float, float], tuple[float, float]]
"""Prefill and decode on the device, and on the processor, in tokens per second; 0 is not measured: decode of a model
that makes embeddings, and prefill on a device whose decode is hopeless."""


@dataclass(frozen=True, slots=True)
class ProbedModel:
    """The model to measure with, and how it is loaded; see ``LoadOptions``."""

    path: str
    embeddings: bool
    kv_cache_type: Literal["f16", "q8_0", "q4_0"]
    flash_attention: Literal["auto", "on", "off"]
    threads: int


async def measure_in_process(model: ProbedModel, device: str, limit_s: float = TIME_LIMIT_S) -> Pair | None:
    """Return the speeds on a device (llama.cpp's name) and on the processor; None if the machine is too busy to tell.

    Cancelling ends the process.

    Raises:
        ModelLoadError: The device cannot compute the model: no memory, a crash, or no answer in time.
    """
    import asyncio  # workers, which import this package, do without these two

    from preheat.inference.exits import explain_exit, start_error

    try:
        process = await asyncio.create_subprocess_exec(
            *module_command("preheat.inference.worker.device_speed", json.dumps(asdict(model)), device),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env={**os.environ, "GGML_NO_BACKTRACE": "1"},
        )
    except OSError as error:
        raise start_error(error) from error
    try:
        async with asyncio.timeout(limit_s):
            output, errors = await process.communicate()
    except TimeoutError:
        raise ModelLoadError(msg("device_probe_hangs", limit=limit_s)) from None
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode:
        ended = explain_exit(process.returncode, errors.decode(errors="replace").splitlines(), None)
        raise ModelLoadError(msg("device_probe_crashes", reason=ended.reason))
    try:
        found = json.loads(output)
    except ValueError:  # a driver ended the process as if all was well
        raise ModelLoadError(msg("device_probe_crashes", reason=msg("exit_normal"))) from None
    if isinstance(found, dict):
        raise ModelLoadError(message_from_json(found[FAILED]))
    if found is None:
        return None
    on_device, on_processor = found
    return tuple(on_device), tuple(on_processor)
