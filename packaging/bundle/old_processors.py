"""Run a bundle's worker on emulated old processors: python packaging/bundle/old_processors.py [BUNDLE]

Each worker is given real models over its pipes: one embeds a text, the other continues one. Without BUNDLE, the
workers of this environment run, which needs the portable build of llama.cpp (``build_llama.py --portable``). The
emulator is QEMU's, in Debian's package ``qemu-user``.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import math
import os
import shutil
import subprocess
import sys
import tempfile
import time
from array import array
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final, NamedTuple

sys.path.insert(0, str(Path(__file__).parents[1]))

from preheat import paths
from preheat.errors import EngineError
from preheat.inference import GenerateRequest, LoadOptions, Sampling
from preheat.inference.client import WorkerClient
from setup.starter_models import STARTER_MODELS
from setup_step import SetupError, exit_code_of, say

_EMULATOR: Final = "qemu-x86_64"
_TEXT: Final = "The quick brown fox jumps over the lazy dog."
_TOKENS: Final = 6
_LEAST_SIMILARITY: Final = 0.999
"""Of the emulated vector and this processor's: the libraries round differently."""


class Processor(NamedTuple):
    """A processor that QEMU emulates."""

    name: str
    year: int
    variant: str  # of llama.cpp's library that a worker has to choose
    preheat_runs: bool = True  # it has x86-64-v2


PROCESSORS: Final = (
    Processor("core2duo", 2006, "x64", preheat_runs=False),
    Processor("Nehalem", 2008, "sse42"),
    Processor("SandyBridge", 2011, "sandybridge"),
)


class Result(NamedTuple):
    """What a worker has made of the models."""

    vector: array[float]
    text: str


def check(command: Sequence[str], report: Callable[[str], None] = say) -> None:
    """Run the program ``preheat``, as this command starts it, on each processor.

    Args:
        report: Called with a line for each.

    Raises:
        SetupError: It does not do what it should.
    """
    emulator = shutil.which(_EMULATOR)
    if emulator is None:
        raise SetupError(f"{_EMULATOR} is missing.", remedy="Debian and Ubuntu: sudo apt install qemu-user")
    here = _work(command)
    report(f"this processor: {here.text!r}")
    for processor in PROCESSORS:
        emulated = [emulator, "-cpu", processor.name, *_loader_options(command), *command]
        began = time.monotonic()
        there = _work(emulated, processor)
        seconds = time.monotonic() - began
        similarity = _similarity(here.vector, there.vector)
        if similarity < _LEAST_SIMILARITY or not there.text:
            raise _failure(processor, f"the vector's similarity is {similarity:.4f}, and the text is {there.text!r}")
        _check_program(emulated, processor)
        report(
            f"{processor.name} ({processor.year}), library {processor.variant}: {there.text!r}, similarity "
            f"{similarity:.4f}, {seconds:.1f} s"
        )


def _work(command: Sequence[str], processor: Processor | None = None) -> Result:
    """Return what the workers of a program make, each model in its own; check which library they choose."""
    chat, embedding = (paths.models_dir() / model.file_name for model in STARTER_MODELS)
    with tempfile.TemporaryDirectory(prefix="preheat-") as home:
        previous = os.environ.get(paths.HOME_VARIABLE)
        os.environ[paths.HOME_VARIABLE] = home
        try:
            result = asyncio.run(_ask(command, chat, embedding))
        except EngineError as error:
            raise _failure(processor, str(error)) from error
        finally:
            os.environ.pop(paths.HOME_VARIABLE)
            if previous is not None:
                os.environ[paths.HOME_VARIABLE] = previous
        (choice,) = json.loads((Path(home) / "cache" / "processor.json").read_text(encoding="utf-8")).values()
    if processor is not None and choice["variant"] != processor.variant:
        raise _failure(processor, f"the worker chose the library {choice['variant']!r}")
    return result


async def _ask(command: Sequence[str], chat: Path, embedding: Path) -> Result:
    worker = await WorkerClient.spawn([*command, *_worker_option(command)])
    await worker.load(_options(embedding, embeddings=True), _ignore, lambda: None)
    vectors = (await worker.embed([_TEXT])).vectors
    await worker.close()
    worker = await WorkerClient.spawn([*command, *_worker_option(command)])
    await worker.load(_options(chat, embeddings=False), _ignore, lambda: None)
    request = GenerateRequest(prompt=_TEXT, max_tokens=_TOKENS, sampling=Sampling(temperature=0))
    text = "".join([chunk.text async for chunk in worker.generate(request)])
    await worker.close()
    return Result(array("f", vectors[0]), text)


def _check_program(command: Sequence[str], processor: Processor) -> None:
    """Check that the command says in one sentence if the processor is too old, and runs otherwise."""
    option = [] if _is_bundle(command) else ["-m", "preheat"]
    version = subprocess.run([*command, *option, "version"], capture_output=True, text=True, check=False)
    # A command that needs an engine, but starts none: there is no such model.
    with tempfile.TemporaryDirectory(prefix="preheat-") as home:
        show = subprocess.run(
            [*command, *option, "show", "no-such-model"],
            capture_output=True,
            text=True,
            check=False,
            env={**os.environ, paths.HOME_VARIABLE: home},
        )
    refused = "too old" in show.stderr
    if version.returncode or refused is processor.preheat_runs or "Traceback" in show.stderr:
        raise _failure(processor, f"preheat version: {version.stdout}{version.stderr}; preheat show: {show.stderr}")


def _is_bundle(command: Sequence[str]) -> bool:
    return Path(command[-1]).name == "preheat"


def _worker_option(command: Sequence[str]) -> list[str]:
    return ["--worker"] if _is_bundle(command) else ["-m", "preheat.inference.worker"]


def _loader_options(command: Sequence[str]) -> list[str]:
    """Return the options of QEMU that keep PyInstaller's loader from executing itself again.

    It executes itself once to set the search path for libraries, and QEMU would not emulate that process.
    """
    if not _is_bundle(command):
        return []
    program = Path(command[-1])
    variables = {
        "_PYI_ARCHIVE_FILE": program,
        "_PYI_PARENT_PROCESS_LEVEL": "-1",
        "_PYI_LINUX_PROCESS_NAME": program.name,
        "LD_LIBRARY_PATH": program.with_name("_internal"),
    }
    return [word for name, value in variables.items() for word in ("-E", f"{name}={value}")]


def _options(path: Path, *, embeddings: bool) -> LoadOptions:
    return LoadOptions(
        path=str(path),
        files=(str(path),),
        embeddings=embeddings,
        context_length=256,
        parallel=1,
        kv_cache_type="f16",
        flash_attention="auto",
        repack=False,
        threads=1,
        gpu_layers=0,
        embedding_cache=0,
        probe=True,
        warm_prefix=False,
    )


def _ignore(_share: float) -> None:
    """Do nothing with the progress of a load."""


def _similarity(left: Sequence[float], right: Sequence[float]) -> float:
    product = sum(a * b for a, b in zip(left, right, strict=True))
    return product / (math.hypot(*left) * math.hypot(*right))


def _failure(processor: Processor | None, problem: str) -> SetupError:
    name = "this processor" if processor is None else processor.name
    return SetupError(f"Preheat fails on {name}: {problem}", remedy="See above.")


def main() -> None:
    """Check the bundle that the command line names, or this environment."""
    parser = argparse.ArgumentParser(description="Run Preheat's workers on emulated old processors.")
    parser.add_argument("bundle", nargs="?", type=Path, help="the bundle's folder, such as dist/preheat")
    bundle: Path | None = parser.parse_args().bundle
    check([sys.executable] if bundle is None else [str(bundle.absolute() / "preheat")])


if __name__ == "__main__":
    sys.exit(exit_code_of(main))
