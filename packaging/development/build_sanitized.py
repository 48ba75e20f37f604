"""Build llama.cpp with AddressSanitizer once, and cache it; ``make faults`` runs workers with it.

The flags are those of the ordinary build except for the sanitizer, so that the same code runs.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Final

sys.path.insert(0, str(Path(__file__).parents[1]))

from setup.build_llama import ensure_wheel
from setup_step import exit_code_of

_COMPILE: Final = "-O1 -g1 -DNDEBUG -fsanitize=address -fno-omit-frame-pointer"

FLAGS: Final = " ".join(
    [
        f"-DCMAKE_C_FLAGS_RELEASE='{_COMPILE}'",
        f"-DCMAKE_CXX_FLAGS_RELEASE='{_COMPILE}'",
        "-DCMAKE_SHARED_LINKER_FLAGS=-fsanitize=address",
        "-DCMAKE_MODULE_LINKER_FLAGS=-fsanitize=address",
        "-DGGML_BACKEND_DL=OFF",  # all libraries are in one folder then
        "-DGGML_OPENMP=OFF",  # the sanitizer does not know libgomp's barriers
    ]
)


def ensure_libraries(environ: Mapping[str, str] = os.environ) -> Path:
    """Return the folder of the sanitized libraries, for ``LLAMA_CPP_LIB_PATH``; builds them unless they are cached.

    Raises:
        SetupError: There is no C++ compiler, or the build failed.
    """
    wheel = ensure_wheel({"SKBUILD_INSTALL_STRIP": "false", **environ, "CMAKE_ARGS": FLAGS})
    folder = wheel.parent / "libraries"
    if not folder.is_dir():
        with tempfile.TemporaryDirectory(dir=wheel.parent) as temporary, zipfile.ZipFile(wheel) as archive:
            names = [name for name in archive.namelist() if name.startswith("llama_cpp/lib/")]
            archive.extractall(temporary, names)
            (Path(temporary) / "llama_cpp" / "lib").rename(folder)
    return folder


def preloaded_libraries() -> str:
    """Return what has to be loaded before Python (``LD_PRELOAD``): the sanitizer, and the library whose calls it sees.

    Without the latter, the first C++ exception ends the process.
    """
    compiler = os.environ.get("CC", "gcc")
    found = []
    for name in ("libasan.so", "libstdc++.so.6"):
        answer = subprocess.run([compiler, f"-print-file-name={name}"], check=True, capture_output=True, text=True)
        found.append(str(Path(answer.stdout.strip()).resolve()))
    return ":".join(found)


if __name__ == "__main__":
    sys.exit(exit_code_of(lambda: print(ensure_libraries())))
