"""The tests use public names, only helpers that wait for a condition sleep, and none asks for the time at import."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

TESTS = Path(__file__).parent
FILES = sorted(path for path in TESTS.rglob("*.py") if path != Path(__file__))

# Attributes that Python itself names so.
PYTHONS = {"_exit", "_MEIPASS", "_asdict", "_replace", "_fields"}

CLOCKS = ("time.time(", "time.monotonic(", "time.localtime(", "datetime.now(", "date.today(")

MAY_SLEEP = {
    "engine/application.py",
    "engine/inference/gated_worker.py",
    "engine/inference/test_client.py",
    "engine/inference/text_runs.py",
    "engine/residency/test_real_exchanges.py",
    "faults/health_probe.py",
    "faults/killing.py",
    "faults/soak.py",
    "support/fetching.py",
    "support/running_preheat.py",
    "support/virtual_screen.py",
}
"""Helpers that wait for a condition, probes and campaigns that take a while, a worker that waits for its test, and
clients that pause between requests."""


def defined_names(tree: ast.Module) -> set[str]:
    """Return the attributes and functions that the file itself defines."""
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)} | {
        node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store)
    }


def private_uses(source: str) -> Iterator[str]:
    """Yield the private names of other modules that the source uses."""
    tree = ast.parse(source)
    own = defined_names(tree) | PYTHONS
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and is_private(node.attr) and node.attr not in own:
            if ast.unparse(node.value) != "self":  # a class that extends another
                yield ast.unparse(node)
        elif isinstance(node, ast.ImportFrom):
            yield from (alias.name for alias in node.names if is_private(alias.name))


def is_private(name: str) -> bool:
    return name.startswith("_") and not name.startswith("__")


def sleeps(source: str) -> Iterator[str]:
    """Yield the calls that sleep; to give way, as ``asyncio.sleep(0)`` does, is none."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call):
            call = ast.unparse(node)
            if call.startswith(("time.sleep(", "asyncio.sleep(")) and call != "asyncio.sleep(0)":
                yield call


def clocks(node: ast.AST) -> Iterator[str]:
    """Yield the calls that ask for the time at import: their test may run an hour later, or on another day."""
    match node:
        case ast.FunctionDef() | ast.AsyncFunctionDef():
            inner: list[ast.AST] = [*node.decorator_list, node.args]
        case ast.Lambda():
            inner = []
        case _:
            if isinstance(node, ast.Call) and (call := ast.unparse(node)).startswith(CLOCKS):
                yield call
            inner = list(ast.iter_child_nodes(node))
    for each in inner:
        yield from clocks(each)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(TESTS).as_posix())
def test_a_test_uses_public_names_and_does_not_sleep(path: Path) -> None:
    source = path.read_text(encoding="utf-8")
    assert list(private_uses(source)) == []
    if path.relative_to(TESTS).as_posix() not in MAY_SLEEP:
        assert list(sleeps(source)) == []
    assert list(clocks(ast.parse(source))) == []


def test_private_names_sleeps_and_clocks_are_found() -> None:
    assert list(private_uses("import a\nfrom b import _c\nassert a._d == a.e._f()\nself._own = self._own")) == [
        "_c",
        "a._d",
        "a.e._f",
    ]
    assert list(sleeps("time.sleep(1)\nawait asyncio.sleep(0)\nawait asyncio.sleep(0.1)")) == [
        "time.sleep(1)",
        "asyncio.sleep(0.1)",
    ]
    asks = (
        "A = time.time() - 5\n@mark(date.today())\ndef f(at=datetime.now()):\n    time.time()\nb = lambda: time.time()"
    )
    assert list(clocks(ast.parse(asks))) == ["time.time()", "date.today()", "datetime.now()"]
