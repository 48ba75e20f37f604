"""The checks of a finished bundle."""

from __future__ import annotations

from pathlib import Path

from bundle import checks


def test_symbols_of_newer_systems_are_found() -> None:
    needed = {"GLIBC_2.2.5", "GLIBC_2.35", "GLIBC_2.36", "GLIBCXX_3.4.31", "GLIBC_ABI_DT_RELR", "OPENSSL_3.0.0"}
    assert checks.too_new(needed) == ["GLIBCXX_3.4.31", "GLIBC_2.36", "GLIBC_ABI_DT_RELR"]


def test_files_that_must_be_left_out_and_dead_links_are_found(tmp_path: Path) -> None:
    for name in ("preheat.pyc", "libz.so.1", "llama_cpp/lib/libllama.so.0", "resources/tests/x"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"")
    (tmp_path / "libssl.so.3").symlink_to("gone")
    assert list(checks.unwanted_files(tmp_path)) == ["libssl.so.3 links to nothing", "libz.so.1 must be left out"]


def test_paths_of_the_build_machine_are_found_outside_of_native_code(tmp_path: Path) -> None:
    (tmp_path / "a.pyc").write_bytes(b"\0\1/build/folder/x.py")
    (tmp_path / "b.so").write_bytes(b"\x7fELF/build/folder")
    (tmp_path / "c.txt").write_bytes(b"/other")
    assert list(checks.leaked_paths(tmp_path, ["/build/folder"])) == ["a.pyc contains /build/folder"]


def test_parts_over_their_limits_are_named(tmp_path: Path) -> None:
    internal = tmp_path / "_internal"
    internal.mkdir()
    (tmp_path / "preheat").write_bytes(b"12")
    (internal / "llama_cpp").mkdir()
    (internal / "llama_cpp" / "library").write_bytes(b"123")
    table = checks.sizes(internal)
    assert (table["llama_cpp"], table["whole"]) == (3, 5)
    assert checks.too_large(table) == []
    assert checks.too_large({"numpy": 100 << 20}) == ["numpy has 100.0 MiB; the limit is 45 MiB"]
