"""The library of an engine, this process's own or another's, as the windows have it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from local_hub import LocalHub
from preheat import paths
from preheat.control import (
    CancelDownload,
    Command,
    EngineSession,
    ForgetDownload,
    GetCatalogue,
    GetModel,
    GetRepo,
    ImportFile,
    PauseDownload,
    PullModel,
    RemoveModel,
    ResumeDownload,
    SearchHub,
    open_session,
)
from preheat.errors import EngineError
from preheat.models.downloads import DownloadState
from preheat.settings import SettingsStore
from tests.engine.application import Application, eventually
from tests.engine.control.conftest import SMALL, StartSession

REPO = "someone/Tiny-GGUF"

Start = Callable[..., Application]


@pytest.fixture
def hub(local_hub: LocalHub, embedding_model: Path) -> LocalHub:
    """A hub with one small real model."""
    files = {"Tiny-Q8_0.gguf": embedding_model.read_bytes()}
    local_hub.add_repo(REPO, files, downloads=7, gguf={"total": 22_565_376, "context_length": 512})
    return local_hub


@pytest.fixture(params=["own", "attached"])
def session(request: pytest.FixtureRequest, hub: LocalHub) -> Iterator[EngineSession]:
    """An engine of this process, or of one that runs."""
    if request.param == "own":
        start_session: StartSession = request.getfixturevalue("start_session")
        yield start_session()
        return
    start: Start = request.getfixturevalue("start")
    variables = {f"PREHEAT_{name.upper()}": value for name, value in SMALL.items() if name not in ("port", "preload")}
    start(**variables, HF_ENDPOINT=os.environ["HF_ENDPOINT"])
    attached = open_session(SettingsStore())
    yield attached
    attached.close()


def download_state(session: EngineSession, download_id: str) -> DownloadState | None:
    found = [each.state for each in session.snapshot.downloads if each.download_id == download_id]
    return found[0] if found else None


def knows(session: EngineSession, model_id: str) -> bool:
    return session.snapshot.model(model_id) is not None


def test_a_model_is_found_fetched_described_and_deleted(session: EngineSession) -> None:
    (found,) = session.call(SearchHub("tiny")).models
    assert (found.repo, found.downloads, found.here) == (REPO, 7, ())
    offer = session.call(GetRepo(f"hf.co/{REPO}"))
    (variant,) = offer.variants
    assert (variant.name, variant.quantization_words) == (f"{REPO}:Q8_0", "8-bit, nearly as the original")
    assert variant.fits
    assert variant.recommended
    assert str(offer.why).startswith("Q8_0 needs about")
    download_id = session.call(PullModel(variant.name)).download_id
    eventually(lambda: download_state(session, download_id) is DownloadState.DONE, "the download")
    eventually(lambda: knows(session, "tiny-q8_0"), "the model")
    facts = session.call(GetModel("tiny-q8_0"))
    assert (facts.own, facts.source, facts.quantization, len(facts.files)) == (True, "preheat", "Q8_0", 1)
    assert facts.file_bytes == variant.total_bytes
    assert session.call(SearchHub("tiny", "embedding")).models == ()  # the hub says nothing of what it is for
    assert session.call(GetRepo(REPO)).here == ("tiny-q8_0",)
    session.call(ForgetDownload(download_id))
    eventually(lambda: download_state(session, download_id) is None, "the list without it")
    prompts = paths.cache_dir() / "prefixes" / "tiny-q8_0"
    prompts.mkdir(parents=True, mode=0o700)
    session.call(RemoveModel("tiny-q8_0"))
    eventually(lambda: not knows(session, "tiny-q8_0"), "the model's end")
    assert not prompts.exists()


def test_a_download_is_paused_resumed_and_cancelled(session: EngineSession, hub: LocalHub) -> None:
    hub.bytes_per_s = 200_000
    download_id = session.call(PullModel(REPO)).download_id
    eventually(lambda: download_state(session, download_id) is DownloadState.RUNNING, "the download")
    session.call(PauseDownload(download_id))
    eventually(lambda: download_state(session, download_id) is DownloadState.PAUSED, "the pause")
    session.call(ResumeDownload(download_id))
    eventually(lambda: download_state(session, download_id) is DownloadState.RUNNING, "the download")
    session.call(CancelDownload(download_id))
    eventually(lambda: download_state(session, download_id) is None, "the list without it")


def test_a_file_is_added(session: EngineSession, embedding_model: Path, tmp_path: Path) -> None:
    file = tmp_path / "Mine.gguf"
    file.write_bytes(embedding_model.read_bytes())
    assert Path(session.call(ImportFile(str(file))).path).name == "Mine.gguf"
    eventually(lambda: knows(session, "mine"), "the model")
    assert file.exists()


def test_the_catalogue_needs_no_hub(session: EngineSession, hub: LocalHub) -> None:
    suggestions = session.call(GetCatalogue()).models
    assert hub.requests == []
    by_name = {model.name: model for model in suggestions}
    assert len(by_name) == len(suggestions) > 20
    assert any(model.best and model.fits and not model.fitting.missing_bytes for model in suggestions)
    assert by_name["qwen3:4b"].pull_name == f"{by_name['qwen3:4b'].repo}:{by_name['qwen3:4b'].quantization}"
    assert by_name["qwen3:4b"].quantization_words


@pytest.mark.parametrize(
    ("command", "code"),
    [
        (GetRepo("nobody/nothing"), "repo_not_found"),
        (PullModel("x/../y"), "invalid_request"),
        (PauseDownload("none"), "download_not_found"),
        (GetModel("no/thing"), "model_not_found"),
        (RemoveModel("nothing"), "model_not_found"),
        (ImportFile("/nowhere.gguf"), "unusable_path"),
    ],
)
def test_errors_keep_their_code_and_say_what_to_do(session: EngineSession, command: Command[Any], code: str) -> None:
    with pytest.raises(EngineError) as raised:
        session.call(command)
    assert raised.value.code == code
    assert raised.value.hint
