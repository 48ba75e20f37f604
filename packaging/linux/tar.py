"""Builds the archive that installs without root."""

from __future__ import annotations

import platform
import tarfile
import tempfile
from pathlib import Path

from linux.product import release_time
from linux.share import write, write_share
from linux.stage import SCRIPTS, copy_bundle, licence_text
from preheat._version import __version__

_README = """Preheat {version} for Linux on {machine}

  ./install.sh                installs to ~/.local, without root
  ./install.sh --prefix DIR   installs somewhere else
  preheat/preheat serve       starts it without an installation

~/.local/opt/preheat/uninstall.sh removes it again. The window needs the libraries of a desktop; preheat serve does not.
"""


def build_tar(bundle: Path, folder: Path, version: str = __version__) -> Path:
    """Build the archive of a bundle into a folder, and return its file."""
    machine = platform.machine()
    name = f"preheat-{version}-linux-{machine}"
    with tempfile.TemporaryDirectory(prefix="stage-", dir=folder) as stage:
        root = Path(stage) / name
        root.mkdir()
        copy_bundle(bundle, root / "preheat", "tar")
        write_share(root / "share", windows=True, compressed=False)
        placed = sorted(str(path.relative_to(root / "share")) for path in (root / "share").rglob("*") if path.is_file())
        # For uninstall.sh, which must not depend on the archive.
        write(root / "preheat" / "installed-files", "".join(f"{place}\n" for place in placed))
        for script in ("install.sh", "uninstall.sh"):
            text = (SCRIPTS / script).read_text(encoding="utf-8").replace("@MACHINE@", machine)
            write(root / script, text, 0o755)
        write(root / "LICENSE", licence_text())
        write(root / "README", _README.format(version=version, machine=machine))
        file = folder / f"{name}.tar.gz"
        with tarfile.open(file, "w:gz", compresslevel=6) as archive:
            archive.add(root, name, filter=_reproducible)
    return file


def _reproducible(entry: tarfile.TarInfo) -> tarfile.TarInfo:
    entry.uid = entry.gid = 0
    entry.uname = entry.gname = ""
    entry.mtime = int(release_time().timestamp())
    entry.mode = 0o755 if entry.isdir() or entry.mode & 0o100 else 0o644
    return entry
