from __future__ import annotations

from configparser import ConfigParser
from pathlib import Path
from xml.etree import ElementTree as Xml

import pytest
from PySide6.QtGui import QImage

from linux.desktop import autostart_entry, desktop_entry, metainfo
from linux.icons import SIZES
from linux.man import preheat_page, tray_page
from linux.product import APP_ID, DESKTOP_FILE
from linux.share import COMPLETIONS, command_tree, write_share
from preheat._version import __version__
from preheat.cli.completion.tree import Command
from preheat_gui.app.start import make_application


@pytest.fixture(scope="module")
def tree() -> Command:
    return command_tree()


def entry(text: str) -> dict[str, str]:
    """Return the keys of a desktop file."""
    parser = ConfigParser(interpolation=None, delimiters=["="])
    parser.optionxform = str  # type: ignore[assignment,method-assign]  # keys have capitals
    parser.read_string(text)
    return dict(parser["Desktop Entry"])


def test_the_desktop_entry_is_that_of_the_application() -> None:
    found = entry(desktop_entry())

    assert found["StartupWMClass"] == DESKTOP_FILE
    assert f'setDesktopFileName("{DESKTOP_FILE}")' in Path(make_application.__code__.co_filename).read_text()
    assert found["Exec"] == "preheat-tray"
    assert entry(autostart_entry())["Exec"] == "/usr/bin/preheat-tray --login"


def test_the_metainfo_refers_to_the_desktop_entry() -> None:
    root = Xml.fromstring(metainfo())

    assert root.findtext("id") == APP_ID
    assert root.findtext("launchable") == f"{DESKTOP_FILE}.desktop"
    release = root.find("releases/release")
    assert release is not None
    assert release.get("version") == __version__
    urls = [image.text or "" for image in root.iterfind("screenshots/screenshot/image")]
    screenshots = Path(__file__).parents[3] / "docs" / "screenshots"
    assert all((screenshots / url.rpartition("/")[2]).is_file() for url in urls)


def test_the_manual_has_every_command_and_option(tree: Command) -> None:
    page = preheat_page(tree)

    for command in tree.walk():
        name = " ".join(("preheat", *command.path)).replace("-", "\\-")
        assert command.commands or f".SS {name}\n" in page
        for option in command.options:
            assert all(option_name.replace("-", "\\-") in page for option_name in option.names)


def test_the_manual_is_plain_roff(tree: Command) -> None:
    for page in (preheat_page(tree), tray_page()):
        lines = page.splitlines()
        assert lines[0].startswith(".TH PREHEAT")
        macros = {line.split()[0] for line in lines if line.startswith(".")}
        assert macros <= {".TH", ".SH", ".SS", ".TP", ".PP", ".B", ".BR", ".I", ".UR", ".UE", ".br"}
        assert not any(line.startswith("'") for line in lines)


def test_all_files_of_share(tmp_path: Path) -> None:
    write_share(tmp_path, windows=True, compressed=False)

    for place in COMPLETIONS.values():
        assert (tmp_path / place).read_text()
    for size in SIZES:
        image = QImage(str(tmp_path / "icons" / "hicolor" / f"{size}x{size}" / "apps" / "preheat.png"))
        assert image.width() == image.height() == size
        assert image.pixelColor(size // 2, size * 2 // 3).alpha() == 255, "the flame is not there"


def test_the_server_has_no_files_of_the_desktop(tmp_path: Path) -> None:
    write_share(tmp_path, windows=False, compressed=True)

    files = sorted(str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file())
    assert files == sorted(["man/man1/preheat.1.gz", *COMPLETIONS.values()])
