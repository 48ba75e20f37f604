from __future__ import annotations

import os
import re
import stat
import subprocess
from collections.abc import Iterable
from pathlib import Path

import pytest

from linux.control import FULL, PACKAGES, SERVER, Package, changelog, control, copyright_file, extra_files, readme
from linux.needed import depends
from linux.product import debian_version
from linux.stage import SCRIPTS, copy_bundle
from setup_step import SetupError


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    """A folder like a bundle."""
    folder = tmp_path / "bundle"
    for place in ("_internal/PySide6/Qt/lib/libQt6Core.so.6", "_internal/preheat/x.pyc", "preheat", "preheat-tray"):
        (folder / place).parent.mkdir(parents=True, exist_ok=True)
        (folder / place).write_bytes(b"content")
    (folder / "_internal/libQt6Core.so.6").symlink_to("PySide6/Qt/lib/libQt6Core.so.6")
    (folder / "_internal/resources").mkdir()
    (folder / "_internal/resources/build.toml").write_text('package = "folder"\ncommit = "abc"\nupdate_url = ""\n')
    return folder


@pytest.mark.parametrize(
    ("version", "debian"),
    [("1.2.3", "1.2.3-1"), ("1.0rc1", "1.0~rc1-1"), ("1.0.dev2", "1.0~dev2-1"), ("0.0.9~test-1", "0.0.9~test-1")],
)
def test_prereleases_sort_before_their_release(version: str, debian: str) -> None:
    assert debian_version(version) == debian


@pytest.mark.parametrize("package", PACKAGES, ids=lambda package: package.name)
def test_control_has_the_fields_in_their_format(package: Package) -> None:
    text = control(package, ["libc6 (>= 2.35)", "libgomp1"], "amd64", 1234, "1.0-1")

    assert "Depends: libc6 (>= 2.35), libgomp1\n" in text
    assert f"Conflicts: {package.other}\n" in text
    assert all(re.match(r"[A-Z][A-Za-z-]+: \S|  ?\S", line) for line in text.splitlines())
    assert all(len(line) < 81 for line in text.partition("Description")[2].splitlines())
    assert "\n .\n" in text


def test_documents_name_the_package() -> None:
    assert changelog(SERVER, "1.0-1").startswith("preheat-server (1.0-1) ")
    assert "Permission is hereby granted" in copyright_file()
    assert "/etc/xdg/autostart" in readme(FULL)
    assert "/etc/xdg/autostart" not in readme(SERVER)
    assert extra_files(SERVER) == {}


def test_the_server_is_a_bundle_without_windows(bundle: Path, tmp_path: Path) -> None:
    target = tmp_path / "server"

    copy_bundle(bundle, target, "deb", windows=False)

    files = sorted(
        str(path.relative_to(target)) for path in target.rglob("*") if not path.is_dir() or path.is_symlink()
    )
    assert files == ["_internal/preheat/x.pyc", "_internal/resources/build.toml", "end-running", "preheat"]
    assert 'package = "deb"' in (target / "_internal/resources/build.toml").read_text()
    assert 'commit = "abc"' in (target / "_internal/resources/build.toml").read_text()
    assert 'package = "folder"' in (bundle / "_internal/resources/build.toml").read_text(), "the bundle has changed"


@pytest.fixture
def linked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a program that needs a library of the system, and one of its own."""

    def needed(files: Iterable[Path]) -> list[tuple[str, str]]:
        return [(file.name, library) for file in files for library in ("libgomp.so.1", "libown.so.1")]

    monkeypatch.setattr("linux.needed.needed", needed)
    (tmp_path / "program").write_bytes(b"\x7fELF")
    (tmp_path / "libown.so.1").touch()
    return tmp_path


def test_depends_follow_the_files(linked: Path) -> None:
    assert depends(linked) == ["libgomp1"]


def test_an_unknown_library_is_an_error(linked: Path) -> None:
    (linked / "libown.so.1").unlink()

    with pytest.raises(SetupError, match=r"libown\.so\.1 \(for program\)"):
        depends(linked)


def test_an_optional_plugin_needs_nothing(linked: Path) -> None:
    (linked / "program").rename(linked / "libqgtk3.so")

    assert depends(linked) == []


@pytest.mark.parametrize("script", ["prerm", "postinst", "postrm"])
def test_maintainer_scripts_refuse_unknown_calls(script: str) -> None:
    done = subprocess.run(["sh", SCRIPTS / script, "unheard-of"], capture_output=True, text=True, check=False)

    assert done.returncode == 1
    assert "unheard-of" in done.stderr


def test_purging_says_what_stays() -> None:
    done = subprocess.run(["sh", SCRIPTS / "postrm", "purge"], capture_output=True, text=True, check=True)

    assert "~/.local/share/preheat " in done.stdout


def test_scripts_are_programs() -> None:
    for script in SCRIPTS.iterdir():
        assert script.read_text().startswith("#!/bin/sh\n")
        assert os.stat(script).st_mode & stat.S_IXUSR  # noqa: PTH116
        subprocess.run(["sh", "-n", script], check=True)
