"""What is in the bundle, and what is left out. ``preheat.spec`` and the checks use it."""

from __future__ import annotations

import importlib.metadata
import re
import sys
from collections.abc import Iterable
from importlib.metadata import Distribution
from pathlib import Path, PurePosixPath
from typing import Final, TypeAlias

Entry: TypeAlias = tuple[str, str, str]
"""PyInstaller's: the name in the bundle, the source, and the kind."""

HIDDEN_IMPORTS: Final = (
    "llama_cpp.llama_cpp",
    "llama_cpp.mtmd_cpp",
    # What ``settings/hub_token.py`` imports by name.
    "keyring",
    f"keyring.backends.{ {'darwin': 'macOS', 'win32': 'Windows'}.get(sys.platform, 'SecretService') }",
)
EXCLUDED_MODULES: Final = (
    "IPython",
    "PIL",
    "_tkinter",
    "hf_xet",  # downloads use HTTP ranges
    "lib2to3",
    "llama_cpp.llama",
    "llama_cpp.server",
    "numpy.f2py",
    "numpy.testing",
    "pkg_resources",
    "pydantic.v1",
    "pydoc_data",
    "pytest",
    "readline",  # GPL
    "setuptools",
    "tkinter",
    "yaml._yaml",  # the pure Python parser is enough for what huggingface-hub reads
)

_SYSTEM_LIBRARIES: Final = re.compile(
    r"""(?x)
    lib( X | xcb | xkb | GL | EGL | OpenGL | drm | gbm | vulkan | wayland- | fontconfig | freetype | dbus-1 | atspi
    | atk | cairo | gdk | gtk | g(lib|object|io|module|thread)-2 | pango | harfbuzz | epoxy | fribidi | graphite2
    | pixman | png16 | jpeg | tiff | webp | thai | datrie | mount | blkid | selinux | pcre | systemd | cap | gcrypt
    | gpg-error | lz4 | bsd | md | gssapi | krb5 | k5crypto | com_err | keyutils | resolv | brotli | cups | avahi
    | stdc\+\+ | gcc_s | gomp | zstd | expat | uuid | pthread | (z|c|m|dl|rt)(?=\.)
    ).*\.so.*
    """
)
"""Libraries that the system must bring: those of its graphics, and those that exist once in a process."""

_LEFT_OUT: Final = re.compile(
    r"""(?x)
    PySide6/(Qt/)?(qml|translations|metatypes|libexec)/.*
    | PySide6/(Qt/)?plugins/(
        designer | egldeviceintegrations | generic | networkinformation | printsupport | qmllint | qmltooling
        | sqldrivers | tls | vectorimageformats | wayland-graphics-integration-\w+ | xcbglintegrations
      )/.*
    | PySide6/(Qt/)?plugins/imageformats/(lib)?q(gif|icns|jpeg|pdf|tga|tiff|wbmp|webp)\..*
    | PySide6/(Qt/)?plugins/platforms/(lib)?q(eglfs|linuxfb|minimal|minimalegl|vkkhrdisplay|vnc)\..*
    | PySide6/(Qt/)?plugins/platforminputcontexts/(lib)?qtvirtualkeyboardplugin\..*
    | PySide6/(Qt/)?plugins/wayland-shell-integration/lib(ivi-shell|fullscreen-shell-v1|qt-shell|wl-shell-plugin)\..*
    | (.*/)?(lib)?Qt6(EglF[Ss]|OpenGLWidgets|Pdf|Qml|Quick|Sql|Test|VirtualKeyboard|WaylandCompositor|WlShell)\w*\..*
    | .*/tests?/.*
    | pygments/(lexers|styles)/[a-z]\w+\.pyc
    | numpy/_core/_multiarray_tests\..*
    | llama_cpp/(lib|include)/.*
    | (lib|bin)/.*
    | .*\.dist-info/(?!METADATA$).*  # others name folders of the build machine
    | _pyi_rth_utils/.*
    """
)


def wanted(entries: Iterable[Entry]) -> list[Entry]:
    """Return the entries that belong into the bundle."""
    return [entry for entry in entries if is_wanted(PurePosixPath(entry[0].replace("\\", "/")))]


def is_wanted(path: PurePosixPath) -> bool:
    """Return whether a file belongs into the bundle; ``path`` is relative to ``_internal``."""
    return not (_LEFT_OUT.fullmatch(str(path)) or _SYSTEM_LIBRARIES.fullmatch(path.name))


def llama_libraries(package: Path) -> list[Entry]:
    """Return llama.cpp's libraries, without the copies of each that the wheel has instead of links."""
    folder = package / "lib"
    entries: list[Entry] = []
    for plain in sorted(folder.glob("lib*.so")):
        versioned = plain.with_name(f"{plain.name}.0")
        if versioned.exists():
            entries.append((f"llama_cpp/lib/{versioned.name}", str(versioned), "BINARY"))
            entries.append((f"llama_cpp/lib/{plain.name}", versioned.name, "SYMLINK"))
        else:
            entries.append((f"llama_cpp/lib/{plain.name}", str(plain), "BINARY"))
    for other in sorted([*folder.glob("*.dll"), *folder.glob("*.dylib")]):
        entries.append((f"llama_cpp/lib/{other.name}", str(other), "BINARY"))
    names = {PurePosixPath(entry[0]).name for entry in entries}
    for variant in sorted((package.parent / "bin").glob("*ggml-cpu-*")):
        if "sapphirerapids" not in variant.name and variant.name not in names:
            entries.append((f"llama_cpp/lib/{variant.name}", str(variant), "BINARY"))
    return entries


def distributions(entries: Iterable[Entry]) -> list[Distribution]:
    """Return the installed distributions that have files among these entries."""
    bundled = {PurePosixPath(entry[0].replace("\\", "/")).with_suffix("") for entry in entries}
    return [
        distribution
        for distribution in importlib.metadata.distributions()
        if any(PurePosixPath(file).with_suffix("") in bundled for file in distribution.files or () if _is_module(file))
    ]


def metadata_files(found: Iterable[Distribution]) -> list[Entry]:
    """Return the METADATA files of distributions, which tell their versions."""
    entries: list[Entry] = []
    for distribution in found:
        for file in distribution.files or ():
            if file.name == "METADATA":
                entries.append((str(file), str(file.locate()), "DATA"))
    return entries


def _is_module(file: PurePosixPath) -> bool:
    return file.suffix in (".py", ".so", ".pyd") and ".." not in file.parts
