"""The tray icon: Qt and its libraries, the desktop session, and a place for the icon in it."""

from __future__ import annotations

import importlib.util
import os
import platform
import sys
from collections.abc import Iterator
from pathlib import Path

from preheat.doctor.checks import desktop
from preheat.doctor.report import Finding, broken, good, to_do


def check_tray() -> Iterator[Finding]:
    """Check that the windows can start, and that this desktop has a place for the icon."""
    qt = _qt_folder()
    if qt is None or importlib.util.find_spec("preheat_gui") is None:
        yield good("doctor_no_windows_here")
        return
    if sys.platform != "linux":
        yield good("doctor_tray_system")
        return
    yield from _linux(desktop.missing_libraries(qt))


def _qt_folder() -> Path | None:
    """Return the folder of PySide6; None if it is not installed. Does not import it."""
    spec = importlib.util.find_spec("PySide6")
    folders = spec.submodule_search_locations if spec is not None else None
    return Path(next(iter(folders))) if folders else None


def _linux(missing: list[str]) -> Iterator[Finding]:
    wayland, display = os.environ.get("WAYLAND_DISPLAY"), os.environ.get("DISPLAY")
    if not wayland and not display:
        # A server needs no windows, nor their libraries.
        yield good(
            "doctor_no_desktop", details=[f"libraries that windows would need: {', '.join(missing)}"] * bool(missing)
        )
        return
    if missing:
        yield _missing(missing)
    session = " ".join(filter(None, (os.environ.get("XDG_CURRENT_DESKTOP"), "Wayland" if wayland else "X11")))
    hosts: list[str] = []
    bus = desktop.session_bus_has("org.kde.StatusNotifierWatcher")
    if bus:
        hosts.append("StatusNotifier (D-Bus)")
    owner = None if wayland and not display else desktop.x11_tray_owner()
    if owner:
        hosts.append("XEmbed (X11)")
    if hosts and (bus or not wayland):
        yield good("doctor_tray", session=session, hosts=hosts)
    elif bus is None and owner is None:
        yield to_do("doctor_desktop_unreachable", session=session)
    else:
        yield to_do("doctor_tray_missing", session=session)


def _missing(libraries: list[str]) -> Finding:
    try:
        release = platform.freedesktop_os_release()
    except OSError:
        release = {}
    if "debian" in (release.get("ID"), *release.get("ID_LIKE", "").split()):
        packages = " ".join(desktop.debian_packages(libraries))
        return broken("doctor_qt_libraries_debian", libraries=libraries, packages=packages)
    return broken("doctor_qt_libraries", libraries=libraries)
