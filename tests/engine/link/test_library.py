"""The library of an engine, this process's own or another's, as the windows have it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from local_hub import LocalHub
from preheat.errors import EngineError
from preheat.link.library_json import facts_from_json, found_from_json, offer_from_json, suggestions_from_json
from preheat.link.link import EngineLink
from preheat.link.open_link import open_link
from preheat.models.downloads import DownloadState
from tests.engine.application import Application, eventually
from tests.engine.link.conftest import SMALL, StartLink

REPO = "someone/Tiny-GGUF"

Start = Callable[..., Application]


@pytest.fixture
def hub(local_hub: LocalHub, embedding_model: Path) -> LocalHub:
    """A hub with one small real model."""
    files = {"Tiny-Q8_0.gguf": embedding_model.read_bytes()}
    local_hub.add_repo(REPO, files, downloads=7, gguf={"total": 22_565_376, "context_length": 512})
    return local_hub


@pytest.fixture(params=["own", "attached"])
def link(request: pytest.FixtureRequest, hub: LocalHub) -> Iterator[EngineLink]:
    """An engine of this process, or of one that runs."""
    if request.param == "own":
        start_link: StartLink = request.getfixturevalue("start_link")
        yield start_link()
        return
    start: Start = request.getfixturevalue("start")
    variables = {f"PREHEAT_{name.upper()}": value for name, value in SMALL.items() if name not in ("port", "preload")}
    start(**variables, HF_ENDPOINT=os.environ["HF_ENDPOINT"])
    attached = open_link()
    yield attached
    attached.close()


def download_state(link: EngineLink, download_id: str) -> DownloadState | None:
    found = [each.state for each in link.snapshot.downloads if each.download_id == download_id]
    return found[0] if found else None


def knows(link: EngineLink, model_id: str) -> bool:
    return link.snapshot.model(model_id) is not None


def test_a_model_is_found_fetched_described_and_deleted(link: EngineLink) -> None:
    library = link.library
    (found,) = library.search("tiny")
    assert (found.repo, found.downloads, found.here) == (REPO, 7, ())
    offer = library.repo_files(f"hf.co/{REPO}")
    (variant,) = offer.variants
    assert (variant.name, variant.quantization_words) == (f"{REPO}:Q8_0", "8-bit, nearly as the original")
    assert variant.fits
    assert variant.recommended
    assert offer.why.startswith("Q8_0 needs about")
    download_id = library.pull(variant.name)
    eventually(lambda: download_state(link, download_id) is DownloadState.DONE, "the download")
    eventually(lambda: knows(link, "tiny-q8_0"), "the model")
    facts = library.model_details("tiny-q8_0")
    assert (facts.own, facts.source, facts.quantization, len(facts.files)) == (True, "preheat", "Q8_0", 1)
    assert facts.file_bytes == variant.total_bytes
    assert library.search("tiny", "embedding") == []  # the hub says nothing of what it is for
    assert library.repo_files(REPO).here == ("tiny-q8_0",)
    library.forget_download(download_id)
    eventually(lambda: download_state(link, download_id) is None, "the list without it")
    library.remove_model("tiny-q8_0")
    eventually(lambda: not knows(link, "tiny-q8_0"), "the model's end")


def test_a_download_is_paused_resumed_and_cancelled(link: EngineLink, hub: LocalHub) -> None:
    library = link.library
    hub.bytes_per_s = 200_000
    download_id = library.pull(REPO)
    eventually(lambda: download_state(link, download_id) is DownloadState.RUNNING, "the download")
    library.pause_download(download_id)
    eventually(lambda: download_state(link, download_id) is DownloadState.PAUSED, "the pause")
    library.resume_download(download_id)
    eventually(lambda: download_state(link, download_id) is DownloadState.RUNNING, "the download")
    library.cancel_download(download_id)
    eventually(lambda: download_state(link, download_id) is None, "the list without it")


def test_a_file_is_added(link: EngineLink, embedding_model: Path, tmp_path: Path) -> None:
    file = tmp_path / "Mine.gguf"
    file.write_bytes(embedding_model.read_bytes())
    assert Path(link.library.import_file(file)).name == "Mine.gguf"
    eventually(lambda: knows(link, "mine"), "the model")
    assert file.exists()


def test_the_catalogue_needs_no_hub(link: EngineLink, hub: LocalHub) -> None:
    suggestions = link.library.catalogue()
    assert hub.requests == []
    by_name = {model.name: model for model in suggestions}
    assert len(by_name) == len(suggestions) > 20
    assert any(model.best and model.fits and not model.missing_bytes for model in suggestions)
    assert by_name["qwen3:4b"].pull_name == f"{by_name['qwen3:4b'].repo}:{by_name['qwen3:4b'].quantization}"
    assert by_name["qwen3:4b"].quantization_words


@pytest.mark.parametrize(
    ("ask", "code"),
    [
        (lambda library: library.repo_files("nobody/nothing"), "repo_not_found"),
        (lambda library: library.pull("x/../y"), "invalid_request"),
        (lambda library: library.pause_download("none"), "download_not_found"),
        (lambda library: library.model_details("no/thing"), "model_not_found"),
        (lambda library: library.remove_model("nothing"), "model_not_found"),
        (lambda library: library.import_file(Path("/nowhere.gguf")), "folder_error"),
    ],
)
def test_errors_keep_their_code_and_say_what_to_do(
    link: EngineLink, ask: Callable[[object], object], code: str
) -> None:
    with pytest.raises(EngineError) as raised:
        ask(link.library)
    assert raised.value.code == code
    assert raised.value.hint


@pytest.mark.parametrize("read", [found_from_json, offer_from_json, suggestions_from_json, facts_from_json])
def test_another_versions_answer_is_an_error(read: Callable[[dict[str, object]], object]) -> None:
    with pytest.raises(EngineError, match="another version"):
        read({"models": [{"name": "a"}], "limit_bytes": 1})
