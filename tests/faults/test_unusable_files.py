"""`preheat serve` with files and folders that it cannot use: one error in words, or it runs without them."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from running_preheat import running_preheat

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="pipes, links and owners of files")

TIMEOUT_S = 60.0
ANOTHER_USER = 12345


def serve(home: Path, **variables: str) -> tuple[int, str]:
    """Return the exit code of ``preheat serve`` that ends by itself, and its output."""
    done = subprocess.run(
        [sys.executable, "-m", "preheat", "serve", "--port", "0", "--no-preload"],
        env={**os.environ, "PREHEAT_HOME": str(home), **variables},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=TIMEOUT_S,
        check=False,
    )
    return done.returncode, done.stdout.decode()


def runtime_of_another_user(home: Path) -> None:
    (home / "runtime").mkdir()
    os.chown(home / "runtime", ANOTHER_USER, ANOTHER_USER)


def runtime_link(home: Path) -> None:
    (home / "elsewhere").mkdir()
    (home / "runtime").symlink_to(home / "elsewhere")


def settings(make: Callable[[Path], object]) -> Callable[[Path], None]:
    def set_up(home: Path) -> None:
        (home / "config").mkdir()
        make(home / "config" / "settings.toml")

    return set_up


FATAL: dict[str, tuple[Callable[[Path], object], str]] = {
    "runtime folder is a file": (lambda home: (home / "runtime").touch(), "it is not a folder"),
    "runtime folder is a link": (runtime_link, "it is a link"),
    "runtime file is a folder": (lambda home: (home / "runtime" / "engine.json").mkdir(parents=True), "Is a directory"),
    "settings are a pipe": (settings(os.mkfifo), "not a regular file"),
    "settings are a device": (settings(lambda path: path.symlink_to("/dev/zero")), "not a regular file"),
    "settings are nested": (settings(lambda path: path.write_text("a=" + "[" * 5000)), "nested too deeply"),
    "settings are a gigabyte": (settings(lambda path: os.truncate(_touched(path), 10**9)), "it is larger than"),
    "home is no folder": (lambda home: (home / "config").touch(), "Not a directory"),
}
if hasattr(os, "geteuid") and os.geteuid() == 0:
    FATAL["runtime folder is another user's"] = runtime_of_another_user, "it belongs to another user"


def _touched(path: Path) -> Path:
    path.touch()
    return path


@pytest.mark.parametrize(("set_up", "words"), FATAL.values(), ids=FATAL)
def test_serve_ends_with_a_sentence_and_a_remedy(
    preheat_home: Path, set_up: Callable[[Path], object], words: str
) -> None:
    set_up(preheat_home)
    code, output = serve(preheat_home)
    assert code in (1, 2)
    title, remedy = output.strip().split("\n")
    assert words in title
    assert remedy.startswith("  ")


@pytest.mark.parametrize(
    "variables",
    [
        {"PREHEAT_PORT": "\udcff"},
        {"PREHEAT_\udcff": "\udcff"},
        {"PREHEAT_FAVOURITES": "[" * 50_000},
        {"PREHEAT_PARALLEL": "9" * 50_000},
        {"PREHEAT_HOME": "~no-such-user/x"},
        {"PREHEAT_HOME": "/dev/null/x"},
        {"PREHEAT_HOME": "/" + "x" * 300},
    ],
)
def test_variables_may_hold_anything(preheat_home: Path, variables: dict[str, str]) -> None:
    code, output = serve(preheat_home, **variables)
    assert code in (1, 2)
    assert "Traceback" not in output
    assert len(output) < 2000


def test_what_only_costs_something_else_is_done_without(preheat_home: Path, tmp_path: Path) -> None:
    """Pipes and devices in the place of all files that Preheat keeps."""
    for name in ("config", "data", "data/models/.downloads/0123456789ab"):
        (preheat_home / name).mkdir(parents=True, exist_ok=True)
    (preheat_home / "cache").write_text("a file")
    for name in (
        "data/usage.db",
        "data/state.json",
        "data/ollama-models.json",
        "data/settings-last-good.toml",
        "data/models/pipe.gguf",
        "data/models/.downloads/0123456789ab/download.json",
    ):
        os.mkfifo(preheat_home / name)
    (preheat_home / "data" / "models" / "zero.gguf").symlink_to("/dev/zero")
    with running_preheat(preheat_home) as preheat:
        assert preheat.status()["models"] == []
        assert preheat.ask("GET", "/v1/models").body["data"] == []
        assert preheat.ask("GET", "/api/tags").body["models"] == []


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 300 KB; nearly all of it is used."""
    folder = tmp_path / "disk"
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=300k", "tmpfs", str(folder)], check=True)
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can mount a disk")
def test_a_full_disk_and_a_read_only_one_are_called_that(small_disk: Path) -> None:
    command = [sys.executable, "-m", "preheat"]
    environment = {**os.environ, "PREHEAT_HOME": str(small_disk)}

    def run(*arguments: str) -> str:
        done = subprocess.run([*command, *arguments], env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 1
        return done.stderr

    subprocess.run([*command, "config", "set", "port", "8080"], env=environment, check=True, capture_output=True)
    written = (small_disk / "config" / "settings.toml").read_bytes()
    with suppress(OSError), (small_disk / "filler").open("wb", buffering=0) as filler:
        while filler.write(b"x" * 4096):
            pass
    for arguments in (("config", "set", "port", "9090"), ("keys", "add", "laptop"), ("serve", "--port", "0")):
        said = run(*arguments)
        assert "No space left on device" in said
        assert "Free some space" in said
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    for arguments in (("config", "set", "port", "9090"), ("serve", "--port", "0")):
        said = run(*arguments)
        assert "Read-only file system" in said
        assert "is read-only" in said
    assert (small_disk / "config" / "settings.toml").read_bytes() == written
