"""The control files of the Debian packages. Format: https://www.debian.org/doc/debian-policy/ch-controlfields.html"""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from email.utils import format_datetime
from typing import Final

from linux.desktop import autostart_entry
from linux.product import DESCRIPTION, MAINTAINER, release_time, urls
from linux.stage import licence_text


@dataclass(frozen=True, slots=True)
class Package:
    """One of the two packages. They have the same files in common, so that only one can be installed."""

    name: str
    other: str
    windows: bool
    summary: str
    note: str
    suggests: tuple[str, ...] = ()


FULL: Final = Package(
    name="preheat",
    other="preheat-server",
    windows=True,
    summary="keep local AI models ready, with an icon in the tray",
    note="This package contains the tray application and the command line. For machines without a desktop, there is "
    "preheat-server.",
    suggests=("libgtk-3-0",),
)
SERVER: Final = Package(
    name="preheat-server",
    other="preheat",
    windows=False,
    summary="keep local AI models ready, on machines without a desktop",
    note="This package contains the command line and the server, and needs no graphical libraries. The package preheat "
    "also has the tray application.",
)
PACKAGES: Final = (FULL, SERVER)
CERTIFICATES: Final = "ca-certificates"
"""Recommended: downloads and checks for updates trust the authorities of the system, and fail without them."""

VULKAN: Final = ("libvulkan1", "mesa-vulkan-drivers")
"""Recommended if the bundle has llama.cpp's library for it; without them, models run on the processor."""


def control(
    package: Package,
    depends: Sequence[str],
    architecture: str,
    installed_kib: int,
    version: str,
    recommends: Sequence[str] = (),
) -> str:
    """Return the file ``control``."""
    fields = {
        "Package": package.name,
        "Version": version,
        "Architecture": architecture,
        "Maintainer": MAINTAINER,
        "Installed-Size": str(installed_kib),
        "Depends": ", ".join(depends),
        "Recommends": ", ".join(recommends),
        "Suggests": ", ".join(package.suggests),
        "Conflicts": package.other,
        "Replaces": package.other,
        "Provides": package.other,
        "Section": "utils",
        "Priority": "optional",
        "Homepage": urls()["Homepage"],
        "Description": _description(package),
    }
    return "".join(f"{name}: {value}\n" for name, value in fields.items() if value)


def _description(package: Package) -> str:
    paragraphs = [*DESCRIPTION, package.note]
    filled = ["\n".join(f" {line}" for line in textwrap.wrap(paragraph, 78)) for paragraph in paragraphs]
    return package.summary + "\n" + "\n .\n".join(filled)


def changelog(package: Package, version: str) -> str:
    """Return Debian's changelog, which names the package's version and refers to the project's own."""
    return (
        f"{package.name} ({version}) stable; urgency=medium\n\n"
        "  * New release. For its changes, see changelog.gz.\n\n"
        f" -- {MAINTAINER}  {format_datetime(release_time())}\n"
    )


def copyright_file() -> str:
    """Return the file ``copyright``: Preheat's licence, and where those of its components are."""
    own = "".join(f" {line}\n" if line.strip() else " .\n" for line in licence_text().splitlines()[2:])
    source = urls()["Source"]
    return (
        "Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/\n"
        "Upstream-Name: Preheat\n"
        f"Source: {source}\n"
        "Comment: The package contains programs and libraries of others, built from\n"
        " their releases on PyPI. Their authors and licences, with the full texts,\n"
        " are in /usr/lib/preheat/_internal/resources/licences.txt.\n"
        "\n"
        "Files: *\n"
        "Copyright: 2026 The Preheat authors\n"
        "License: Expat\n"
        "\n"
        "License: Expat\n"
        f"{own}"
    )


def readme(package: Package) -> str:
    """Return README.Debian."""
    autostart = ""
    if package.windows:
        autostart = (
            "\nStart at login\n--------------\n\n"
            "Each user switches it on in Preheat's settings (Application, Start at login).\n"
            "To start Preheat for all users of a machine, copy the example:\n\n"
            "  cp /usr/share/doc/preheat/examples/preheat-autostart.desktop \\\n"
            "     /etc/xdg/autostart/preheat.desktop\n"
        )
    return (
        f"{package.name} for Debian\n{'=' * (len(package.name) + 11)}\n\n"
        "Service\n-------\n\n"
        "  preheat service install\n\n"
        "writes and starts a systemd unit of the user. It needs no root.\n"
        f"{autostart}\n"
        "Upgrades\n--------\n\n"
        "An upgrade ends all running copies of Preheat and starts them again: requests\n"
        "in progress get a minute, and the favourites are loaded again. The new process\n"
        "has the terminal, the environment and the systemd unit of the old one.\n\n"
        "Files\n-----\n\n"
        "The package has no files in /etc or /var. Removing or purging it leaves the\n"
        "users' settings and models; purging prints their places.\n"
    )


def extra_files(package: Package) -> dict[str, str]:
    """Return further files by their place below ``/usr/share``."""
    if not package.windows:
        return {}
    return {f"doc/{package.name}/examples/preheat-autostart.desktop": autostart_entry()}
