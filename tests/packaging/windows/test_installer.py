"""The generated parts of the installer for Windows: its lists of files, and what the script is compiled with."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

import pytest

from preheat.login_item.windows import RUN
from preheat_gui.platform import APP_ID
from project import Project
from setup_step import SetupError
from windows.installer import (
    MOST_CHARACTERS,
    PROGRAMS,
    SCRIPT,
    BundledFile,
    bundled_files,
    definitions,
    install_script,
    installed_kb,
    problems_of,
    remove_files_script,
    remove_folders_script,
)


def files(*names: str) -> list[BundledFile]:
    return [BundledFile(PurePosixPath(name), 600) for name in names]


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    for name in (*PROGRAMS, "_internal/a.txt", "_internal/odd $name/b.txt"):
        path = tmp_path / "bundle" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    return tmp_path / "bundle"


def test_every_file_of_a_bundle_is_written_and_deleted(bundle: Path) -> None:
    found = bundled_files(bundle)

    assert install_script(found, bundle).splitlines() == [
        'SetOutPath "$INSTDIR"',
        f'File "{bundle}/preheat-tray.exe"',
        f'File "{bundle}/preheat.exe"',
        'SetOutPath "$INSTDIR\\_internal"',
        f'File "{bundle}/_internal/a.txt"',
        'SetOutPath "$INSTDIR\\_internal\\odd $$name"',
        f'File "{bundle}/_internal/odd $name/b.txt"',
    ]
    assert remove_files_script(found).splitlines() == [
        'Delete "$INSTDIR\\_internal\\a.txt"',
        'Delete "$INSTDIR\\_internal\\odd $$name\\b.txt"',
        'Delete "$INSTDIR\\preheat-tray.exe"',
        'Delete "$INSTDIR\\preheat.exe"',
    ]
    assert remove_folders_script(found).splitlines() == [
        'RMDir "$INSTDIR\\_internal\\odd $$name"',
        'RMDir "$INSTDIR\\_internal"',
    ]


def test_a_folder_that_is_no_bundle_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match=r"preheat\.exe is missing"):
        bundled_files(tmp_path)


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("_internal/" + "x" * MOST_CHARACTERS, "longer than"),
        ("_internal/a:b", "no name on Windows"),
        ("_internal/dot./a", "no name on Windows"),
        ("Preheat.EXE", "one file on Windows"),
    ],
)
def test_names_that_windows_does_not_accept_are_found(name: str, problem: str) -> None:
    (found,) = problems_of(files(*PROGRAMS, name))

    assert problem in found


def test_size_is_rounded_up() -> None:
    assert installed_kb(files("a", "b")) == 2


def test_script_is_given_all_that_it_uses() -> None:
    project = Project("1.2.3rc1", "", "The authors", "MIT", "https://example.org", "https://example.org/issues")
    defined = definitions(project, 12, Path("/out.exe"), "x86-unicode")
    text = SCRIPT.read_text(encoding="utf-8")

    assert defined["WINDOWS_VERSION"] == "1.2.3.0"
    assert [name for name in defined if f"${{{name}}}" not in text] == []


def test_script_and_program_mean_the_same_login_item_and_identity() -> None:
    text = SCRIPT.read_text(encoding="utf-8")

    assert f'!define APP_ID "{APP_ID}"' in text
    assert f'!define CURRENT_VERSION "{RUN.rpartition(chr(92))[0]}"' in text
    assert '!define RUN_KEY "${CURRENT_VERSION}\\Run"' in text
    assert '!define APP "Preheat"' in text
