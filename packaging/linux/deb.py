"""Builds the Debian packages with dpkg-deb."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Final

from linux.control import (
    CERTIFICATES,
    PACKAGES,
    VULKAN,
    Package,
    changelog,
    control,
    copyright_file,
    extra_files,
    readme,
)
from linux.needed import depends
from linux.product import ROOT, debian_architecture, debian_version, release_time
from linux.share import write, write_gzip, write_share
from linux.stage import SCRIPTS, copy_bundle

_MAINTAINER_SCRIPTS: Final = ("prerm", "postinst", "postrm")
_OVERRIDES: Final = Path(__file__).with_name("lintian-overrides")


def build_debs(bundle: Path, folder: Path, version: str = "", *, compression: str = "xz") -> list[Path]:
    """Build both packages of a bundle into a folder, and return their files.

    Args:
        version: Debian's version of the packages, by default that of this source tree.
        compression: Of dpkg-deb; ``xz`` takes minutes, ``none`` seconds.

    Raises:
        SetupError: A library of the bundle is in no known package.
    """
    return [_build(package, bundle, folder, version or debian_version(), compression) for package in PACKAGES]


def _build(package: Package, bundle: Path, folder: Path, version: str, compression: str) -> Path:
    architecture = debian_architecture()
    with tempfile.TemporaryDirectory(prefix="stage-", dir=folder) as stage:
        root = Path(stage) / package.name
        _fill(root, package, bundle, version)
        for path in root.rglob("*"):
            if not path.is_symlink():
                path.chmod(0o755 if path.is_dir() or _is_program(path) else 0o644)
        installed_kib = sum(-(-path.lstat().st_size // 1024) for path in root.rglob("*"))
        program = root / "usr" / "lib" / "preheat"
        recommends = (CERTIFICATES, *(VULKAN if list(program.rglob("libggml-vulkan*")) else ()))
        text = control(package, depends(program), architecture, installed_kib, version, recommends)
        write(root / "DEBIAN" / "control", text)
        write(root / "DEBIAN" / "md5sums", _md5sums(root))
        for name in _MAINTAINER_SCRIPTS:
            shutil.copy(SCRIPTS / name, root / "DEBIAN" / name)
        file = folder / f"{package.name}_{version}_{architecture}.deb"
        environ = {"PATH": "/usr/bin:/bin", "SOURCE_DATE_EPOCH": str(int(release_time().timestamp()))}
        command = ["dpkg-deb", "--root-owner-group", f"-Z{compression}", "--build", str(root), str(file)]
        subprocess.run(command, check=True, env=environ, stdout=subprocess.DEVNULL)
        return file


def _fill(root: Path, package: Package, bundle: Path, version: str) -> None:
    """Write what the package installs."""
    root.mkdir(mode=0o755)
    copy_bundle(bundle, root / "usr" / "lib" / "preheat", "deb", windows=package.windows)
    programs = ("preheat", "preheat-tray") if package.windows else ("preheat",)
    (root / "usr" / "bin").mkdir(parents=True)
    for name in programs:
        (root / "usr" / "bin" / name).symlink_to(f"../lib/preheat/{name}")
    share = root / "usr" / "share"
    write_share(share, windows=package.windows, compressed=True)
    documents = share / "doc" / package.name
    write(documents / "copyright", copyright_file())
    write(documents / "README.Debian", readme(package))
    write_gzip(documents / "changelog.Debian.gz", changelog(package, version))
    news = ROOT / "CHANGELOG.md"
    if news.exists():
        write_gzip(documents / "changelog.gz", news.read_text(encoding="utf-8"))
    for place, text in extra_files(package).items():
        write(share / place, text)
    overrides = [line.format(package=package.name) for line in _OVERRIDES.read_text(encoding="utf-8").splitlines(True)]
    write(share / "lintian" / "overrides" / package.name, "".join(overrides))


def _is_program(path: Path) -> bool:
    return bool(path.stat().st_mode & 0o100) and ".so" not in path.name


def _md5sums(root: Path) -> str:
    files = sorted(path for path in (root / "usr").rglob("*") if path.is_file() and not path.is_symlink())
    return "".join(f"{hashlib.md5(path.read_bytes()).hexdigest()}  {path.relative_to(root)}\n" for path in files)
