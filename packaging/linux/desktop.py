"""The desktop entry, the entry for start at login, and the AppStream metainfo.

Specifications: https://specifications.freedesktop.org/desktop-entry-spec/ and https://www.freedesktop.org/software/appstream/docs/
"""

from __future__ import annotations

from xml.etree import ElementTree as Xml

from linux.product import APP_ID, DESCRIPTION, DESKTOP_FILE, KEYWORDS, NAME, SUMMARY, release_time, urls
from preheat._version import __version__

_SCREENSHOTS = (
    ("overview-light.png", "The overview: memory, hit rate and the models that are ready"),
    ("models-light.png", "The models on disk, their state and their memory"),
    ("activity-light.png", "Requests, and what was loaded and why"),
)


def desktop_entry(command: str = "preheat-tray", try_command: str = "") -> str:
    """Return the desktop entry.

    Args:
        command: The command for ``Exec``, quoted as the specification demands.
        try_command: The program that must exist, by default ``command``.
    """
    return (
        "[Desktop Entry]\n"
        "Type=Application\n"
        "Name=Preheat\n"
        "GenericName=Local AI Models\n"
        f"Comment={SUMMARY}\n"
        "Comment[de]=Hält lokale KI-Modelle bereit\n"
        f"Exec={command}\n"
        f"TryExec={try_command or command}\n"
        "Icon=preheat\n"
        "Terminal=false\n"
        "Categories=Utility;\n"
        f"Keywords={';'.join(KEYWORDS)};\n"
        "StartupNotify=false\n"
        "X-GNOME-SingleWindow=true\n"
        f"StartupWMClass={DESKTOP_FILE}\n"
        "X-GNOME-UsesNotifications=true\n"
    )


def autostart_entry() -> str:
    """Return an entry for /etc/xdg/autostart, with which an administrator starts Preheat for all users."""
    return (
        "[Desktop Entry]\n"
        "Type=Application\n"
        "Name=Preheat\n"
        f"Comment={SUMMARY}\n"
        "Exec=/usr/bin/preheat-tray --login\n"
        "TryExec=/usr/bin/preheat-tray\n"
        "Icon=preheat\n"
        "Terminal=false\n"
        "X-GNOME-Autostart-enabled=true\n"
    )


def metainfo() -> str:
    """Return the AppStream metainfo, which software centres show."""
    addresses = urls()
    root = Xml.Element("component", type="desktop-application")
    _add(root, "id", APP_ID)
    _add(root, "metadata_license", "CC0-1.0")
    _add(root, "project_license", "MIT")
    _add(root, "name", "Preheat")
    _add(root, "summary", SUMMARY)
    description = _add(root, "description")
    for paragraph in DESCRIPTION:
        _add(description, "p", paragraph)
    _add(root, "launchable", f"{DESKTOP_FILE}.desktop", type="desktop-id")
    _add(root, "icon", NAME, type="stock")
    for kind, name in (("homepage", "Homepage"), ("bugtracker", "Issues"), ("vcs-browser", "Source")):
        _add(root, "url", addresses[name], type=kind)
    developer = _add(root, "developer", id=APP_ID.rpartition(".")[0])
    _add(developer, "name", "The Preheat authors")
    provides = _add(root, "provides")
    for binary in ("preheat", "preheat-tray"):
        _add(provides, "binary", binary)
    _add(_add(root, "categories"), "category", "Utility")
    keywords = _add(root, "keywords")
    for word in KEYWORDS:
        _add(keywords, "keyword", word)
    screenshots = _add(root, "screenshots")
    base = addresses["Source"].replace("//github.com/", "//raw.githubusercontent.com/")
    for place, (file, caption) in enumerate(_SCREENSHOTS):
        shot = _add(screenshots, "screenshot", **({"type": "default"} if place == 0 else {}))
        _add(shot, "caption", caption)
        _add(shot, "image", f"{base}/main/docs/screenshots/{file}", type="source")
    branding = _add(root, "branding")
    _add(branding, "color", "#fde68a", type="primary", scheme_preference="light")
    _add(branding, "color", "#78350f", type="primary", scheme_preference="dark")
    _add(root, "content_rating", type="oars-1.1")
    releases = _add(root, "releases")
    release = _add(releases, "release", version=__version__, date=release_time().date().isoformat())
    _add(_add(release, "description"), "p", f"Version {__version__}.")
    _add(release, "url", addresses["Changelog"], type="details")
    Xml.indent(root)
    text: str = Xml.tostring(root, encoding="unicode")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{text}\n'


def _add(parent: Xml.Element, tag: str, text: str = "", **attributes: str) -> Xml.Element:
    element = Xml.SubElement(parent, tag, attributes)
    element.text = text or None
    return element
