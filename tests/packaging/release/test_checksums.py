"""The file of checksums."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

from release.checksums import write_checksums


def test_the_sums_are_those_of_the_files_only(tmp_path: Path) -> None:
    (tmp_path / "b.deb").write_bytes(b"b")
    (tmp_path / "a.whl").write_bytes(b"a")
    (tmp_path / "preheat").mkdir()
    first = write_checksums(tmp_path).read_text()
    assert first == f"{sha256(b'a').hexdigest()}  a.whl\n{sha256(b'b').hexdigest()}  b.deb\n"
    assert write_checksums(tmp_path).read_text() == first
