"""The programs' resources on Windows and macOS."""

from __future__ import annotations

import plistlib
from pathlib import Path

import pytest

from bundle.foreign import (
    DESCRIPTIONS,
    application_options,
    finish_application,
    program_options,
    resources_folder,
)
from project import read_project


@pytest.mark.parametrize("name", DESCRIPTIONS)
def test_programs_of_windows_have_a_version_and_an_icon(tmp_path: Path, name: str) -> None:
    options = program_options(name, tmp_path, "win32")
    text = Path(options["version"]).read_text(encoding="utf-8")

    compile(text, "version", "eval")
    assert f"'OriginalFilename', '{name}.exe'" in text
    assert f"'ProductVersion', '{read_project().version}'" in text
    assert options["icon"].endswith(".ico")


def test_programs_of_other_systems_have_neither(tmp_path: Path) -> None:
    assert program_options("preheat", tmp_path, "linux") == {}


def test_application_of_macos_is_one_of_the_menu_bar() -> None:
    entries = plistlib.loads(plistlib.dumps(application_options()["info_plist"]))

    assert entries["LSUIElement"] is True
    assert entries["CFBundleExecutable"] == "preheat-tray"
    assert entries["CFBundleShortVersionString"] == read_project().version


def test_application_gets_what_was_written_after_it_was_copied(tmp_path: Path) -> None:
    bundle = tmp_path / "preheat"
    written = resources_folder(bundle, "linux")
    written.mkdir(parents=True)
    for name in ("build.toml", "licences.txt"):
        (written / name).write_text(name)
    resources_folder(bundle, "darwin").mkdir(parents=True)

    finish_application(bundle)
    finish_application(bundle)

    contents = tmp_path / "Preheat.app" / "Contents"
    assert (contents / "Resources" / "resources" / "build.toml").read_text() == "build.toml"
    assert (contents / "Frameworks" / "llama_cpp" / "lib" / "SHA256SUMS").read_text() == ""
