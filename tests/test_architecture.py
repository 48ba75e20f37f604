"""Imports go one way, and each outside package has one owner. What is allowed is in the tables below."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parent.parent
SOURCES = (ROOT / "engine", ROOT / "gui")

# What each package may import of the others. A module or package that is missing here fails the test.
BASE = {"_lazy", "_version", "errors", "files", "log", "messages", "paths", "timespan", "units"}
ENGINE = {"core", "inference", "models", "preload", "replay", "residency", "settings", "usage"}
MAY_IMPORT: dict[str, set[str]] = {
    "settings": set(),
    "models": {"settings"},
    "inference": set(),
    "residency": {"inference", "models", "settings"},
    "usage": {"inference", "residency", "settings"},
    "preload": {"models", "residency", "settings", "usage"},
    "replay": {"models", "preload", "residency", "settings", "usage"},
    "core": {"inference", "models", "preload", "residency", "settings", "usage"},
    "control": ENGINE,
    "server": {"control", *ENGINE},
    "cli": {"control", "settings", "shortcuts"},
    "shortcuts": {"control", "inference"},
    "__init__": {"core", "inference", "settings", "shortcuts"},
    "__main__": {"cli", "inference"},
    "gui": {"control", "settings"},
}
EXCEPTIONS = {
    ("preheat.control.own", "preheat.server.Port"): "an engine of this process opens its own port",
    ("preheat.control.opening", "preheat.server.listen"): "the port decides which process gets the engine",
    ("preheat.cli", "preheat.server"): "`preheat serve` starts the port",
    ("preheat.cli.replay", "preheat.replay"): "`preheat replay` reads a log without an engine",
    ("preheat.cli.replay", "preheat.residency"): "the size of the memory, for limits in percent",
    ("preheat.cli.serve", "preheat_gui.app.start.main"): "`preheat tray` starts the windows",
}

# Outside packages that one part alone may import, as prefixes of module names.
OWNERS = {
    "llama_cpp": "preheat.inference",
    "appdirs": "preheat.paths",
    "huggingface_hub": "preheat.models",
    "fastapi": "preheat.server",
    "starlette": "preheat.server",
    "uvicorn": "preheat.server",
    "typer": "preheat.cli",
    "prometheus_client": "preheat.server",
    "PySide6": "preheat_gui",
}


class Import(NamedTuple):
    """``importer`` imports ``target``; both are full module names (or target a name inside of one)."""

    importer: str
    target: str


def imports_of(module: str, source: str, *, is_package: bool = False) -> Iterator[Import]:
    """Yield every import in the source, wherever it stands: in functions and under TYPE_CHECKING too."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield Import(module, alias.name)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                above = module.split(".") if is_package else module.split(".")[:-1]
                parent = ".".join(above[: len(above) - node.level + 1])
                base = f"{parent}.{base}" if base else parent
            for alias in node.names:
                yield Import(module, f"{base}.{alias.name}")


def all_imports() -> list[Import]:
    found: list[Import] = []
    for root in SOURCES:
        for path in sorted(root.rglob("*.py")):
            parts = path.relative_to(root).with_suffix("").parts
            is_package = parts[-1] == "__init__"
            module = ".".join(parts[:-1] if is_package else parts)
            found += imports_of(module, path.read_text(encoding="utf-8"), is_package=is_package)
    return found


def within(name: str, prefix: str) -> bool:
    return name == prefix or name.startswith(f"{prefix}.")


def part_of(module: str) -> str:
    """Return the package that a module belongs to, or its own name at the top."""
    names = module.split(".")
    if names[0] == "preheat_gui":
        return "gui"
    return names[1] if len(names) > 1 else "__init__"


def is_upward(edge: Import) -> bool:
    """Whether an import goes to a package that the importer may not know."""
    if any(within(edge.importer, importer) and within(edge.target, target) for importer, target in EXCEPTIONS):
        return False
    if within(edge.target, "preheat_gui"):
        return not within(edge.importer, "preheat_gui")
    if not within(edge.target, "preheat"):
        return False
    importer, target = part_of(edge.importer), part_of(edge.target)
    if importer == target or target in BASE:
        return importer in BASE and target not in BASE
    return target not in MAY_IMPORT.get(importer, set())


def is_trespass(edge: Import) -> bool:
    """Whether a module imports an outside package that belongs to another."""
    owner = OWNERS.get(edge.target.split(".")[0])
    return owner is not None and not within(edge.importer, owner)


def test_every_part_is_listed() -> None:
    parts = {path.parent.name for path in (ROOT / "engine" / "preheat").glob("*/__init__.py")}
    modules = {path.stem for path in (ROOT / "engine" / "preheat").glob("*.py")}
    assert parts | modules == BASE | MAY_IMPORT.keys() - {"gui"}
    assert len(modules) <= 12


def test_no_folder_is_crowded() -> None:
    folders = {path.parent for root in SOURCES for path in root.rglob("*.py")}
    assert [folder for folder in folders if len(list(folder.glob("*.py"))) > 25] == []


def test_imports_go_one_way() -> None:
    assert [edge for edge in all_imports() if is_upward(edge)] == []


def test_outside_packages_have_one_owner() -> None:
    assert [edge for edge in all_imports() if is_trespass(edge)] == []


@pytest.mark.parametrize(
    ("importer", "target"),
    [
        ("preheat.models.gguf.reader", "preheat.residency.states"),
        ("preheat.errors", "preheat.core.engine"),
        ("preheat.settings", "preheat.models"),
        ("preheat.inference.client", "preheat.residency.pool.Pool"),
        ("preheat.residency.decide", "preheat.preload"),
        ("preheat.usage.log", "preheat.preload.PreloadPlanner"),
        ("preheat.core.engine", "preheat.control.models"),
        ("preheat.control.direct", "preheat.server"),
        ("preheat.server.app", "preheat.cli.main"),
        ("preheat.cli.downloads", "preheat.models.downloads.Downloads"),
        ("preheat.cli.main", "preheat_gui.bridge.bridge"),
        ("preheat", "preheat.server"),
        ("preheat.server.app", "preheat.embed"),  # through the front door
        ("preheat.core.engine", "preheat_gui.bridge.bridge"),
        ("preheat_gui.app.start", "preheat.core.Engine"),
        ("preheat_gui.app.start", "preheat.server.serve"),
        ("preheat.new_package", "preheat.core"),
    ],
)
def test_an_upward_import_is_found(importer: str, target: str) -> None:
    assert is_upward(Import(importer, target))


@pytest.mark.parametrize(
    ("importer", "target"),
    [
        ("preheat.server.openai", "llama_cpp"),
        ("preheat.models.discovery", "appdirs.user_data_dir"),
        ("preheat.core.engine", "fastapi.FastAPI"),
        ("preheat.server.hub_api", "huggingface_hub.HfApi"),
        ("preheat.cli.main", "PySide6.QtWidgets"),
    ],
)
def test_a_trespass_is_found(importer: str, target: str) -> None:
    assert is_trespass(Import(importer, target))


def test_imports_are_found_wherever_they_stand() -> None:
    source = """
import os.path as path
from . import errors
from ..engine import Engine
def later():
    from preheat.cli import main
"""
    assert set(imports_of("preheat.server.app", source)) == {
        Import("preheat.server.app", "os.path"),
        Import("preheat.server.app", "preheat.server.errors"),
        Import("preheat.server.app", "preheat.engine.Engine"),
        Import("preheat.server.app", "preheat.cli.main"),
    }
    assert list(imports_of("preheat.server", "from .app import create_app", is_package=True)) == [
        Import("preheat.server", "preheat.server.app.create_app")
    ]


@pytest.mark.parametrize(
    ("module", "absent"),
    [
        # A script that embeds one text pays for what this imports.
        ("preheat", "PySide6 fastapi uvicorn starlette numpy llama_cpp httpx2 huggingface_hub typer rich"),
        ("preheat.core.engine", "PySide6 fastapi uvicorn starlette numpy llama_cpp huggingface_hub typer"),
        ("preheat.inference.client", "numpy llama_cpp jinja2"),
        ("preheat.control.client", "PySide6 fastapi uvicorn numpy llama_cpp"),
        ("preheat.cli.main", "PySide6 fastapi uvicorn numpy llama_cpp httpx2 huggingface_hub pydantic"),
        ("preheat.server.app", "PySide6 numpy llama_cpp typer prometheus_client tomlkit huggingface_hub"),
    ],
)
def test_importing_a_module_leaves_others_alone(module: str, absent: str) -> None:
    code = f"import {module}, sys; print(*sorted(set({absent.split()}) & sys.modules.keys()))"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert run.stderr == ""
    assert run.stdout.split() == []


def test_the_tests_are_no_package() -> None:
    assert list((ROOT / "tests").rglob("__init__.py")) == []
