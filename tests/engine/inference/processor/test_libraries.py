"""The files of llama.cpp: finding them, and noticing that one is not as it was built."""

from __future__ import annotations

import base64
import hashlib
import os
from collections.abc import Iterable
from pathlib import Path

import pytest

from preheat.errors import ModelLoadError
from preheat.inference.processor import damaged_library, device_libraries, write_sums
from preheat.inference.processor.libraries import SUMS_FILE, cpu_libraries, fingerprint, is_linked_in, library_folder


def test_processor_libraries_are_found_in_the_wheels_folder(site: Path) -> None:
    binaries = site / "bin"
    assert cpu_libraries() == {
        name: binaries / f"libggml-cpu-{name}.so" for name in ("haswell", "sapphirerapids", "x64", "zen4")
    }


def test_processor_libraries_are_found_next_to_libllama(site: Path) -> None:
    bundled = site / "llama_cpp" / "lib" / "libggml-cpu-zen4.so"
    (site / "bin" / bundled.name).rename(bundled)
    assert cpu_libraries()["zen4"] == bundled


@pytest.mark.parametrize("name", ["libggml-cpu.so", "ggml-cpu.dll"])
def test_a_build_with_one_library(site: Path, name: str) -> None:
    for path in (site / "bin").iterdir():
        path.unlink()
    (site / "bin" / name).touch()
    assert cpu_libraries() == {"single": site / "bin" / name}


def test_libraries_of_other_devices(site: Path) -> None:
    for name in ("libggml-cuda.so", "ggml-vulkan.dll", "libggml-cuda.so.0"):
        (site / "bin" / name).touch()
    (site / "llama_cpp" / "lib" / "libggml-cuda.so").touch()  # the wheel has it twice
    assert device_libraries() == [site / "llama_cpp" / "lib" / "libggml-cuda.so", site / "bin" / "ggml-vulkan.dll"]


def test_a_linked_library_is_noticed(site: Path) -> None:
    assert not is_linked_in()
    (site / "llama_cpp" / "lib" / "libggml.so").write_bytes(b"\x7fELF libggml-cpu.so.0 libggml-base.so.0")
    assert is_linked_in()


def test_llama_cpp_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LLAMA_CPP_LIB_PATH", raising=False)
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)
    with pytest.raises(ModelLoadError, match="is missing from this installation"):
        library_folder()
    assert damaged_library() == Path("llama_cpp")


def test_the_fingerprint_changes_with_the_files(site: Path) -> None:
    library = site / "bin" / "libggml-cpu-zen4.so"
    seen = {fingerprint()}
    library.write_text("longer than before")
    seen.add(fingerprint())
    os.utime(library, ns=(1, 1))
    seen.add(fingerprint())
    library.unlink()
    seen.add(fingerprint())
    assert len(seen) == 4
    (site / "bin" / "notes.txt").touch()
    assert fingerprint() in seen


def test_a_link_to_nothing_is_no_library(site: Path) -> None:
    (site / "llama_cpp" / "lib" / "libggml.so").unlink()
    before = fingerprint()
    (site / "llama_cpp" / "lib" / "libggml.so").symlink_to("libggml.so.0")
    assert fingerprint() != before
    assert not is_linked_in()


def test_a_folder_of_libraries_at_the_top(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LLAMA_CPP_LIB_PATH", "/no-such-folder")
    assert cpu_libraries() == {}
    assert damaged_library() is None


@pytest.mark.parametrize("damage", ["truncated", "missing"])
def test_a_damaged_file_of_a_package(site: Path, damage: str) -> None:
    folder = site / "llama_cpp" / "lib"
    write_sums(folder)
    assert damaged_library() is None
    if damage == "missing":
        (folder / "libmtmd.so").unlink()
    else:
        (folder / "libmtmd.so").write_text("libmt")
    assert damaged_library() == folder / "libmtmd.so"


def test_the_sums_are_those_of_sha256sum(site: Path) -> None:
    folder = site / "llama_cpp" / "lib"
    write_sums(folder)
    lines = (folder / SUMS_FILE).read_text().splitlines()
    assert f"{hashlib.sha256(b'libllama.so').hexdigest()}  libllama.so" in lines
    assert len(lines) == 5


def write_record(site: Path, wheel: str, files: Iterable[Path]) -> None:
    """Write pip's record of an installed wheel."""
    record = site / f"{wheel}-1.0.dist-info" / "RECORD"
    record.parent.mkdir()
    lines = ["llama_cpp/llama.py,sha256=AAAA,5", f"{wheel}-1.0.dist-info/RECORD,,"]
    for path in files:
        digest = base64.urlsafe_b64encode(hashlib.sha256(path.read_bytes()).digest()).decode().rstrip("=")
        lines.append(f"{path.relative_to(site)},sha256={digest},{path.stat().st_size}")
    record.write_text("\n".join(lines))


def test_a_damaged_file_of_a_wheel(site: Path) -> None:
    write_record(site, "llama_cpp_python", [*(site / "bin").iterdir(), *(site / "llama_cpp" / "lib").iterdir()])
    assert damaged_library() is None
    (site / "bin" / "libggml-cpu-x64.so").write_text("x")
    assert damaged_library() == site / "bin" / "libggml-cpu-x64.so"


def test_a_damaged_library_for_vulkan(site: Path) -> None:
    write_record(site, "llama_cpp_python", (site / "bin").iterdir())
    library = site / "llama_cpp" / "lib" / "libggml-vulkan.so"
    library.write_text("for Vulkan")
    assert damaged_library() is None
    write_record(site, "preheat_vulkan", [library])
    assert damaged_library() is None
    library.write_text("for")
    assert damaged_library() == library


def test_without_recorded_sums_no_file_counts_as_damaged(site: Path) -> None:
    assert damaged_library() is None
