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

# What each part of the engine may import of the others; a module that is not named here is part of the base, which
# every part may import and which imports nothing but itself.
MAY_IMPORT = {
    "library": {"library"},
    "inference": {"inference", "library"},
    "residency": {"residency", "inference.client", "inference.requests", "library"},
    "preload": {"preload", "residency", "library", "inference.requests"},
    "model_files": {"model_files", "library"},
    "engine": {
        "engine",
        "arrival",
        "lease",
        "library_desk",
        "memory_guard",
        "model_files",
        "snapshot_maker",
        "library",
        "inference",
        "residency",
        "preload",
    },
    "arrival": {"arrival", "lease", "preload"},
    "library_desk": {"library_desk", "library", "residency"},
    "lease": {"lease", "inference.requests", "residency"},
    "memory_guard": {"memory_guard", "library", "residency", "preload"},
    "snapshot_maker": {"snapshot_maker", "library", "residency", "preload"},
    "server": {
        "server",
        "engine",
        "lease",
        "live_settings",
        "library",
        "inference.requests",
        "residency.states",
        "residency.system_memory",
        "preload.policy",
        "preload.usage_history",
        "preload.usage_json",
        "preload.usage_log",
        "preload.usage_records",
    },
    "live_settings": {"live_settings", "engine"},
    "client": {"client", "inference.requests"},
    "what_if": {"what_if", "library", "residency.sizes"},
    "engine_thread": {"engine_thread", "client", "engine", "library", "inference.requests"},
    "own_engine": {"own_engine", "engine_thread", "client", "engine", "inference.requests"},
    "shortcuts": {"shortcuts", "own_engine", "client", "inference.requests"},
    "link": {  # above engine and port: an engine as the windows have it
        "link",
        "client",
        "engine_thread",
        "engine",
        "live_settings",
        "server",
        "library",
        "inference.requests",
        "preload",
        "residency.decisions",
    },
    "cli": {
        "cli",
        "client",
        "live_settings",
        "own_engine",
        "shortcuts",
        "engine",
        "library",
        "inference.requests",
        "residency.sizes",
        "residency.states",
        "residency.system_memory",
        "preload",  # replay, and figures without an application
    },
    "__init__": {"engine", "lease", "client", "shortcuts", "library", "inference.requests"},
    "__main__": {"cli", "inference.worker"},
}
EXCEPTIONS = {
    ("preheat.core.snapshot", "preheat.models.model_file"): "what is known of a file is part of what readers see",
    (
        "preheat.core.snapshot",
        "preheat.residency.states",
    ): "the state is part of what readers see; the module is a leaf",
    ("preheat.control.snapshot_json", "preheat.residency.states"): "likewise",
    ("preheat.cli", "preheat.server.serve"): "`preheat serve` has to start the port",
    ("preheat.cli.tray", "preheat_gui.app.start.main"): "`preheat tray` has to start the windows",
}

BASE = {path.stem for path in (ROOT / "engine" / "preheat").glob("*.py")} - MAY_IMPORT.keys() | {"__version__"}

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
    "pyqtgraph": "preheat_gui",
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
    """Return the part of the engine that a module belongs to: its folder, or its own name at the top."""
    names = module.split(".")
    return names[1] if len(names) > 1 else "__init__"


def is_upward(edge: Import) -> bool:
    """Whether the engine imports a part of itself that it may not."""
    if any(within(edge.importer, importer) and within(edge.target, target) for importer, target in EXCEPTIONS):
        return False
    if not (within(edge.importer, "preheat") and within(edge.target, "preheat")):
        return within(edge.importer, "preheat") and within(edge.target, "preheat_gui")
    target_part = part_of(edge.target)
    if target_part in BASE:
        return False
    allowed = MAY_IMPORT.get(part_of(edge.importer), set())
    return not any(within(edge.target, f"preheat.{prefix}") for prefix in allowed)


def is_trespass(edge: Import) -> bool:
    """Whether a module imports an outside package that belongs to another."""
    owner = OWNERS.get(edge.target.split(".")[0])
    return owner is not None and not within(edge.importer, owner)


def is_adapter_of_adapter(edge: Import) -> bool:
    """Whether the windows import the port or the command."""
    return within(edge.importer, "preheat_gui") and any(
        within(edge.target, adapter) for adapter in ("preheat.server", "preheat.cli")
    )


def test_every_part_of_the_engine_is_seen() -> None:
    importers = {part_of(edge.importer) for edge in all_imports()}
    folders = {path.parent.name for path in (ROOT / "engine" / "preheat").glob("*/__init__.py")}
    assert folders <= MAY_IMPORT.keys()
    assert {"library", "inference", "residency", "engine", "server", "cli"} <= importers


def test_imports_go_one_way() -> None:
    assert [edge for edge in all_imports() if is_upward(edge)] == []


def test_outside_packages_have_one_owner() -> None:
    assert [edge for edge in all_imports() if is_trespass(edge)] == []


def test_the_windows_import_neither_port_nor_command() -> None:
    assert [edge for edge in all_imports() if is_adapter_of_adapter(edge)] == []


@pytest.mark.parametrize(
    ("importer", "target"),
    [
        ("preheat.models.gguf.reader", "preheat.residency.states"),
        ("preheat.errors", "preheat.core.engine"),
        ("preheat.settings", "preheat.models"),
        ("preheat.inference.client", "preheat.residency.pool.Pool"),
        ("preheat.residency.pool", "preheat.inference.worker"),
        ("preheat.residency.pool", "preheat.preload"),
        ("preheat.preload.policy", "preheat.inference.client"),
        ("preheat.core.engine", "preheat.server.app"),
        ("preheat.server.app", "preheat.cli.main"),
        ("preheat.server.app", "preheat.residency.pool"),
        ("preheat.cli.main", "preheat.server.app"),
        ("preheat", "preheat.server"),
        ("preheat.server.app", "preheat.embed"),  # through the front door
        ("preheat.core.engine", "preheat_gui.bridge.bridge"),
        ("preheat.cli.main", "preheat_gui.app.start.main"),
        ("preheat.cli.main", "preheat.link.open_session"),
        ("preheat.server.app", "preheat.link.own"),
        ("preheat.control.engine_thread", "preheat.server"),
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
        Import("preheat.server.app", "preheat.core.engine.Engine"),
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
