"""The checks of the packages, each in a bare Debian of its own."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import tarfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from linux.chroot import Chroot
from linux.running import CHAT, RunningPreheat, is_running, program, running, started, wait_for
from setup.starter_models import STARTER_MODELS, ensure_all
from virtual_screen import Screen, virtual_screen

USER: Final = "tester"
HOME: Final = "/home/test user"
"""With a space, which scripts must handle."""

_ELSEWHERE: Final = re.compile(
    r"/var/(cache|log|lib/(apt|dpkg|systemd))(/|$)|/etc/(ld\.so\.cache|machine-id|passwd|group|shadow|gshadow|subuid|subgid)-?$"
    r"|/run/(lock|mount|user)|/usr/share/mime/|/var/lib/(dbus|ucf|polkit-1)|__pycache__|/usr/lib/.*gdk-pixbuf|^/etc/fonts/|^/usr/local/share/fonts"
)
"""What packages of others write without owning it."""


@dataclass(frozen=True)
class Packages:
    """The packages to check, and where results go."""

    full: Path
    server: Path
    tar: Path
    old: Path  # the full one, with a lower version
    pictures: Path
    scratch: Path
    say: Callable[[str], None]


def check_server(chroot: Chroot, packages: Packages) -> None:
    """preheat-server without graphical libraries: serve, chat, embedding, doctor, service, removal"""
    before = chroot.files()
    install(chroot, packages.server)
    graphical = [name for name in ("libGL.so.1", "libX11.so.6", "libxcb.so.1") if list_libraries(chroot, name)]
    assert not graphical, f"graphical libraries are installed: {graphical}"
    add_user_with_models(chroot, packages)
    packages.say(chroot.run("preheat", "version", user=USER).strip())
    begin = time.monotonic()
    with started(chroot, USER, "preheat", "serve", "--port", "0", log=log_file(packages, chroot)) as preheat:
        packages.say(f"serve: port after {time.monotonic() - begin:.2f} s, in a chroot on a busy machine")
        serve_both(preheat, packages)
        size = sum(
            file.stat().st_size for file in chroot.inside("/usr/lib/preheat").rglob("*") if not file.is_symlink()
        )
        packages.say(f"installed: {size / 1e6:.0f} MB")
        for command in (("doctor",), ("service", "status")):
            packages.say(f"preheat {' '.join(command)}:\n{chroot.run('preheat', *command, user=USER, code=None)}")
    check_failures(chroot, packages)
    assert "Install the package preheat" in chroot.run("preheat", "tray", user=USER, code=1), "the remedy is wrong"
    remove(chroot, "preheat-server", before, packages)


def check_failures(chroot: Chroot, packages: Packages) -> None:
    """Abort an upgrade: Preheat comes back. Then stop its process, as if it hung: it is killed."""
    scripts = "/var/lib/dpkg/info/preheat-server"
    log = log_file(packages, chroot)
    with started(chroot, USER, "preheat", "serve", "--port", "0", log=log) as preheat:
        now = time.time()
        chroot.run(f"{scripts}.prerm", "upgrade", "99")
        assert program(preheat.pid) != "preheat", "Preheat does not wait for the end of the upgrade"
        chroot.run(f"{scripts}.postinst", "abort-upgrade", "99")
        assert running(chroot, USER, not_before=now).pid == preheat.pid
        os.kill(preheat.pid, signal.SIGSTOP)
        said = chroot.run("/usr/lib/preheat/end-running", "/usr/lib/preheat", "1")
        assert "was killed" in said, said
        wait_for("the end of a process that hangs", lambda: not is_running(preheat.pid))
    packages.say("an aborted upgrade brings Preheat back; a process that hangs is killed")


def check_tray(chroot: Chroot, packages: Packages) -> None:
    """preheat: tray with a preloaded model, upgrade while a request is streaming, removal while it runs, purge"""
    before = chroot.files()
    install(chroot, packages.old)
    add_user_with_models(chroot, packages)
    chroot.run("preheat", "favourite", CHAT, user=USER)
    log = log_file(packages, chroot)
    with virtual_screen() as screen:
        environ = {
            name: screen.environment[name] for name in ("DISPLAY", "DBUS_SESSION_BUS_ADDRESS", "QT_QPA_PLATFORM")
        }
        begin = time.monotonic()
        with started(chroot, USER, "preheat-tray", "--login", "--set", "port=0", log=log, **environ) as preheat:
            wait_for("an icon in the tray", screen.tray_icons)
            packages.say(f"tray: port and icon after {time.monotonic() - begin:.2f} s, in a chroot on a busy machine")
            wait_for("the favourite", lambda: preheat.state(CHAT) == "hot")
            serve_both(preheat, packages)
            take_pictures(screen, preheat.pid, packages, f"installed-{chroot.suite}")
            preheat = upgrade_while_streaming(chroot, preheat, packages, lambda: install(chroot, packages.full))
            wait_for("the icon after the upgrade", screen.tray_icons)
            take_pictures(screen, preheat.pid, packages, f"upgraded-{chroot.suite}")
            remove(chroot, "preheat", before, packages)
            wait_for("the end of Preheat after its removal", lambda: not is_running(preheat.pid))
    assert chroot.inside(f"{HOME}/.local/share/preheat/models/SmolLM2-135M-Instruct.Q4_1.gguf").is_file()


def check_tar(chroot: Chroot, packages: Packages) -> None:
    """the archive, without root, in a home with a space: install, serve, upgrade while streaming, remove"""
    depends = field(packages.server, "Depends")
    chroot.install(*re.findall(r"(?:^|, )([^ ,]+)", depends))
    add_user_with_models(chroot, packages)
    with tarfile.open(packages.tar) as archive:
        archive.extractall(chroot.inside("/tmp"), filter="fully_trusted")
    unpacked = f"/tmp/{packages.tar.name.removesuffix('.tar.gz')}"
    before = user_files(chroot)
    packages.say(chroot.run(f"{unpacked}/install.sh", user=USER))
    log = log_file(packages, chroot)
    with started(chroot, USER, "preheat", "serve", "--port", "0", log=log) as preheat:
        chroot.run("preheat", "favourite", CHAT, user=USER)
        wait_for("the favourite", lambda: preheat.state(CHAT) == "hot")
        serve_both(preheat, packages)
        upgrade_while_streaming(
            chroot, preheat, packages, lambda: chroot.run(f"{unpacked}/install.sh", user=USER), serve=True
        )
        packages.say(chroot.run(f"{HOME}/.local/opt/preheat/uninstall.sh", user=USER))
    left = {
        path for path in user_files(chroot) - before if not re.search(r"(^|/)(preheat|\.cache|\.config)(/|$)", path)
    }
    assert not left, f"uninstall.sh has left: {sorted(left)}"
    packages.say("after uninstall.sh, only the user's data is left")
    chroot.run(f"{unpacked}/install.sh", "--prefix", f"{HOME}/other place", user=USER)
    answer = chroot.run(f"{HOME}/other place/opt/preheat/uninstall.sh", "--purge", user=USER, code=1)
    assert "Nothing was removed" in answer, answer
    assert chroot.inside(f"{HOME}/.local/share/preheat").exists()
    chroot.run(f"{HOME}/other place/opt/preheat/uninstall.sh", "--purge", "--yes", user=USER)
    assert not chroot.inside(f"{HOME}/.local/share/preheat").exists()
    assert not chroot.inside(f"{HOME}/other place/opt").exists()


def install(chroot: Chroot, package: Path) -> None:
    """Install a package from its file, as a person does."""
    target = chroot.inside(f"/root/{package.name}")
    shutil.copy(package, target)
    chroot.install(f"/root/{package.name}")
    target.unlink()


def add_user_with_models(chroot: Chroot, packages: Packages) -> None:
    """Add a user who has the starter models."""
    models = packages.scratch / "models"
    if not models.exists():
        models.mkdir()
        for model in STARTER_MODELS:
            own = Path.home() / ".local" / "share" / "preheat" / "models" / model.file_name
            if own.is_file():
                shutil.copy(own, models)
        ensure_all(models)
    chroot.add_user(USER, HOME)
    target = chroot.inside(f"{HOME}/.local/share/preheat/models")
    shutil.copytree(models, target)
    chroot.run("chown", "-R", f"{USER}:", f"{HOME}/.local")


def serve_both(preheat: RunningPreheat, packages: Packages) -> None:
    """Get a chat and an embedding."""
    begin = time.monotonic()
    text = preheat.chat("Say hello.")
    assert text.strip(), "the chat's answer is empty"
    chat_s = time.monotonic() - begin
    vector = preheat.embed("hello")
    assert len(vector) == 384, f"the embedding has {len(vector)} values"
    packages.say(f"chat: {text!r} in {chat_s:.1f} s; embedding: {len(vector)} values")


def upgrade_while_streaming(
    chroot: Chroot, preheat: RunningPreheat, packages: Packages, upgrade: Callable[[], object], *, serve: bool = False
) -> RunningPreheat:
    """Upgrade while a request is streaming: it must complete, and Preheat come back with its favourite."""
    stream = preheat.stream("Tell a long story about a river.", 200)
    begin = time.monotonic()
    now = time.time()
    upgrade()
    took_s = time.monotonic() - begin
    ending = stream.finish()
    assert ending in ("length", "stop"), f"the request during the upgrade: {ending}"
    back = running(chroot, USER, not_before=now)
    assert back.pid == preheat.pid, "another process has come back"
    assert program(back.pid) == ("preheat" if serve else "preheat-tray")
    wait_for("the favourite after the upgrade", lambda: back.state(CHAT) == "hot")
    back_s = time.monotonic() - begin
    packages.say(
        f"upgrade: {took_s:.1f} s; a stream of {stream.tokens} tokens completed ({ending}); "
        f"hot again {back_s:.1f} s after its begin"
    )
    return back


def take_pictures(screen: Screen, pid: int, packages: Packages, name: str) -> None:
    """Take pictures of the overview and of the tray's menu."""
    icon = wait_for("an icon in the tray", screen.tray_icons)[0]
    before = screen.popups(pid)
    screen.click(*icon.middle)
    window = wait_for("the dashboard", lambda: screen.windows("Preheat"))[0]
    shown = ["xprop", "-id", window, "WM_CLASS"]
    kind = subprocess.run(shown, env=dict(screen.environment), capture_output=True, text=True, check=True).stdout
    assert '"preheat"' in kind, f"StartupWMClass is not the window's: {kind}"
    time.sleep(2)  # the picture only: fonts and figures
    screen.picture(packages.pictures / f"{name}-overview.png")
    screen.click(*icon.middle, button=3)
    wait_for("the menu", lambda: screen.popups(pid) - before)
    time.sleep(1)
    screen.picture(packages.pictures / f"{name}-menu.png")
    screen.key("Escape")


def remove(chroot: Chroot, name: str, before: set[str], packages: Packages) -> None:
    """Remove and purge a package: nothing of it may stay outside of homes."""
    chroot.run("apt-get", "remove", "--yes", name)
    left = left_over(chroot, before)
    assert not left, f"removing {name} has left {left[:20]}"
    purged = chroot.run("apt-get", "purge", "--yes", name)
    assert "~/.local/share/preheat" in purged, f"purge does not say what it leaves:\n{purged}"
    assert not left_over(chroot, before)
    assert "preheat" not in chroot.run("dpkg", "--list")
    packages.say(f"{name}: removed and purged, nothing left outside of homes")


def left_over(chroot: Chroot, before: set[str]) -> list[str]:
    """Return files outside of homes that are new, and of no package."""
    new = chroot.files() - before - chroot.owned_files()
    return sorted(path for path in new if not _ELSEWHERE.search(path))


def user_files(chroot: Chroot) -> set[str]:
    """Return the files in the user's home."""
    home = chroot.inside(HOME)
    return {str(path.relative_to(home)) for path in home.rglob("*")}


def list_libraries(chroot: Chroot, name: str) -> list[Path]:
    """Return the system's copies of a library."""
    return list(chroot.inside("/usr/lib").glob(f"*-linux-gnu/{name}"))


def field(package: Path, name: str) -> str:
    """Return a field of a package's control file."""
    command = ["dpkg-deb", "--field", str(package), name]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def log_file(packages: Packages, chroot: Chroot) -> Path:
    """Return the file for the output of Preheat."""
    return packages.scratch / f"output-{chroot.suite}.log"
