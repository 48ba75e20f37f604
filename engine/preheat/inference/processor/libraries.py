"""The files of llama.cpp in this installation: where they are, and whether they are as they were built.

A build with loadable backends (``GGML_BACKEND_DL``) has one library for each generation of processors, or a single one.
Other builds have the processor's code linked in.
"""

from __future__ import annotations

import base64
import importlib.util
import os
import re
from collections.abc import Iterable, Mapping
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import Final

from preheat.errors import ModelLoadError
from preheat.files import sha256_of
from preheat.messages import msg

SUMS_FILE: Final = "SHA256SUMS"
SINGLE: Final = "single"
"""Name of the processor library in a build that has only one."""

_CPU: Final = re.compile(r"(?:lib)?ggml-cpu(?:-([\w.]+))?\.(?:so|dll)")
_BACKEND: Final = re.compile(r"(?:lib)?ggml-(?!base\b|cpu\b)([\w-]+)\.(?:so|dll)")
_GGML: Final = re.compile(r"(?:lib)?ggml\.(?:so|dylib|dll)")
_RECORDS: Final = ("llama_cpp_python-*.dist-info/RECORD", "preheat_vulkan-*.dist-info/RECORD")
_LINKED: Final = re.compile(rb"ggml-(?!base\b|cpu\b)([a-z]+)(?:\.\d+)*\.(?:so|dylib|dll)")
_LIBRARY: Final = re.compile(r".*\.(?:so(?:\.[\d.]+)?|dylib|dll)")


def library_folder() -> Path:
    """Return the folder of libllama.

    Raises:
        ModelLoadError: llama-cpp-python is not installed.
    """
    if other := os.environ.get("LLAMA_CPP_LIB_PATH"):  # a variable of llama-cpp-python
        return Path(other)
    spec = importlib.util.find_spec("llama_cpp")
    if spec is None or spec.origin is None:
        raise ModelLoadError(msg("llama_library_missing"))
    return Path(spec.origin).parent / "lib"


def module_folders() -> tuple[Path, ...]:
    """Return the folders that may have loadable backends: libllama's, and where llama-cpp-python's wheel puts them."""
    folder = library_folder()
    return (folder, folder.parent.parent / "bin")


def cpu_libraries() -> dict[str, Path]:
    """Return the loadable processor libraries by variant, such as ``haswell``."""
    found: dict[str, Path] = {}
    for path in _files(module_folders()):
        if match := _CPU.fullmatch(path.name):
            found.setdefault(match[1] or SINGLE, path)
    return found


def is_linked_in() -> bool:
    """Return whether libggml needs the processor's library itself, so that there is nothing to choose."""
    for path in _files([library_folder()]):
        if _GGML.fullmatch(path.name):
            with suppress(OSError):
                return b"ggml-cpu" in path.read_bytes()
    return False


def linked_backends() -> list[str]:
    """Return the backends of other devices that libggml needs itself, such as ``metal``."""
    for path in _files([library_folder()]):
        if _GGML.fullmatch(path.name):
            with suppress(OSError):
                return sorted({name.decode() for name in _LINKED.findall(path.read_bytes())})
    return []


def device_libraries() -> list[Path]:
    """Return the loadable libraries of other devices, such as CUDA's."""
    found: dict[str, Path] = {}  # by name: llama-cpp-python's wheel has some in both folders
    for path in _files(module_folders()):
        if _BACKEND.fullmatch(path.name):
            found.setdefault(path.name, path)
    if not found:
        return []
    linked = linked_backends()
    return [path for name, path in found.items() if _BACKEND.sub(r"\1", name) not in linked]


def fingerprint() -> str:
    """Return a text that changes when a file of llama.cpp is replaced or written to. Reads no file's content."""
    seen = []
    for path in _files(module_folders()):
        if _LIBRARY.fullmatch(path.name):
            try:
                status = path.stat()
                seen.append(f"{path} {status.st_size} {status.st_mtime_ns} {status.st_ino}")
            except OSError:  # a link to nothing
                seen.append(f"{path} is missing")
    return "\n".join(seen)


def write_sums(folder: Path) -> None:
    """Record the SHA-256 of each library in a folder, for a package; the format is that of ``sha256sum``."""
    lines = [f"{sha256_of(path)}  {path.name}\n" for path in _files([folder]) if _LIBRARY.fullmatch(path.name)]
    (folder / SUMS_FILE).write_text("".join(lines), encoding="utf-8")


def recorded_sums() -> Mapping[Path, str]:
    """Return the SHA-256 of each file as built, from the package's record or the wheels'; empty if there is neither."""
    folder = library_folder()
    try:
        lines = (folder / SUMS_FILE).read_text(encoding="utf-8").splitlines()
    except OSError:
        return _wheel_sums(folder.parent.parent)
    return {folder / name: digest for digest, _, name in (line.partition("  ") for line in lines)}


def _wheel_sums(site: Path) -> Mapping[Path, str]:
    """Return the sums of the libraries in the wheels' ``RECORD``: path, ``sha256=`` in base64 without padding, size."""
    sums: dict[Path, str] = {}
    for record in (record for pattern in _RECORDS for record in site.glob(pattern)):
        for line in record.read_text(encoding="utf-8").splitlines():
            name, _, rest = line.partition(",sha256=")
            if rest and _LIBRARY.fullmatch(name):
                digest = rest.partition(",")[0]
                sums[site / name] = base64.urlsafe_b64decode(digest + "=" * (-len(digest) % 4)).hex()
    return sums


def is_damaged(path: Path, sums: Mapping[Path, str]) -> bool:
    """Return whether a file is missing, none, unreadable, or not as it was built, if its sum is recorded."""
    expected = sums.get(path)
    if not path.is_file():  # a pipe would never end
        return True
    if expected is None:
        return False
    try:
        return sha256_of(path) != expected
    except OSError:
        return True


def damaged_library() -> Path | None:
    """Return a file of llama.cpp that is missing or not as it was built; None if all are there.

    Reads 40 MB, unless none has changed since the last time.
    """
    try:
        return _damaged_library(fingerprint())
    except ModelLoadError:
        return Path("llama_cpp")


@lru_cache(maxsize=1)
def _damaged_library(_fingerprint: str) -> Path | None:
    sums = recorded_sums()
    folders = module_folders()
    return next((path for path in sums if path.parent in folders and is_damaged(path, sums)), None)


def _files(folders: Iterable[Path]) -> Iterable[Path]:
    """Yield the files of folders by name; a folder that does not exist has none."""
    for folder in folders:
        try:
            names = sorted(os.listdir(folder))  # noqa: PTH208 - half the time of iterdir
        except OSError:
            continue
        yield from (folder / name for name in names)
