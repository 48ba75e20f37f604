"""Fixtures of all tests. Tests never use the user's files, and leave no processes."""

from __future__ import annotations

import gc
import logging
import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import psutil
import pytest

from benchmarks.gguf_files import AGENT, ensure_model
from bug_watch import BugWatch
from fake_keyring import FakeKeyring
from local_hub import LocalHub
from preheat import paths
from scripted_models import write_scripted_models
from setup.starter_models import STARTER_MODELS

STARTER_FOLDER = paths.models_dir()
"""Folder of the starter models from `make`; read before the environment changes."""

CHAT_MODEL, EMBEDDING_MODEL = (STARTER_FOLDER / model.file_name for model in STARTER_MODELS)

EXIT_TIMEOUT_S = 60.0
TRIAL = "preheat.inference.worker.constraints.trial"

# A shell starts background jobs with Ctrl-C ignored, and what is ignored is inherited: tests send Ctrl-C to children.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# Hypothesis's limits of 0.2 s an example and of the time to make some fail whatever runs while the machine is busy. Its
# examples are the same in each run: one that fails fails here too. RANDOM_EXAMPLES=1 looks for others.
hypothesis.settings.register_profile(
    "preheat",
    deadline=None,
    derandomize=not os.environ.get("RANDOM_EXAMPLES"),
    suppress_health_check=[hypothesis.HealthCheck.too_slow],
)
hypothesis.settings.load_profile("preheat")


def pytest_collection_finish() -> None:
    """Keep the tests themselves, three quarters of a million objects, out of Python's further collections."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session", autouse=True)
def _own_environment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Hide the user's Preheat from tests and the processes they start."""
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("PREHEAT_")]:
            patch.delenv(name)
        patch.setenv("PREHEAT_HOME", str(tmp_path_factory.mktemp("preheat-home")))
        for name in [name for name in os.environ if name.startswith(("HF_", "HUGGING", "TRANSFORMERS_"))]:
            patch.delenv(name)
        patch.setenv("HF_HOME", str(tmp_path_factory.mktemp("hf-home")))
        # Nor are other programs' models found: these name the folders of those that let a variable do so, and the rest
        # are below the home folder.
        programs = tmp_path_factory.mktemp("programs")
        for name in ("HOME", "OLLAMA_MODELS", "LLAMA_CACHE", "JAN_DATA_FOLDER"):
            patch.setenv(name, str(programs / name.lower()))
        patch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")  # a test that forgets its hub must not ask the real one
        yield


@pytest.fixture(scope="session", autouse=True)
def _no_process_left(_own_environment: None) -> Iterator[None]:
    """Fail the run if a process outlives the tests, such as a worker without its engine."""
    before = set(psutil.Process().children(recursive=True))
    yield
    started = [process for process in psutil.Process().children(recursive=True) if process not in before]
    for process in started:
        if TRIAL in _command(process):  # it ends with its worker, which is this process
            process.kill()
    _, left = psutil.wait_procs(started, timeout=EXIT_TIMEOUT_S)
    assert not left, f"tests left processes behind: {[_command(process) for process in left]}"


@pytest.fixture(scope="module", autouse=True)
def _nothing_left_open() -> Iterator[None]:
    """Fail a module that leaves a connection or file to Python's collector, which would fail a later test."""
    yield
    gc.collect()


@pytest.fixture(autouse=True)
def bugs() -> Iterator[BugWatch]:
    """Fail each test during which Preheat logs a bug in this process, unless the test takes it."""
    watch, root = BugWatch(), logging.getLogger("preheat")
    root.addHandler(watch)
    yield watch
    root.removeHandler(watch)
    assert watch.take() == []


@pytest.fixture
def local_hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[LocalHub]:
    """A hub for one test, set as HF_ENDPOINT, without a signed-in user."""
    # huggingface_hub reads these from the environment when it is imported, which may have been before the tests began.
    monkeypatch.setattr("huggingface_hub.constants.HF_TOKEN_PATH", str(tmp_path / "no-token"))
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", False)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_DISABLE_TELEMETRY", True)  # a request that no test asked for
    with LocalHub() as hub:
        monkeypatch.setenv("HF_ENDPOINT", hub.url)
        yield hub


@pytest.fixture
def fake_keyring(monkeypatch: pytest.MonkeyPatch) -> FakeKeyring:
    """A keyring of one test."""
    keyring = FakeKeyring()
    monkeypatch.setitem(sys.modules, "keyring", keyring.module())
    return keyring


@pytest.fixture(scope="session")
def chat_model() -> Path:
    """SmolLM2-135M-Instruct, a real model that writes text, shared read-only."""
    return _present(CHAT_MODEL)


@pytest.fixture(scope="session")
def embedding_model() -> Path:
    """all-MiniLM-L6-v2, a real model that makes embeddings, shared read-only."""
    return _present(EMBEDDING_MODEL)


@pytest.fixture(scope="session")
def agent_model(tmp_path_factory: pytest.TempPathFactory, chat_model: Path) -> Path:
    """A model with random weights, SmolLM2's tokenizer and template, and 64k of context, shared read-only.

    A prompt of 10,000 tokens takes it about a second. Its answers have no end.
    """
    return ensure_model(AGENT, chat_model, tmp_path_factory.mktemp("agent"))


@pytest.fixture(scope="session")
def scripted_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of models that say exact texts: ``scripted-STYLE.gguf``, see ``scripted_models``; shared read-only."""
    folder = tmp_path_factory.mktemp("scripted")
    write_scripted_models(folder)
    return folder


@pytest.fixture
def preheat_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty PREHEAT_HOME for one test."""
    home = tmp_path / "preheat-home"
    home.mkdir()
    monkeypatch.setenv("PREHEAT_HOME", str(home))
    return home


@pytest.fixture
def starter_home(preheat_home: Path, chat_model: Path, embedding_model: Path) -> Path:
    """A PREHEAT_HOME for one test with both starter models, as after `make`."""
    models = paths.models_dir()
    models.mkdir(parents=True)
    for model in (chat_model, embedding_model):
        (models / model.name).symlink_to(model)
    return preheat_home


def _present(model: Path) -> Path:
    if not model.is_file():
        # Not a skip: that would hide a broken engine.
        pytest.fail(f"{model} is missing. Run `make test`, or packaging/setup/starter_models.py.")
    return model


def _command(process: psutil.Process) -> str:
    try:
        return " ".join(process.cmdline())
    except psutil.Error:
        return str(process)
