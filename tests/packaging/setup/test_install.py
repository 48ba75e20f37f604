"""Installation of the wheel and the extras; a second run does nothing."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from setup import install
from setup_step import SetupError


class FakePip:
    """A fake pip that records its arguments and marks the wheel as installed."""

    def __init__(self) -> None:
        self.calls: list[list[str]] = []
        self.llama_from: str | None = None

    def __call__(self, arguments: list[str]) -> None:
        self.calls.append(arguments)
        if arguments[-1].endswith(".whl"):
            self.llama_from = Path(arguments[-1]).as_uri()

    def take_calls(self) -> list[list[str]]:
        calls, self.calls = self.calls, []
        return calls


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "checkout" / "pyproject.toml"
    path.parent.mkdir()
    path.write_text("[project]\n")
    monkeypatch.setattr(install, "PROJECT", path)
    monkeypatch.setattr(install, "RECORD", tmp_path / "preheat-installed.json")
    return path


@pytest.fixture
def pip(project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakePip:
    fake = FakePip()
    monkeypatch.setattr(install, "pip", fake)
    monkeypatch.setattr(install, "ensure_wheel", lambda: tmp_path / "portable" / "llama.whl")
    monkeypatch.setattr(install, "installed_from", lambda _distribution: fake.llama_from)
    monkeypatch.setattr("sys.base_prefix", "/usr")
    return fake


def editable(project: Path, extras: str) -> list[str]:
    return ["install", "--only-binary=llama-cpp-python", "--editable", f"{project.parent}[{extras}]"]


def test_the_wheel_is_first_and_a_second_run_does_nothing(pip: FakePip, project: Path, tmp_path: Path) -> None:
    install.install(["starter"])
    wheel = str(tmp_path / "portable" / "llama.whl")
    assert pip.take_calls() == [
        ["install", "--force-reinstall", "--no-deps", wheel],
        editable(project, "starter"),
    ]
    install.install(["starter"])
    assert pip.take_calls() == []


def test_extras_accumulate(pip: FakePip, project: Path) -> None:
    install.install(["starter"])
    install.install(["dev"])
    assert pip.take_calls()[-1] == editable(project, "dev,starter")
    install.install(["starter"])  # `make run` after `make test`
    assert pip.take_calls() == []


def test_a_changed_pyproject_is_installed_again(pip: FakePip, project: Path) -> None:
    install.install(["dev"])
    pip.take_calls()
    project.write_text("[project]\nname = 'preheat'\n")
    install.install(["dev"])
    assert pip.take_calls() == [editable(project, "dev")]


def test_a_wheel_with_other_flags_replaces_the_installed_one(
    pip: FakePip, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install.install(["starter"])
    pip.take_calls()
    cuda = tmp_path / "cuda" / "llama.whl"
    monkeypatch.setattr(install, "ensure_wheel", lambda: cuda)
    install.install(["starter"])
    assert pip.take_calls() == [["install", "--force-reinstall", "--no-deps", str(cuda)]]


@pytest.mark.parametrize(("library", "removed"), [("1.0", True), ("2.0", False), (None, False)])
def test_a_library_for_another_llama_cpp_is_removed(
    pip: FakePip, monkeypatch: pytest.MonkeyPatch, library: str | None, removed: bool
) -> None:
    versions = {"llama-cpp-python": "2.0", "preheat-vulkan": library}
    monkeypatch.setattr(install, "installed_version", versions.get)
    install.install(["starter"])
    assert (["uninstall", "--yes", "preheat-vulkan"] in pip.take_calls()) == removed


def test_a_failed_installation_is_repeated(pip: FakePip, project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(arguments: list[str]) -> None:
        raise SetupError("pip failed", remedy="again")

    pip([str(project.parent / "x.whl")])
    monkeypatch.setattr(install, "pip", fail)
    with pytest.raises(SetupError):
        install.install(["starter"])
    monkeypatch.setattr(install, "pip", pip)
    install.install(["starter"])
    assert pip.take_calls()[-1] == editable(project, "starter")


def test_the_system_python_is_refused(pip: FakePip, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.base_prefix", sys.prefix)
    with pytest.raises(SetupError, match="not in a virtual environment"):
        install.install(["starter"])
    assert pip.take_calls() == []


def test_the_origin_of_an_installed_distribution_is_known() -> None:
    origin = install.installed_from("llama-cpp-python")
    assert origin is not None
    assert origin.startswith("file://")
    assert origin.endswith(".whl")
    assert install.installed_from("pytest") is None
    assert install.installed_from("no-such-distribution") is None
    assert install.installed_version("pytest") == pytest.__version__
    assert install.installed_version("no-such-distribution") is None
