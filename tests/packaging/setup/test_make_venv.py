"""The search for a Python, with fake interpreters."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[3] / "packaging" / "setup" / "make_venv.sh"

# A fake interpreter: it reports whether it is new enough and has venv, and creates an environment.
INTERPRETER = """#!/bin/sh
case "$*" in
*version_info\\ *) exit {too_old} ;;
*version_info[[]*) echo 3.99 ;;
*ensurepip*) exit {no_venv} ;;
--version) echo "Python {name}" ;;
"-m venv .venv") mkdir -p .venv/bin && cp "$0" .venv/bin/python ;;
*) echo "unexpected: $*" >&2; exit 99 ;;
esac
"""


class Machine:
    """A checkout, and a folder with all commands on PATH."""

    def __init__(self, root: Path) -> None:
        self.commands = root / "bin"
        self.checkout = root / "checkout"
        self.commands.mkdir()
        self.checkout.mkdir()
        for name in ("sh", "cat", "rm", "mkdir", "cp"):
            command = shutil.which(name)
            assert command is not None
            (self.commands / name).symlink_to(command)
        self.add_command("id", "#!/bin/sh\necho 1000\n")

    def add_command(self, name: str, text: str) -> None:
        (self.commands / name).unlink(missing_ok=True)
        (self.commands / name).write_text(text)
        (self.commands / name).chmod(0o755)

    def add_python(self, name: str, *, too_old: bool = False, no_venv: bool = False) -> None:
        self.add_command(name, INTERPRETER.format(name=name, too_old=int(too_old), no_venv=int(no_venv)))

    def make_venv(self, **variables: str) -> subprocess.CompletedProcess[str]:
        environ = {"PATH": str(self.commands), **variables}
        return subprocess.run(
            ["sh", str(SCRIPT)], cwd=self.checkout, env=environ, capture_output=True, text=True, check=False
        )


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def test_python3_is_used_if_it_is_new_enough(machine: Machine) -> None:
    machine.add_python("python3")
    machine.add_python("python3.12")
    done = machine.make_venv()
    assert (done.returncode, done.stdout, done.stderr) == (0, "preheat: creating .venv with Python python3\n", "")


def test_a_newer_python_is_preferred_to_an_old_python3(machine: Machine) -> None:
    machine.add_python("python3", too_old=True)
    machine.add_python("python3.11")
    machine.add_python("python3.12")
    assert machine.make_venv().stdout == "preheat: creating .venv with Python python3.12\n"


def test_a_python_with_venv_is_preferred(machine: Machine) -> None:
    machine.add_python("python3", no_venv=True)
    machine.add_python("python3.11")
    assert machine.make_venv().stdout == "preheat: creating .venv with Python python3.11\n"


def test_a_second_run_does_nothing(machine: Machine) -> None:
    machine.add_python("python3")
    machine.make_venv()
    marker = machine.checkout / ".venv" / "something-installed"
    marker.touch()
    done = machine.make_venv()
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert marker.exists()


def test_a_moved_environment_is_recreated(machine: Machine) -> None:
    machine.add_python("python3")
    machine.make_venv()
    machine.checkout = machine.checkout.rename(machine.checkout.with_name("elsewhere"))
    assert machine.make_venv().stdout == "preheat: creating .venv with Python python3\n"
    assert machine.make_venv().stdout == ""


def test_an_environment_without_its_python_is_recreated(machine: Machine) -> None:
    machine.add_python("python3")
    machine.make_venv()
    (machine.checkout / ".venv" / "bin" / "python").unlink()
    assert machine.make_venv().stdout == "preheat: creating .venv with Python python3\n"


def test_a_missing_python_is_reported_with_a_remedy(machine: Machine) -> None:
    machine.add_python("python3", too_old=True)
    done = machine.make_venv()
    assert done.returncode == 1
    assert "no Python 3.11 or newer with venv was found" in done.stderr
    assert "apt install python3 python3-venv" in done.stderr
    assert not (machine.checkout / ".venv").exists()


def test_the_named_interpreter_is_used_or_refused(machine: Machine) -> None:
    machine.add_python("python3")
    machine.add_python("mine")
    machine.add_python("old", too_old=True)
    assert machine.make_venv(PYTHON="mine").stdout == "preheat: creating .venv with Python mine\n"
    shutil.rmtree(machine.checkout / ".venv")
    done = machine.make_venv(PYTHON="old")
    assert done.returncode == 1
    assert "tried: old" in done.stderr


def test_venv_is_installed_with_apt_as_root(machine: Machine, tmp_path: Path) -> None:
    machine.add_python("python3", no_venv=True)
    machine.add_command("id", "#!/bin/sh\necho 0\n")
    ready = INTERPRETER.format(name="python3", too_old=0, no_venv=0)
    (tmp_path / "ready").write_text(ready)
    log = tmp_path / "apt.log"
    install = f'case "$1" in install) cat {tmp_path}/ready >{machine.commands}/python3 ;; esac'
    machine.add_command("apt-get", f'#!/bin/sh\necho "$*" >>{log}\n{install}\n')
    done = machine.make_venv()
    assert done.returncode == 0
    assert log.read_text().splitlines() == ["update -qq", "install -y -qq --no-install-recommends python3.99-venv"]
    assert "installing python3.99-venv with apt-get" in done.stderr


def test_nothing_is_installed_without_root(machine: Machine, tmp_path: Path) -> None:
    machine.add_python("python3", no_venv=True)
    machine.add_command("apt-get", f"#!/bin/sh\ntouch {tmp_path}/started\n")
    assert machine.make_venv().returncode == 1
    assert not (tmp_path / "started").exists()
    assert list(machine.checkout.iterdir()) == []
