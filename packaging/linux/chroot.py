"""A bare Debian in a folder, for the tests of the packages. Needs root."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tarfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import IO, Final

from setup_step import say

CACHE: Final = Path.home() / ".cache" / "preheat" / "chroots"
MIRROR: Final = "http://deb.debian.org/debian"
_PATH: Final = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_TIMEOUT_S: Final = 900.0
_END_S: Final = 20.0


class Chroot:
    """The system in ``root``."""

    def __init__(self, suite: str, root: Path) -> None:
        self.suite = suite
        self.root = root
        self.homes = {"root": "/root"}

    def add_user(self, name: str, home: str) -> None:
        """Add a user with this home."""
        self.run("useradd", "--create-home", "--home-dir", home, "--shell", "/bin/bash", name)
        self.homes[name] = home

    def inside(self, path: str) -> Path:
        """Return the path outside of a path inside."""
        return self.root / path.lstrip("/")

    def run(self, *command: str, user: str = "root", timeout_s: float = _TIMEOUT_S, code: int | None = 0) -> str:
        """Run a command and return what it prints, errors too.

        Raises:
            AssertionError: Its exit code is not ``code``.
        """
        done = subprocess.run(
            self._command(command, user),
            env=self._environ(user, {}),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            timeout=timeout_s,
            check=False,
        )
        if code is not None and done.returncode != code:
            raise AssertionError(f"{self.suite}: {' '.join(command)}: exit code {done.returncode}\n{done.stdout}")
        return done.stdout

    def start(
        self, *command: str, user: str, output: IO[bytes], environ: Mapping[str, str] | None = None
    ) -> subprocess.Popen[bytes]:
        """Start a command; its process id is the same inside and outside."""
        return subprocess.Popen(
            self._command(command, user),
            env=self._environ(user, environ or {}),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )

    def install(self, *packages: str) -> str:
        """Install packages, or files of packages, with only what they depend on."""
        return self.run("apt-get", "install", "--yes", "--no-install-recommends", "--allow-downgrades", *packages)

    def files(self) -> set[str]:
        """Return all files that are not of users: programs, configuration, state."""
        found = set()
        for top in ("bin", "etc", "lib", "opt", "run", "sbin", "srv", "usr", "var"):
            if (self.root / top).is_symlink():  # to a folder in /usr
                continue
            for folder, folders, names in os.walk(self.root / top):
                found |= {"/" + str((Path(folder) / name).relative_to(self.root)) for name in (*folders, *names)}
        return found

    def owned_files(self) -> set[str]:
        """Return all files of installed packages, as dpkg has them, under the paths of a merged ``/usr``."""
        lists = self.inside("/var/lib/dpkg/info").glob("*.list")
        owned = {line for file in lists for line in file.read_text(encoding="utf-8").splitlines()}
        return owned | {f"/usr{path}" for path in owned if path.startswith(("/bin/", "/lib", "/sbin/"))}

    def _command(self, command: Sequence[str], user: str) -> list[str]:
        names = self.inside("/etc/passwd").read_text(encoding="utf-8").splitlines()
        ids = next(line.split(":")[2:4] for line in names if line.startswith(f"{user}:"))
        inside = ["env", f"--chdir={self.homes[user]}", *command]
        return ["chroot", f"--userspec={':'.join(ids)}", "--groups=", str(self.root), *inside]

    def _environ(self, user: str, more: Mapping[str, str]) -> dict[str, str]:
        proxies = {name: value for name, value in os.environ.items() if name.lower().endswith("_proxy")}
        home = self.homes[user]
        return {
            **proxies,
            "PATH": _PATH if user == "root" else f"{home}/.local/bin:{_PATH}",
            "HOME": home,
            "USER": user,
            "LC_ALL": "C.UTF-8",
            "DEBIAN_FRONTEND": "noninteractive",
            **more,
        }


@contextmanager
def bare_debian(suite: str, folder: Path) -> Iterator[Chroot]:
    """Unpack a bare Debian into a new folder; at the end, end its processes and remove it."""
    root = folder / suite
    if root.exists():
        raise FileExistsError(f"{root} is left of another run: unmount what is in it, and remove it")
    root.mkdir(parents=True)
    with ExitStack() as stack:
        stack.callback(_remove, root)
        with tarfile.open(_archive(suite)) as archive:
            archive.extractall(root, filter="fully_trusted")
        downloads = CACHE / f"{suite}-packages"
        (downloads / "partial").mkdir(parents=True, exist_ok=True)
        screens = Path("/tmp/.X11-unix")
        screens.mkdir(mode=0o1777, exist_ok=True)
        for source, place in ((downloads, "var/cache/apt/archives"), (screens, "tmp/.X11-unix")):
            (root / place).mkdir(parents=True, exist_ok=True)
            _mount(stack, root / place, "--bind", str(source))
        _mount(stack, root / "proc", "-t", "proc", "proc")
        _mount(stack, root / "dev" / "shm", "-t", "tmpfs", "tmpfs")
        stack.callback(_end_processes, root)
        shutil.copy("/etc/resolv.conf", root / "etc" / "resolv.conf")
        # No service is started by the installation of a package.
        policy = root / "usr" / "sbin" / "policy-rc.d"
        policy.write_text("#!/bin/sh\nexit 101\n", encoding="utf-8")
        policy.chmod(0o755)
        (root / "etc/apt/apt.conf.d/90keep").write_text('Binary::apt-get::APT::Keep-Downloaded-Packages "true";\n')
        chroot = Chroot(suite, root)
        chroot.run("apt-get", "update")
        yield chroot


def _archive(suite: str) -> Path:
    """Return the archive of a bare system, made by debootstrap the first time."""
    archive = CACHE / f"{suite}-minbase.tar.gz"
    if not archive.exists():
        CACHE.mkdir(parents=True, exist_ok=True)
        say(f"fetching a bare Debian {suite} with debootstrap")
        root = CACHE / f"{suite}-new"
        shutil.rmtree(root, ignore_errors=True)
        subprocess.run(["debootstrap", "--variant=minbase", suite, str(root), MIRROR], check=True, capture_output=True)
        part = archive.with_suffix(".part")
        subprocess.run(["tar", "-C", str(root), "-czf", str(part), "."], check=True)
        part.rename(archive)
        shutil.rmtree(root)
    return archive


def _mount(stack: ExitStack, target: Path, *arguments: str) -> None:
    subprocess.run(["mount", *arguments, str(target)], check=True)
    stack.callback(subprocess.run, ["umount", "--lazy", str(target)], check=True)


def _processes(root: Path) -> list[int]:
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if (process / "root").readlink() == root:
                found.append(int(process.name))
    return found


def _end_processes(root: Path) -> None:
    """End what still runs in the folder, so that it can be unmounted."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        for process in _processes(root):
            with suppress(ProcessLookupError):
                os.kill(process, number)
        deadline = time.monotonic() + _END_S
        while _processes(root) and time.monotonic() < deadline:
            time.sleep(0.1)


def _remove(root: Path) -> None:
    mounts = Path("/proc/mounts").read_text(encoding="utf-8")
    if f" {root}/" in mounts:
        raise OSError(f"something is still mounted in {root}: it is not removed")
    shutil.rmtree(root)
