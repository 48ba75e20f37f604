"""What belongs into the bundle."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

import pytest

from bundle.contents import is_wanted, llama_libraries


@pytest.mark.parametrize(
    "name",
    [
        "libstdc++.so.6",
        "libz.so.1",
        "libxcb-cursor.so.0",
        "libgomp.so.1",
        "PySide6/Qt/plugins/platforms/libqeglfs.so",
        "PySide6/Qt/lib/libQt6Quick.so.6",
        "libQt6Qml.so.6",
        "PySide6/Qt/qml/QtQuick/qmldir",
        "PySide6/plugins/imageformats/qtiff.dll",
        "pygments/lexers/python.pyc",
        "numpy/_core/tests/test_api.pyc",
        "pydantic-2.14.dist-info/RECORD",
    ],
)
def test_is_left_out(name: str) -> None:
    assert not is_wanted(PurePosixPath(name))


@pytest.mark.parametrize(
    "name",
    [
        "libssl.so.3",
        "zlib.cpython-311-x86_64-linux-gnu.so",
        "PySide6/Qt/plugins/platforms/libqxcb.so",
        "PySide6/Qt/plugins/platforms/libqwayland.so",
        "PySide6/plugins/platforms/qwindows.dll",
        "PySide6/Qt/lib/libQt6XcbQpa.so.6",
        "pygments/lexers/__init__.pyc",
        "uvloop/loop.cpython-311-x86_64-linux-gnu.so",
        "pydantic-2.14.dist-info/METADATA",
    ],
)
def test_is_kept(name: str) -> None:
    assert is_wanted(PurePosixPath(name))


def test_a_library_is_taken_once_and_linked(tmp_path: Path) -> None:
    package = tmp_path / "llama_cpp"
    for name in ("libllama.so", "libllama.so.0", "libllama.so.0.5.0", "libggml-vulkan.so"):
        _write(package / "lib" / name)
    for name in ("libggml-cpu-haswell.so", "libggml-cpu-sapphirerapids.so"):
        _write(tmp_path / "bin" / name)
    assert llama_libraries(package) == [
        ("llama_cpp/lib/libggml-vulkan.so", str(package / "lib" / "libggml-vulkan.so"), "BINARY"),
        ("llama_cpp/lib/libllama.so.0", str(package / "lib" / "libllama.so.0"), "BINARY"),
        ("llama_cpp/lib/libllama.so", "libllama.so.0", "SYMLINK"),
        ("llama_cpp/lib/libggml-cpu-haswell.so", str(tmp_path / "bin" / "libggml-cpu-haswell.so"), "BINARY"),
    ]


def _write(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"")
