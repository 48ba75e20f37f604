"""The check of ``preheat service``, under a manager of systemd for an ordinary user."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Final

from linux.checks import HOME, USER, Packages, add_user_with_models, install
from linux.chroot import Chroot

_SCRIPT: Final = Path(__file__).with_name("try_service.sh")
_TIMEOUT_S: Final = 900.0


def check_service(chroot: Chroot, packages: Packages) -> None:
    """preheat-server as a service of systemd: install, crash, upgrade, other options, quit, removal"""
    install(chroot, packages.server)
    chroot.install("systemd")
    add_user_with_models(chroot, packages)
    user = chroot.run("id", "-u", user=USER).strip()
    done = subprocess.run(
        ["sh", str(_SCRIPT), f"{HOME}/.local/share/preheat/models", "preheat"],
        env={**os.environ, "TRY_ROOT": str(chroot.root), "TRY_USER": user},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=_TIMEOUT_S,
        check=False,
    )
    packages.say(done.stdout)
    assert done.returncode == 0, f"the trial of the service has exit code {done.returncode}"
