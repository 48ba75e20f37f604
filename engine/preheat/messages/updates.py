"""Messages about newer versions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from preheat.messages.template import Template

TABLE: Final[Mapping[str, Template]] = {
    "no_update_address": Template(
        "This build has no address to check for newer versions",
        "Look where you got Preheat, or use your package manager",
    ),
    "update_check_failed": Template("It is unknown whether a newer version exists: {reason}", "Try again later"),
    "update_too_slow": Template("the answer took too long"),
    "update_too_large": Template("the answer is too large"),
    "update_encoded": Template("the answer is compressed"),
    "update_redirects": Template("there are too many redirects"),
    "update_not_https": Template("the address is not https"),
    "update_status": Template("the server answered with status {status}"),
    "update_deb": Template("Download the .deb from that page, then: sudo apt install ./FILE.deb"),
    "update_tar": Template("Download the .tar.gz from that page, unpack it and run install.sh again"),
    "update_nsis": Template("Run the new installer from that page, or: winget upgrade Preheat"),
    "update_dmg": Template("Replace the app with the one from the new .dmg, or: brew upgrade --cask preheat"),
    "update_docker": Template("Pull the new image and start the container again"),
    "update_pip": Template("pip install --upgrade preheat"),
    "update_pipx": Template("pipx upgrade preheat"),
    "update_uv": Template("uv tool upgrade preheat"),
    "update_source": Template("git pull, then make run"),
    "update_page": Template("Install the new version from that page"),
}
