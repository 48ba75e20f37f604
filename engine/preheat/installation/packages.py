"""The licences of the installed packages. Imports ``importlib.metadata``: import it late."""

from __future__ import annotations

import platform
import re
from importlib import metadata
from typing import Final

from preheat.installation.licences import RULE

_NAME: Final = re.compile(r"[A-Za-z0-9._-]+")
_EXTRA: Final = re.compile(r"extra == ['\"]")
_OTHER_EXTRA: Final = re.compile(r"extra == ['\"](?!gui)")
_TEXT_NAME: Final = re.compile(r"(licen[cs]e|copying|notice)", re.IGNORECASE)
_CLASSIFIER: Final = re.compile(r"License :: (?:OSI Approved :: )?(.+)")
_OWN: Final = "preheat"
_LONGEST: Final = 100  # Longer fields contain a whole licence


def document() -> str:
    """Return the list of the packages, then each text once; the format is that of ``packaging/bundle/licences.py``."""
    packages = _required()
    lines = ["Preheat", "", "MIT", "", "Preheat contains:", ""]
    lines += [f"  {each.name} {each.version}: {_licence_of(each)}" for each in packages]
    lines.append(f"  Python {platform.python_version()}: PSF-2.0")
    holders: dict[str, list[str]] = {}
    for package in packages:
        for text in _texts_of(package):
            holders.setdefault(text, []).append(package.name)
    for text, names in holders.items():
        lines += ["", RULE, ", ".join(dict.fromkeys(names)), RULE, "", text]
    return "\n".join(lines) + "\n"


def urls() -> dict[str, str]:
    """Return the addresses in the metadata of Preheat's own package, by name; empty without it."""
    try:
        written = metadata.metadata(_OWN).get_all("Project-URL") or ()
    except metadata.PackageNotFoundError:
        return {}
    return dict(line.split(", ", 1) for line in written if ", " in line)


def _required() -> list[metadata.Distribution]:
    """Return the installed packages that Preheat requires, also by way of others, by name."""
    found: dict[str, metadata.Distribution] = {}
    open_names = [(_OWN, _OTHER_EXTRA)]
    while open_names:
        name, unwanted = open_names.pop()
        try:
            package = metadata.distribution(name)
        except metadata.PackageNotFoundError:  # for other systems, or optional
            continue
        if package.name in found:
            continue
        found[package.name] = package
        needed = [line for line in package.requires or () if not unwanted.search(line)]
        open_names += [(match[0], _EXTRA) for line in needed if (match := _NAME.match(line))]
    return sorted((each for name, each in found.items() if name != _OWN), key=lambda each: each.name.lower())


def _licence_of(package: metadata.Distribution) -> str:
    fields = package.metadata
    for field in ("License-Expression", "License"):
        if field in fields and (words := fields[field].strip()) and "\n" not in words and len(words) < _LONGEST:
            return words
    named = (_CLASSIFIER.fullmatch(line) for line in fields.get_all("Classifier") or ())
    return ", ".join(match[1] for match in named if match) or "see below"


def _texts_of(package: metadata.Distribution) -> list[str]:
    files = [file for file in package.files or () if ".dist-info" in file.parts[0] and _TEXT_NAME.search(file.name)]
    texts = []
    for file in files:
        try:
            texts.append(file.read_text(encoding="utf-8").strip())
        except (OSError, UnicodeDecodeError):
            continue
    return texts
