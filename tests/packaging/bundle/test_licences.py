"""The licences in the bundle."""

from __future__ import annotations

import json
from importlib.metadata import Distribution
from pathlib import Path

import pytest

from bundle.licences import Component, component_of, document, system_components
from setup_step import SetupError

BOM = {"components": [{"name": "serde", "version": "1.0", "licenses": [{"expression": "MIT OR Apache-2.0"}]}]}


def installed(folder: Path, metadata: str, **files: str) -> Distribution:
    """Return a distribution that is made of these files."""
    root = folder / "thing-1.0.dist-info"
    record = ["thing-1.0.dist-info/METADATA,,"]
    for name, text in {"METADATA": f"Name: thing\nVersion: 1.0\n{metadata}\n", **files}.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        record.append(f"thing-1.0.dist-info/{name},,")
    (root / "RECORD").write_text("\n".join(record))
    return Distribution.at(root)


def test_a_distribution_has_its_text_and_what_is_linked_into_it(tmp_path: Path) -> None:
    files = {"licenses/LICENSE": "do what you want", "sboms/thing.cyclonedx.json": json.dumps(BOM)}
    thing = installed(tmp_path, "License-Expression: MIT", **files)
    assert component_of(thing) == Component(
        "thing", "1.0", "MIT", ("do what you want",), ("serde 1.0 (MIT OR Apache-2.0)",)
    )


def test_a_classifier_names_the_licence_of_older_metadata(tmp_path: Path) -> None:
    thing = installed(tmp_path, "Classifier: License :: OSI Approved :: BSD License", **{"LICENSE.txt": "text"})
    assert component_of(thing).licence == "BSD License"


def test_a_distribution_without_a_text_fails(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match="thing has no licence text"):
        component_of(installed(tmp_path, "License-Expression: MIT"))


def test_each_text_is_written_once() -> None:
    text = document("MIT License", [Component("b", "2", "MIT", ("one",)), Component("a", "1", "MIT", ("one", "two"))])
    assert text.index("  a 1: MIT") < text.index("  b 2: MIT")
    assert text.count("one") == 1
    assert "\na, b\n" in text


def test_a_library_that_no_package_owns_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.platform", "linux")
    (tmp_path / "libnobodys.so.1").write_bytes(b"")
    with pytest.raises(SetupError, match=r"no package has libnobodys\.so\.1"):
        system_components(tmp_path)
