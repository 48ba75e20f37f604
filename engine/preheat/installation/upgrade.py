"""An upgrade of the installed files while Preheat runs. Linux.

A bundle reads its files lazily, so that a process must not continue after they were replaced. An installer therefore
creates the marker file, ends Preheat with SIGTERM, replaces the files, and removes the marker. A process that ends
while the marker exists becomes a shell that waits for its removal and starts Preheat again. The process id, the
terminal, the environment and the systemd unit stay the same.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from preheat.installation.commands import is_bundle

PACKAGE_MARKER: Final = Path("/run/preheat/upgrading")
"""The marker of Debian's package: only root can create it, and a restart of the computer removes it."""

_PACKAGE_FOLDER: Final = Path("/usr/lib/preheat")
_MOST_S: Final = 3600.0
"""Most time that an upgrade takes. An older marker is left of an installer that was killed."""

UPGRADE_GRACE_S: Final = 60.0
"""Least time for requests in progress; the installer waits longer (``packaging/linux/scripts/end-running``)."""

_WAIT: Final = """
marker=$1 delay=$2 waited=0
shift 2
while [ -e "$marker" ] && [ "$waited" -lt 7200 ]; do
    sleep 0.5
    waited=$((waited + 1))
done
sleep "$delay"
exec "$@"
"""


def upgrade_marker() -> Path | None:
    """Return the path of this installation's marker file; None if it is no bundle on Linux."""
    if not is_bundle() or not sys.platform.startswith("linux"):
        return None
    folder = Path(sys.executable).parent
    return PACKAGE_MARKER if folder == _PACKAGE_FOLDER else folder.with_name(f"{folder.name}.upgrading")


def upgrade_runs() -> bool:
    """Return whether an installer replaces, or is about to replace, the files of this installation."""
    marker = upgrade_marker()
    return marker is not None and _is_fresh(marker)


def _is_fresh(marker: Path) -> bool:
    try:
        return abs(time.time() - marker.stat().st_mtime) < _MOST_S
    except OSError:
        return False


def ending_grace(grace_s: float) -> float:
    """Return the time for requests in progress, in seconds: the setting, or more for an upgrade."""
    return max(grace_s, UPGRADE_GRACE_S) if upgrade_runs() else grace_s


def start_after_upgrade(command: Sequence[str], marker: Path | None = None, *, delay_s: float = 0.0) -> None:
    """Replace this process by one that waits for the end of an upgrade and runs a command; return if there is none.

    Main thread, at the very end: neither ``finally`` blocks nor exit handlers run.

    Args:
        command: One of this installation's own commands.
        delay_s: More time to wait, for a command that depends on another one.
    """
    marker = marker or upgrade_marker()
    if marker is None or not _is_fresh(marker):
        return
    sys.stdout.flush()
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # Python ignores it, which programs inherit
    os.execv("/bin/sh", ["sh", "-c", _WAIT, "preheat-upgrade", str(marker), str(delay_s), *command])
