"""Asks the Linux desktop, without Qt: D-Bus names, X11 selections, and libraries that the loader does not find."""

from __future__ import annotations

import ctypes
import os
import re
import subprocess
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Final

_ASK_S: Final = 1.0
_LDD_S: Final = 3.0
_QT_LIBRARIES: Final = ("QtWidgets.abi3.so", "QtDBus.abi3.so", "Qt/plugins/platforms/libqxcb.so")
_MISSING: Final = re.compile(r"^\s*(\S+) => not found|Error loading shared library ([^:]+):", re.MULTILINE)


def missing_libraries(qt: Path) -> list[str]:
    """Return the libraries that Qt needs and the system lacks, by file name; none if that cannot be found out.

    Args:
        qt: The folder of PySide6.
    """
    files = [str(qt / name) for name in _QT_LIBRARIES if (qt / name).is_file()]
    if not files:
        return []
    with suppress(OSError, subprocess.TimeoutExpired):
        run = subprocess.run(["ldd", *files], capture_output=True, timeout=_LDD_S, check=False)
        found = _MISSING.findall((run.stdout + run.stderr).decode(errors="replace"))
        return sorted({first or second for first, second in found})
    return []


def debian_packages(libraries: Iterable[str]) -> list[str]:
    """Return the Debian packages of libraries, named by Debian's policy: libdbus-1-3 has ``libdbus-1.so.3``."""
    packages = set()
    for library in libraries:
        name, _, version = library.lower().partition(".so.")
        if name.startswith(("libglib-", "libgthread-")):
            name = "libglib2.0"
        packages.add(f"{name}{'-' if name[-1:].isdigit() else ''}{version}")
    return sorted(packages)


def session_bus_has(name: str) -> bool | None:
    """Return whether a program on the session's D-Bus has this name; None if the bus does not answer."""
    from jeepney import DBusAddress, new_method_call
    from jeepney.io.blocking import open_dbus_connection

    address = os.environ.get("DBUS_SESSION_BUS_ADDRESS") or f"unix:path={os.environ.get('XDG_RUNTIME_DIR', '')}/bus"
    bus = DBusAddress("/org/freedesktop/DBus", "org.freedesktop.DBus", "org.freedesktop.DBus")
    try:
        with open_dbus_connection(address, auth_timeout=_ASK_S) as connection:
            question = new_method_call(bus, "NameHasOwner", "s", (name,))
            return bool(connection.send_and_get_reply(question, timeout=_ASK_S).body[0])
    except (OSError, ValueError, LookupError, RuntimeError):  # of the address, the socket, or the protocol
        return None


class _Cookie(ctypes.Structure):
    _fields_ = (("sequence", ctypes.c_uint),)


class _Reply(ctypes.Structure):
    """The head of a reply and its first value, which is an atom or a window here."""

    _fields_ = (("head", ctypes.c_uint8 * 8), ("value", ctypes.c_uint32))


def x11_tray_owner() -> int | None:
    """Return the window that shows icons by XEmbed; 0 if there is none, None if the display does not answer.

    libxcb, not libX11: that one ends the process when the display does.
    """
    try:
        xcb, libc = ctypes.CDLL("libxcb.so.1"), ctypes.CDLL(None)
    except OSError:
        return None
    screen = ctypes.c_int()
    xcb.xcb_connect.restype = ctypes.c_void_p
    connection = ctypes.c_void_p(xcb.xcb_connect(None, ctypes.byref(screen)))
    try:
        if xcb.xcb_connection_has_error(connection):
            return None
        name = f"_NET_SYSTEM_TRAY_S{screen.value}".encode()
        atom = _value(xcb, libc, connection, "xcb_intern_atom", ctypes.c_uint8(0), ctypes.c_uint16(len(name)), name)
        return _value(xcb, libc, connection, "xcb_get_selection_owner", ctypes.c_uint32(atom or 0))
    finally:
        xcb.xcb_disconnect(connection)


def _value(
    xcb: ctypes.CDLL, libc: ctypes.CDLL, connection: ctypes.c_void_p, request: str, *arguments: object
) -> int | None:
    """Send a request and return the value in its reply."""
    send, reply_of = getattr(xcb, request), getattr(xcb, f"{request}_reply")
    send.restype, reply_of.restype = _Cookie, ctypes.POINTER(_Reply)
    reply = reply_of(connection, send(connection, *arguments), None)
    if not reply:
        return None
    value = int(reply.contents.value)
    libc.free(reply)
    return value
