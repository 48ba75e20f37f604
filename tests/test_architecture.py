"""Imports go one way, packages are entered through their ``__init__``, and each outside package has one owner.

Everything is denied that the tables below do not allow. A new package or loose module has to be listed here first.
"""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parent.parent
SOURCES = {"preheat": ROOT / "engine" / "preheat", "preheat_gui": ROOT / "gui" / "preheat_gui"}

MOST_LOOSE_MODULES = 12
MOST_FILES_IN_A_FOLDER = 25

BASE = {
    "_lazy",
    "_version",
    "bugs",
    "clock",
    "errors",
    "files",
    "installation",
    "log",
    "messages",
    "paths",
    "units",
}
"""What every room of the engine may import. ``messages`` and ``files`` import only the base, too."""

ENGINE = {
    "core",
    "devices",
    "inference",
    "models",
    "prefixes",
    "preload",
    "replay",
    "residency",
    "settings",
    "updates",
    "usage",
}

ROOMS: Mapping[str, set[str]] = {
    # room of the engine: the rooms that it may import besides the base
    **{name: set() for name in BASE},
    "settings": set(),
    "models": {"settings"},
    "inference": set(),
    "devices": {"inference"},
    "prefixes": {"inference", "settings"},
    "residency": {"devices", "inference", "models", "settings"},
    "usage": {"inference", "residency", "settings"},
    "preload": {"models", "residency", "settings", "usage"},
    "replay": {"devices", "models", "preload", "residency", "settings", "usage"},
    "core": {"devices", "inference", "models", "prefixes", "preload", "residency", "settings", "updates", "usage"},
    "updates": set(),
    "control": ENGINE,
    "server": {"control", *ENGINE},
    "service": set(),
    "login_item": set(),
    "doctor": {"control", "login_item", "server", "service", *ENGINE},
    "cli": {"control", "doctor", "service", "settings", "shortcuts", "updates"},
    "shortcuts": {"control", "inference"},
    "__init__": {"core", "inference", "settings", "shortcuts"},
    "__main__": {"cli", "inference"},
}
"""May import, by room of ``preheat``."""

GUI_ROOMS: Mapping[str, set[str]] = {
    "words": set(),
    "platform": {"words"},
    "widgets": {"words"},
    "bridge": {"widgets", "words", "platform"},
    "dashboard": {"settings_dialog", "bridge", "widgets", "words", "platform"},
    "settings_dialog": {"bridge", "widgets", "words", "platform"},
    "tray": {"bridge", "widgets", "words", "platform"},
    "app": {"tray", "dashboard", "settings_dialog", "bridge", "widgets", "words", "platform"},
    "__init__": set(),
    "__main__": {"app"},
}
"""May import, by room of ``preheat_gui``."""

GUI_MAY_ENTER = BASE | {"control", "doctor", "login_item", "settings"}
"""What the windows may import of the engine."""

EXCEPTIONS: Mapping[tuple[str, str], str] = {
    ("preheat.control.own", "preheat.server.Port"): "an engine of this process opens its own port",
    ("preheat.control.opening", "preheat.server.listen"): "the port decides which process gets the engine",
    ("preheat.cli", "preheat.server"): "`preheat serve` starts the port",
    ("preheat.cli.replay", "preheat.replay"): "`preheat replay` reads a log without an engine",
    ("preheat.cli.serve", "preheat_gui.app.start.main"): "`preheat tray` starts the windows",
}
"""Importer and target, as prefixes of module names, and why."""

DEEP: Mapping[tuple[str, str], str] = {
    ("preheat.__main__", "preheat.cli.main"): "the command's packages are imported as late as possible",
    ("preheat.__main__", "preheat.cli.shell_words"): "likewise, what shells complete",
    ("preheat_gui.__main__", "preheat_gui.app.start"): "likewise",
    ("preheat_gui.app.shell", "preheat_gui.dashboard.window"): "the dashboard is imported when it is first shown",
    ("preheat_gui.dashboard.models.page", "preheat_gui.settings_dialog.model_dialog"): "likewise, the dialog",
    ("preheat_gui.app.welcome", "preheat_gui.dashboard"): "the first start shows parts of the dashboard's pages",
    ("preheat_gui.dashboard.downloads.page", "preheat_gui.settings_dialog.hub_account"): "likewise",
    ("preheat.replay.executor", "preheat.residency.events"): "replay drives the pure core: only it and the executor",
    (
        "preheat.residency.processes.spare",
        "preheat.inference.client",
    ): "the package itself has only values, cheap to import",
    ("preheat.core.requests.lease", "preheat.inference.client"): "likewise",
    ("preheat_gui", "preheat_gui.widgets.theme"): "a module of colours and fonts, used as a namespace",
}
"""Imports that reach past a package's ``__init__``, and why."""

OWNERS = {
    "llama_cpp": "preheat.inference",
    "appdirs": "preheat.paths",
    "jeepney": "preheat.doctor",
    "huggingface_hub": "preheat.models",
    "keyring": "preheat.settings",
    "markdown_it": "preheat.models",
    "fastapi": "preheat.server",
    "starlette": "preheat.server",
    "uvicorn": "preheat.server",
    "typer": "preheat.cli",
    "prometheus_client": "preheat.server",
    "PySide6": "preheat_gui",
}
"""The one part that may import an outside package, as a prefix of module names."""


class Import(NamedTuple):
    """``importer`` imports ``target``; both are full names, ``target`` may be a name inside a module."""

    importer: str
    target: str
    at_import: bool = True
    """Executed when the module is imported: not in a function, not under TYPE_CHECKING."""


def imports_of(module: str, source: str, *, is_package: bool = False) -> Iterator[Import]:
    """Yield every import in the source, in functions and under TYPE_CHECKING too."""
    later: set[ast.AST] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) or _is_type_checking(node):
            later.update(ast.walk(node))
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield Import(module, alias.name, node not in later)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                above = module.split(".") if is_package else module.split(".")[:-1]
                parent = ".".join(above[: len(above) - node.level + 1])
                base = f"{parent}.{base}" if base else parent
            for alias in node.names:
                yield Import(module, f"{base}.{alias.name}", node not in later)


def _is_type_checking(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"


@cache
def all_modules() -> Mapping[str, Path]:
    """Return every module of engine and windows by name; a package stands for its ``__init__``."""
    found: dict[str, Path] = {}
    for name, root in SOURCES.items():
        for path in sorted(root.rglob("*.py")):
            parts = (name, *path.relative_to(root).with_suffix("").parts)
            found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


@cache
def all_imports() -> tuple[Import, ...]:
    return tuple(
        edge
        for module, path in all_modules().items()
        for edge in imports_of(module, path.read_text(encoding="utf-8"), is_package=path.name == "__init__.py")
    )


def within(name: str, prefix: str) -> bool:
    return name == prefix or name.startswith(f"{prefix}.")


def module_of(target: str) -> str:
    """Return the module that an import's target is, or is in; the target itself for other packages."""
    while target not in all_modules() and "." in target:
        target = target.rpartition(".")[0]
    return target


def room_of(module: str) -> str:
    """Return the room of a module: its folder, or its own name at the top."""
    names = module.split(".")
    return names[1] if len(names) > 1 else "__init__"


def is_listed(edge: Import, table: Mapping[tuple[str, str], str]) -> bool:
    return any(within(edge.importer, importer) and within(edge.target, target) for importer, target in table)


def is_forbidden(edge: Import) -> bool:
    """Whether the tables do not allow this import."""
    source, target = edge.importer.split(".")[0], edge.target.split(".")[0]
    if target not in SOURCES or is_listed(edge, EXCEPTIONS):
        return False
    room, target_room = room_of(edge.importer), room_of(module_of(edge.target))
    if source != target:
        return source == "preheat" or target_room not in GUI_MAY_ENTER | {"__init__"}
    if room == target_room:
        return False
    if source == "preheat_gui":
        return target_room not in GUI_ROOMS.get(room, set()) | {"__init__"}
    if target_room == "__init__":  # a module of the base, such as ``from preheat import paths``
        return edge.target != "preheat.__version__" and room != "__init__"
    return target_room not in ROOMS.get(room, set()) | (BASE if room != target_room else set())


def reaches_inside(edge: Import) -> bool:
    """Whether an import reaches past the ``__init__`` of another room."""
    module = module_of(edge.target)
    if module.split(".")[0] not in SOURCES or is_listed(edge, DEEP) or is_listed(edge, EXCEPTIONS):
        return False
    same_room = edge.importer.split(".")[:2] == module.split(".")[:2]
    return not same_room and len(module.split(".")) > 2 and not _is_subpackage(module)


def _is_subpackage(module: str) -> bool:
    return all_modules()[module].name == "__init__.py"


def cycles(edges: Iterable[Import]) -> list[tuple[str, ...]]:
    """Return the groups of modules that import each other while they are being imported."""
    graph: dict[str, set[str]] = {module: set() for module in all_modules()}
    for edge in edges:
        target = module_of(edge.target)
        # A module imports its own package's ``__init__`` first, whatever stands in the code.
        if edge.at_import and target in graph and target != edge.importer and not within(edge.importer, target):
            graph[edge.importer].add(target)
    return [tuple(sorted(group)) for group in _components(graph) if len(group) > 1]


def _components(graph: Mapping[str, set[str]]) -> Iterator[list[str]]:
    """Yield the strongly connected components (Tarjan)."""
    order: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []

    def visit(node: str) -> Iterator[list[str]]:
        order[node] = low[node] = len(order)
        stack.append(node)
        for other in sorted(graph[node]):
            if other not in order:
                yield from visit(other)
                low[node] = min(low[node], low[other])
            elif other in stack:
                low[node] = min(low[node], order[other])
        if low[node] == order[node]:
            at = stack.index(node)
            yield stack[at:]
            del stack[at:]

    for node in sorted(graph):
        if node not in order:
            yield from visit(node)


def is_trespass(edge: Import) -> bool:
    """Whether a module imports an outside package that belongs to another."""
    owner = OWNERS.get(edge.target.split(".")[0])
    return owner is not None and not within(edge.importer, owner)


def shown(edges: Iterable[Import]) -> list[str]:
    return sorted({f"{edge.importer} -> {edge.target}" for edge in edges})


def test_every_room_is_listed() -> None:
    for name, rooms in (("preheat", ROOMS), ("preheat_gui", GUI_ROOMS)):
        assert {room_of(module) for module in all_modules() if within(module, name)} - rooms.keys() - {
            "__init__"
        } == set()
        assert rooms.keys() - {room_of(module) for module in all_modules() if within(module, name)} == set()


def test_imports_go_one_way() -> None:
    assert shown(filter(is_forbidden, all_imports())) == []


def test_packages_are_entered_through_their_init() -> None:
    assert shown(filter(reaches_inside, all_imports())) == []


def test_no_modules_import_each_other() -> None:
    assert cycles(all_imports()) == []


def test_outside_packages_have_one_owner() -> None:
    assert shown(filter(is_trespass, all_imports())) == []


def test_every_exception_is_needed() -> None:
    for table in (EXCEPTIONS, DEEP):
        unused = [pair for pair in table if not any(is_listed(edge, {pair: ""}) for edge in all_imports())]
        assert unused == []


def test_folders_stay_small() -> None:
    folders = {path.parent for path in all_modules().values()}
    counts = {str(folder.relative_to(ROOT)): len(list(folder.glob("*.py"))) for folder in folders}
    assert {name: count for name, count in counts.items() if count > MOST_FILES_IN_A_FOLDER} == {}
    assert counts["engine/preheat"] <= MOST_LOOSE_MODULES


@pytest.mark.parametrize(
    ("importer", "target"),
    [
        ("preheat.models.index", "preheat.residency.State"),
        ("preheat.errors", "preheat.core.Engine"),
        ("preheat.settings.store", "preheat.models"),
        ("preheat.usage.log", "preheat.preload"),
        ("preheat.preload.planner", "preheat.core"),
        ("preheat.core.engine", "preheat.server"),
        ("preheat.server.app", "preheat.cli.main"),
        ("preheat.cli.main", "preheat.residency"),
        ("preheat", "preheat.server"),
        ("preheat.core.engine", "preheat_gui.bridge"),
        ("preheat_gui.tray.menu", "preheat.residency.State"),
        ("preheat_gui.widgets.card", "preheat_gui.dashboard"),
        ("preheat_gui.dashboard.window", "preheat_gui.app"),
    ],
)
def test_a_forbidden_import_is_found(importer: str, target: str) -> None:
    assert is_forbidden(Import(importer, target))


def test_a_deep_import_is_found() -> None:
    assert reaches_inside(Import("preheat.core.engine", "preheat.residency.executor"))
    assert not reaches_inside(Import("preheat.core.engine", "preheat.residency.State"))
    assert not reaches_inside(Import("preheat.residency.executor", "preheat.residency.deciding"))


def test_a_cycle_is_found() -> None:
    there = [Import("preheat.core.engine", "preheat.core.room"), Import("preheat.core.room", "preheat.core.engine")]
    assert cycles(there) == [("preheat.core.engine", "preheat.core.room")]
    assert cycles([there[0], Import(*there[1][:2], at_import=False)]) == []


@pytest.mark.parametrize(
    ("importer", "target"),
    [
        ("preheat.server.openai", "llama_cpp"),
        ("preheat.models.discovery", "appdirs.user_data_dir"),
        ("preheat.core.engine", "fastapi.FastAPI"),
        ("preheat.server.app", "huggingface_hub.HfApi"),
        ("preheat.cli.main", "PySide6.QtWidgets"),
    ],
)
def test_a_trespass_is_found(importer: str, target: str) -> None:
    assert is_trespass(Import(importer, target))


def test_imports_are_found_in_functions_too() -> None:
    source = """
import os.path as path
from . import errors
from ..core import Engine
if TYPE_CHECKING:
    from preheat.settings import Settings
def later():
    from preheat.cli import main
"""
    assert set(imports_of("preheat.server.app", source)) == {
        Import("preheat.server.app", "os.path"),
        Import("preheat.server.app", "preheat.server.errors"),
        Import("preheat.server.app", "preheat.core.Engine"),
        Import("preheat.server.app", "preheat.settings.Settings", at_import=False),
        Import("preheat.server.app", "preheat.cli.main", at_import=False),
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
