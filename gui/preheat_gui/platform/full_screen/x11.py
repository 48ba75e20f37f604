"""The active window of an X display, by the conventions of window managers (EWMH)."""

from __future__ import annotations

import ctypes
from typing import Final, Protocol

from preheat_gui.platform.full_screen.program import Program

_LONGEST_WORDS: Final = 1024
_ANY_TYPE: Final = 0


class Display(Protocol):
    """What is asked of the X server."""

    root: int

    def atom(self, name: str) -> int:
        """Return the number of a name."""

    def property(self, window: int, name: str) -> bytes:
        """Return a window's property; empty if there is none."""


class X11:
    """Looks at the active window.

    Args:
        display: The display; by default the one of DISPLAY, if there is one.
    """

    def __init__(self, display: Display | None = None) -> None:
        self._display = display if display is not None else open_display()

    def find(self) -> Program | None:
        """Return the program whose window is active and fills the screen."""
        display = self._display
        if display is None:
            return None
        active = _numbers(display.property(display.root, "_NET_ACTIVE_WINDOW"))
        if not active or not active[0]:
            return None
        states = _numbers(display.property(active[0], "_NET_WM_STATE"))
        if display.atom("_NET_WM_STATE_FULLSCREEN") not in states:
            return None
        pids = _numbers(display.property(active[0], "_NET_WM_PID"))
        # The instance and the class, each with a null byte at its end.
        names = display.property(active[0], "WM_CLASS").decode("latin-1").split("\0")
        return Program(names[1] if len(names) > 1 else "", pids[0] if pids else None)


def _numbers(content: bytes) -> list[int]:
    return list(memoryview(content[: len(content) // 4 * 4]).cast("I"))


class _Cookie(ctypes.Structure):
    _fields_ = (("sequence", ctypes.c_uint),)


class _Screens(ctypes.Structure):
    """An iterator over screens; each begins with its root window."""

    _fields_ = (("data", ctypes.POINTER(ctypes.c_uint32)), ("rem", ctypes.c_int), ("index", ctypes.c_int))


class _XcbDisplay:
    """A connection by libxcb, which is kept. libX11 ends the process when the display does."""

    def __init__(self, xcb: ctypes.CDLL, connection: ctypes.c_void_p) -> None:
        self._xcb, self._libc, self._connection = xcb, ctypes.CDLL(None), connection
        self._atoms: dict[str, int] = {}
        xcb.xcb_get_setup.restype = ctypes.c_void_p
        xcb.xcb_setup_roots_iterator.restype = _Screens
        self.root: int = xcb.xcb_setup_roots_iterator(ctypes.c_void_p(xcb.xcb_get_setup(connection))).data[0]
        for request in ("xcb_intern_atom", "xcb_get_property"):
            getattr(xcb, request).restype = _Cookie
            getattr(xcb, f"{request}_reply").restype = ctypes.c_void_p
        xcb.xcb_get_property_value.restype = ctypes.c_void_p

    def atom(self, name: str) -> int:
        if name not in self._atoms:
            encoded = name.encode()
            cookie = self._xcb.xcb_intern_atom(
                self._connection, ctypes.c_uint8(0), ctypes.c_uint16(len(encoded)), encoded
            )
            reply = ctypes.c_void_p(self._xcb.xcb_intern_atom_reply(self._connection, cookie, None))
            if not reply:
                return 0
            self._atoms[name] = ctypes.c_uint32.from_address((reply.value or 0) + 8).value
            self._libc.free(reply)
        return self._atoms[name]

    def property(self, window: int, name: str) -> bytes:
        numbers = (ctypes.c_uint32(each) for each in (window, self.atom(name), _ANY_TYPE, 0, _LONGEST_WORDS))
        cookie = self._xcb.xcb_get_property(self._connection, ctypes.c_uint8(0), *numbers)
        reply = ctypes.c_void_p(self._xcb.xcb_get_property_reply(self._connection, cookie, None))
        if not reply:  # the window or the display is gone
            return b""
        size = self._xcb.xcb_get_property_value_length(reply)
        content = ctypes.string_at(self._xcb.xcb_get_property_value(reply), size) if size > 0 else b""
        self._libc.free(reply)
        return content


def open_display(name: str | None = None) -> Display | None:
    """Connect to a display, by default that of DISPLAY; None if there is none."""
    try:
        xcb = ctypes.CDLL("libxcb.so.1")
    except OSError:
        return None
    xcb.xcb_connect.restype = ctypes.c_void_p
    connection = ctypes.c_void_p(xcb.xcb_connect(None if name is None else name.encode(), None))
    if xcb.xcb_connection_has_error(connection):
        xcb.xcb_disconnect(connection)
        return None
    return _XcbDisplay(xcb, connection)
