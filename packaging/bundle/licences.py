"""Collects the licences of everything in the bundle into one file, ``resources/licences.txt``."""

from __future__ import annotations

import email.message
import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from importlib.metadata import Distribution, distributions
from pathlib import Path
from typing import Final

from setup_step import SetupError

_TEXTS: Final = Path(__file__).parents[1] / "licenses"
_OWN_TEXTS: Final = {
    "fastapi_swagger": ("Apache-2.0.txt",),  # contains Swagger UI
    "pyside6_essentials": ("qt.txt", "LGPL-3.0.txt", "GPL-3.0.txt"),
    "shiboken6": ("qt.txt", "LGPL-3.0.txt", "GPL-3.0.txt"),
    "llama_cpp_python": ("llama.cpp.txt",),
}
"""Texts for wheels that lack them, by distribution."""

_CHOSEN: Final = {
    "fastapi_swagger": "MIT AND Apache-2.0",
    "pyside6_essentials": "LGPL-3.0-only",
    "shiboken6": "LGPL-3.0-only",
}
"""The licence under which Preheat uses what has several."""

_TEXT_NAME: Final = re.compile(r"(licen[cs]e|copying|notice)", re.IGNORECASE)
_CLASSIFIER: Final = re.compile(r"License :: (?:OSI Approved :: )?(.+)")
_RULE: Final = "=" * 80


@dataclass(frozen=True, slots=True)
class Component:
    """A part of the bundle by others."""

    name: str
    version: str
    licence: str
    texts: tuple[str, ...]
    contains: tuple[str, ...] = ()
    """Libraries linked into it, with their licences."""


def write_licences(bundle: Path, site_packages: Path, python_licence: Path) -> None:
    """Write ``licences.txt`` of a bundle.

    Raises:
        SetupError: The licence of a part is missing.
    """
    internal = bundle / "_internal"
    installed = {_normal(one.name): one for one in distributions(path=[str(site_packages)])}
    bundled = {_normal(folder.name.partition("-")[0]) for folder in internal.glob("*.dist-info")} - {"preheat"}
    components = [component_of(installed[name]) for name in bundled]
    components.append(_python(python_licence))
    components += system_components(internal)
    own = (_TEXTS.parents[1] / "LICENSE").read_text(encoding="utf-8")
    text = document(own, components)
    (internal / "resources" / "licences.txt").write_text(text, encoding="utf-8")


def component_of(distribution: Distribution) -> Component:
    """Return the licence of an installed distribution.

    Raises:
        SetupError: It has none.
    """
    name = _normal(distribution.name)
    files = [
        file for file in distribution.files or () if ".dist-info" in file.parts[0] and file.parts[-1:] != ("METADATA",)
    ]
    texts = [
        Path(str(file.locate())).read_text(encoding="utf-8", errors="replace")
        for file in files
        if _TEXT_NAME.search(file.name)
    ]
    texts += [(_TEXTS / own).read_text(encoding="utf-8") for own in _OWN_TEXTS.get(name, ())]
    metadata: email.message.Message = distribution.metadata  # type: ignore[assignment] # its protocol lacks get_all's default
    licence = _CHOSEN.get(name) or _licence_name(metadata)
    if not texts or not licence:
        raise SetupError(
            f"{distribution.name} has no licence text",
            remedy="Put it into packaging/licenses, and name it in licences.py.",
        )
    boms = [json.loads(Path(str(file.locate())).read_text(encoding="utf-8")) for file in files if "sboms" in file.parts]
    linked = sorted({line for bom in boms for line in _linked(bom)})
    return Component(distribution.name, distribution.version, licence, tuple(texts), tuple(linked))


def system_components(internal: Path, owner_of: Callable[[str], str] | None = None) -> list[Component]:
    """Return the libraries that PyInstaller took from the system: those next to the modules, on Linux from Debian.

    Those of Python's installers for Windows and macOS are in Python's own licence.

    Raises:
        SetupError: No package has the library, or the package no licence.
    """
    if not sys.platform.startswith("linux"):
        return []
    owner_of = owner_of or _debian_package
    names = sorted(
        file.name
        for file in internal.glob("lib*.so*")
        if not file.is_symlink() and not file.name.startswith("libpython")
    )
    packages: dict[str, list[str]] = {}
    for name in names:
        packages.setdefault(owner_of(name), []).append(name)
    return [_of_debian(package, files) for package, files in packages.items()]


def document(own: str, components: Iterable[Component]) -> str:
    """Return the whole text: a list of all components, then each text once."""
    ordered = sorted(components, key=lambda component: component.name.lower())
    lines = ["Preheat", "", own.strip(), "", "Preheat contains:", ""]
    for component in ordered:
        lines.append(f"  {component.name} {component.version}: {component.licence}")
        lines += [f"    with {linked}" for linked in component.contains]
    holders: dict[str, list[str]] = {}
    for component in ordered:
        for text in component.texts:
            holders.setdefault(text.strip(), []).append(component.name)
    for text, names in holders.items():
        lines += ["", _RULE, ", ".join(dict.fromkeys(names)), _RULE, "", text]
    return "\n".join(lines) + "\n"


def _licence_name(metadata: email.message.Message) -> str:
    written = metadata.get("License-Expression") or metadata.get("License") or ""
    if written and "\n" not in written and len(written) < 100:
        return str(written)
    named = (_CLASSIFIER.fullmatch(line) for line in metadata.get_all("Classifier", ()))
    return ", ".join(match[1] for match in named if match)


def _linked(bom: dict[str, object]) -> Iterable[str]:
    components = bom.get("components")
    assert isinstance(components, list)
    for part in components:
        licences = [one.get("expression") or one["license"].get("id", "") for one in part.get("licenses", ())]
        yield f"{part['name']} {part.get('version', '')} ({' AND '.join(licences) or 'see its source'})"


def _python(licence: Path) -> Component:
    return Component(
        "Python", ".".join(map(str, sys.version_info[:3])), "PSF-2.0", (licence.read_text(encoding="utf-8"),)
    )


def _debian_package(library: str) -> str:
    try:
        said = _output(["dpkg-query", "--search", f"*/{library}"])
    except (OSError, subprocess.CalledProcessError) as error:
        raise SetupError(
            f"no package has {library}, which the bundle contains", remedy="Build on Debian or Ubuntu."
        ) from error
    return said.split(":")[0]


def _of_debian(package: str, files: Sequence[str]) -> Component:
    version = _output(["dpkg-query", "--show", "--showformat=${Version}\n", package]).splitlines()[0]
    text = Path("/usr/share/doc", package, "copyright").read_text(encoding="utf-8")
    return Component(f"{package} ({', '.join(files)})", version, "see below", (text,))


def _output(command: Sequence[str]) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "_", name).lower()
