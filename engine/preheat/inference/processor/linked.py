"""A build of llama.cpp with the processor's code linked in, as pip makes one from PyPI's source.

With pip's default flags it is for the processor that built it; another one may stop it with an illegal instruction.
"""

from __future__ import annotations

import re
import sys
from typing import Final

from preheat.installation import is_bundle

TIME_LIMIT_S: Final = 10.0

_PROGRAM: Final = "from llama_cpp import llama_cpp; print(llama_cpp.llama_print_system_info().decode())"
_FEATURE: Final = re.compile(r"\b([A-Z][A-Z0-9_]+) = 1\b")
_NO_INSTRUCTIONS: Final = {"ACCELERATE", "LLAMAFILE", "OPENMP", "REPACK", "KLEIDIAI"}
_OF_FEW_PROCESSORS: Final = re.compile(r"AVX512|AVX_VNNI|AMX|SVE|SME")


def linked_features() -> tuple[str, ...]:
    """Return the instructions that the linked code uses, such as ``AVX2``; empty if it cannot be asked.

    Asks in a process of its own, which a library for another processor ends.
    """
    import subprocess  # workers, which import this package, do without

    if is_bundle():  # has no interpreter to ask, and no linked code
        return ()
    try:
        done = subprocess.run(
            [sys.executable, "-c", _PROGRAM],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=TIME_LIMIT_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ()
    return () if done.returncode else features_in(done.stdout)


def features_in(system_info: str) -> tuple[str, ...]:
    """Return the instructions in llama.cpp's text: ``CPU : SSE3 = 1 | AVX2 = 1 | OPENMP = 1 | ``."""
    _, _, processor = system_info.partition("CPU :")
    return tuple(name for name in _FEATURE.findall(processor) if name not in _NO_INSTRUCTIONS)


def is_for_few_processors(features: tuple[str, ...]) -> bool:
    """Return whether many processors lack some of these instructions."""
    return any(_OF_FEW_PROCESSORS.match(name) for name in features)
