"""Atomic files, and failures with a remedy."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import setup_step
from setup_step import SetupError, exit_code_of, pip, sha256, whole_file


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def write_half(target: Path, error: BaseException) -> None:
    with whole_file(target) as part:
        part.write_bytes(b"half")
        raise error


def test_the_file_appears_only_when_it_is_complete(tmp_path: Path) -> None:
    target = tmp_path / "models" / "a.gguf"
    with whole_file(target) as part:
        part.write_bytes(b"half")
        assert not target.exists()
        assert part.parent == target.parent  # a rename across file systems would be a copy
        assert part.suffix != target.suffix  # no program takes it for a model
    assert target.read_bytes() == b"half"
    assert names(target.parent) == {"a.gguf"}


def test_an_error_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="disk full"):
        write_half(tmp_path / "a.gguf", OSError("disk full"))
    assert names(tmp_path) == set()


def test_an_error_leaves_the_old_file(tmp_path: Path) -> None:
    target = tmp_path / "a.gguf"
    target.write_bytes(b"old")
    with pytest.raises(KeyboardInterrupt):
        write_half(target, KeyboardInterrupt())
    assert target.read_bytes() == b"old"
    assert names(tmp_path) == {"a.gguf"}


def test_a_killed_process_leaves_no_file_and_its_part_is_removed_later(tmp_path: Path) -> None:
    target = tmp_path / "a.gguf"
    code = f"""
import sys
sys.path.insert(0, {str(Path(setup_step.__file__).parent)!r})
from pathlib import Path
from setup_step import whole_file
with whole_file(Path({str(target)!r})) as part:
    part.write_bytes(b"half")
    print("half", flush=True)
    sys.stdin.read()
"""
    with subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"half\n"
        process.kill()
    assert not target.exists()
    (part,) = tmp_path.iterdir()

    with whole_file(target) as other:  # another process may still be writing it
        other.write_bytes(b"whole")
    assert names(tmp_path) == {"a.gguf", part.name}

    long_ago = part.stat().st_mtime - 2 * setup_step.STALE_PART_S
    os.utime(part, (long_ago, long_ago))
    with whole_file(target) as other:
        other.write_bytes(b"again")
    assert names(tmp_path) == {"a.gguf"}
    assert target.read_bytes() == b"again"


def test_the_file_has_the_mode_of_an_ordinary_one(tmp_path: Path) -> None:
    with whole_file(tmp_path / "a") as part:
        part.write_bytes(b"")
    (tmp_path / "b").write_bytes(b"")
    assert (tmp_path / "a").stat().st_mode == (tmp_path / "b").stat().st_mode


def test_sha256_of_a_file(tmp_path: Path) -> None:
    (tmp_path / "abc").write_bytes(b"abc")
    assert sha256(tmp_path / "abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


@pytest.mark.parametrize(
    ("error", "code", "output"),
    [
        (None, 0, ""),
        (SetupError("It rains.", remedy="Wait."), 1, "preheat: It rains.\n  Wait.\n"),
        (OSError("disk full"), 1, "preheat: disk full\n"),
        (KeyboardInterrupt(), 130, ""),
    ],
)
def test_a_script_ends_with_an_exit_code_and_a_message(
    error: BaseException | None, code: int, output: str, capsys: pytest.CaptureFixture[str]
) -> None:
    def step() -> None:
        if error is not None:
            raise error

    assert exit_code_of(step) == code
    assert capsys.readouterr().err == output


def test_a_failure_of_pip_has_its_output_and_a_remedy(tmp_path: Path) -> None:
    environ = {**os.environ, "PIP_CONFIG_FILE": os.devnull}
    with pytest.raises(SetupError) as caught:
        pip(["download", "--no-index", f"--dest={tmp_path}", "no-such-package-anywhere"], environ=environ)
    message = str(caught.value)
    assert "No matching distribution found for no-such-package-anywhere" in message
    assert "pip config list" in message
