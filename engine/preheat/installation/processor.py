"""The features of this processor, and whether Preheat's libraries run on it.

numpy and Qt are built for x86-64-v2. On an older processor they end the process with an illegal instruction.
"""

from __future__ import annotations

import platform
import re
import sys
from pathlib import Path
from typing import Final, NamedTuple

from preheat.messages import Message, msg

NEEDED: Final = {
    "cx16": "CMPXCHG16B",
    "lahf_lm": "LAHF",
    "popcnt": "POPCNT",
    "pni": "SSE3",
    "ssse3": "SSSE3",
    "sse4_1": "SSE4.1",
    "sse4_2": "SSE4.2",
}
"""The instructions of x86-64-v2, by their names in ``/proc/cpuinfo``."""

_X86_64: Final = {"x86_64", "amd64"}


class _Bit(NamedTuple):
    leaf: int  # CPUID_INDEX_* of <sys/platform/x86.h>
    register: int  # 0 is EAX, 3 is EDX
    bit: int


_BITS: Final = {
    "pni": _Bit(0, 2, 0),
    "ssse3": _Bit(0, 2, 9),
    "cx16": _Bit(0, 2, 13),
    "sse4_1": _Bit(0, 2, 19),
    "sse4_2": _Bit(0, 2, 20),
    "popcnt": _Bit(0, 2, 23),
    "avx": _Bit(0, 2, 28),
    "avx2": _Bit(1, 1, 5),
    "avx512f": _Bit(1, 1, 16),
    "lahf_lm": _Bit(2, 2, 0),
}

# Leaf 1 without EBX, which has the number of the core; the features of leaves 7, 0x80000001 and 7.1.
_IDENTIFYING: Final = ((0, 0), (0, 2), (0, 3), (1, 1), (1, 2), (1, 3), (2, 2), (6, 0))


def processor_problem() -> Message | None:
    """Return why Preheat's libraries do not run on this processor; None if they do. Takes less than 1 ms."""
    features = processor_features()
    missing = missing_features(features) if features is not None else ()
    return msg("processor_too_old", missing=", ".join(missing)) if missing else None


def missing_features(features: frozenset[str]) -> tuple[str, ...]:
    """Return the names of the instructions of x86-64-v2 that are not among these features."""
    return tuple(name for feature, name in NEEDED.items() if feature not in features)


def processor_features() -> frozenset[str] | None:
    """Return the features of an x86-64 processor, named as in ``/proc/cpuinfo``.

    None if the system does not report them, and on other processors.
    """
    if platform.machine().lower() not in _X86_64:
        return None
    if sys.platform == "win32":
        from preheat.installation.processor_windows import features_present

        return features_present()
    if not sys.platform.startswith("linux"):
        return None  # every Mac since 2009 has x86-64-v2
    leaves = _glibc_leaves()
    if leaves is not None:
        return frozenset(name for name, (leaf, register, bit) in _BITS.items() if leaves[leaf][register] >> bit & 1)
    return cpuinfo_features(_cpuinfo())


def cpuinfo_features(text: str) -> frozenset[str] | None:
    """Return the features of the first processor in ``/proc/cpuinfo``; None if it has none."""
    found = re.search(r"^flags\s*:(.*)$", text, re.MULTILINE)
    return frozenset(found[1].split()) if found else None


def processor_name() -> str:
    """Return the processor's name, such as "AMD EPYC 9R14"; empty if the system does not report it."""
    if sys.platform.startswith("linux"):
        found = re.search(r"^(?:model name|Model|Hardware)\s*:\s*(.+)$", _cpuinfo(), re.MULTILINE)
        return found[1] if found else ""
    if sys.platform == "darwin":
        from preheat.installation.processor_macos import brand

        return brand()
    return platform.processor()


def processor_identity() -> str:
    """Return a text that differs between processors with different features.

    On Linux the processor itself is asked where possible: under an emulator, ``/proc/cpuinfo`` describes the host.
    """
    if not sys.platform.startswith("linux"):
        return f"{platform.machine()} {processor_name()}"
    leaves = _glibc_leaves()
    if leaves is not None:
        return " ".join(f"{leaves[leaf][register]:x}" for leaf, register in _IDENTIFYING)
    lines = re.findall(r"^(?:flags|model name|Features|CPU \w+)\s*:.*$", _cpuinfo(), re.MULTILINE)
    return "\n".join([platform.machine(), *sorted(set(lines))])


def _cpuinfo() -> str:
    try:
        return Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def _glibc_leaves() -> list[list[int]] | None:
    """Return the registers of CPUID by leaf; None without glibc 2.33, and on other processors than x86."""
    import ctypes  # not every command needs it

    try:
        leaf_of = ctypes.CDLL(None)["__x86_get_cpuid_feature_leaf"]
    except (AttributeError, OSError):
        return None
    # struct cpuid_feature: what the processor has, in EAX, EBX, ECX and EDX, and what the system enabled.
    leaf_of.argtypes, leaf_of.restype = [ctypes.c_uint], ctypes.POINTER(ctypes.c_uint * 8)
    return [list(leaf_of(number).contents)[:4] for number in range(7)]
