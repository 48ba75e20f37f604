"""Helpers of the set-up scripts: an error with a remedy, commands, pip, SHA-256, and atomic files.

Uses only the standard library, since these scripts run before anything is installed.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

PART_SUFFIX = ".part"
STALE_PART_S = 3600.0
"""Age of a part left by a process that died, in seconds; no file takes this long to write."""

ERROR_LINES = 20


class SetupError(Exception):
    """A set-up step failed; ``remedy`` says what to do."""

    def __init__(self, title: str, *, remedy: str) -> None:
        super().__init__(f"{title}\n  {remedy}")


def say(message: str) -> None:
    """Print a line of progress."""
    print(f"preheat: {message}", flush=True)


def exit_code_of(step: Callable[[], object]) -> int:
    """Run a script's step and return its exit code; prints expected failures without a traceback."""
    try:
        step()
    except (SetupError, OSError) as error:
        print(f"preheat: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130  # as a shell reports SIGINT
    return 0


def run(
    command: Sequence[str],
    what: str,
    remedy: str,
    *,
    environ: Mapping[str, str] | None = None,
    folder: Path | None = None,
) -> None:
    """Run a command, in a folder if one is given, and keep its output to itself.

    Raises:
        SetupError: It failed; contains the last lines of its output.
    """
    done = subprocess.run(
        command,
        env=environ,
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
        check=False,
    )
    if done.returncode:
        said = "\n  ".join(done.stdout.strip().splitlines()[-ERROR_LINES:])
        raise SetupError(f"{what} failed with exit code {done.returncode}:\n  {said}", remedy=remedy)


def pip(arguments: Sequence[str], *, environ: Mapping[str, str] | None = None) -> None:
    """Run this interpreter's pip quietly.

    Raises:
        SetupError: pip failed.
    """
    run(
        [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check", "--no-input", *arguments],
        f"pip {arguments[0]}",
        "Check the network and pip's configuration (`pip config list`), then run the same command again.",
        environ=environ,
    )


def sha256(path: Path) -> str:
    """Return the SHA-256 of a file in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@contextlib.contextmanager
def whole_file(target: Path) -> Iterator[Path]:
    """Yield a temporary path in the target's folder, and rename it to ``target`` on success.

    If the body raises, the target is unchanged and nothing else is left. Parts left by killed processes are removed.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    _remove_stale_parts(target)
    handle, name = tempfile.mkstemp(prefix=f".{target.name}.", suffix=PART_SUFFIX, dir=target.parent)
    os.close(handle)
    part = Path(name)
    try:
        yield part
        # mkstemp creates private files; ordinary ones follow the umask.
        part.chmod(0o666 & ~_umask())
        _flush_to_disk(part)
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)


def _umask() -> int:
    mask = os.umask(0o022)
    os.umask(mask)
    return mask


def _flush_to_disk(path: Path) -> None:
    # Without this, the file may be empty after a power failure.
    with path.open("rb+") as file:
        os.fsync(file.fileno())


def _remove_stale_parts(target: Path) -> None:
    for part in target.parent.glob(f".{target.name}.*{PART_SUFFIX}"):
        with contextlib.suppress(FileNotFoundError):  # another process may remove it first
            if time.time() - part.stat().st_mtime > STALE_PART_S:
                part.unlink()
