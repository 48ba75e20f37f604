from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from local_hub import TOKEN, LocalHub
from preheat.errors import HubOfflineError, HubUnreachableError, InvalidRequestError, ModelNotFoundError
from preheat.models import Headroom, ModelFile, OfferedFile
from preheat.models.catalogue import Machine, Task, load_catalogue, repo_card, repo_offer, search, suggestions
from preheat.models.catalogue.offers import here
from preheat.models.hub import Hub
from preheat.settings import Settings

GB = 10**9
REPO = "someone/Tiny-GGUF"


def model(path: str) -> ModelFile:
    return ModelFile(Path(path).stem.lower(), Path(path), 1, "llama", 8192, False, True, (Path(path),), 0)


def machine(limit_bytes: int = 8 * GB, *paths: str, **settings: Any) -> Machine:
    return Machine(Headroom.beside({}, limit_bytes), Settings(**settings), [model(path) for path in paths])


@pytest.fixture
def hub(local_hub: LocalHub) -> LocalHub:
    files = {f"Tiny-{name}.gguf": bytes(size) for name, size in (("Q4_K_M", 400), ("Q8_0", 800), ("F16", 1600))}
    local_hub.add_repo(REPO, files, gguf={"total": 10**6, "context_length": 4096})
    return local_hub


def test_ollamas_models_are_matched_by_name() -> None:
    ollama = replace(model("/ollama/blobs/sha256-1"), aliases=("qwen3:4b",))
    assert here("Qwen/Qwen3-4B-GGUF", [ollama], ("qwen3:4b",)) == ("sha256-1",)
    found = suggestions(Machine(Headroom.beside({}, 8 * GB), Settings(), [ollama]))
    assert [entry.name for entry in found if entry.here] == ["qwen3:4b"]


def test_a_search_names_the_models_on_disk(hub: LocalHub) -> None:
    (found,) = search(Hub(), machine(8 * GB, f"/models/{REPO}/Tiny-Q4_K_M.gguf"), "tiny")
    assert (found.repo, found.here) == (REPO, ("tiny-q4_k_m",))


def test_a_repository_offers_variants_with_names_to_pull(hub: LocalHub) -> None:
    offer = repo_offer(Hub(), machine(), f"hf.co/{REPO}:Q8_0")
    assert [(variant.name, variant.total_bytes) for variant in offer.variants] == [
        (f"{REPO}:Q4_K_M", 400),
        (f"{REPO}:Q8_0", 800),
        (f"{REPO}:F16", 1600),
    ]
    assert [variant.recommended for variant in offer.variants] == [False, True, False]
    assert (offer.commit, offer.trained_context, offer.here) == (hub.repos[REPO].head, 4096, ())
    assert str(offer.why).startswith("Q8_0 needs about 0.2 GB of 8.0 GB")
    assert offer.variants[0].files == (OfferedFile("Tiny-Q4_K_M.gguf", 400),)


def test_two_files_of_one_quantization_are_named_by_their_paths(hub: LocalHub) -> None:
    hub.add_repo("a/b", {"x-Q4_0.gguf": b"1", "y-Q4_0.gguf": b"22", "plain.gguf": b"333"})
    names = [variant.name for variant in repo_offer(Hub(), machine(), "a/b").variants]
    assert names == ["a/b/x-Q4_0.gguf", "a/b/y-Q4_0.gguf", "a/b/plain.gguf"]


def test_nothing_fits_a_machine_without_room(hub: LocalHub) -> None:
    offer = repo_offer(Hub(), machine(1000), REPO)
    assert not any(variant.fits or variant.recommended for variant in offer.variants)
    assert offer.why is None


def test_context_length_and_kv_cache_count(hub: LocalHub) -> None:
    def memory(**settings: Any) -> int:
        return repo_offer(Hub(), machine(**settings), REPO).variants[0].memory_bytes

    assert memory(context_length=1024) < memory() == memory(context_length=10**6)
    assert memory(kv_cache_type="q4_0") < memory(kv_cache_type="q8_0") < memory()


@pytest.mark.parametrize(("name", "error"), [("../x", InvalidRequestError), ("qwen99", ModelNotFoundError)])
def test_what_is_no_name_is_not_asked_for(hub: LocalHub, name: str, error: type[Exception]) -> None:
    with pytest.raises(error):
        repo_offer(Hub(), machine(), name)
    assert hub.requests == []


def test_the_catalogue_needs_no_hub(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    found = suggestions(machine(8 * GB, "/lm/Qwen/Qwen3-8B-GGUF/Qwen3-8B-Q4_K_M.gguf"))
    assert [entry.name for entry in found] == [entry.name for entry in load_catalogue()]
    by_name = {entry.name: entry for entry in found}
    assert by_name["qwen3:8b"].here == ("qwen3-8b-q4_k_m",)
    assert by_name["qwen3:4b"].here == ()
    assert by_name["qwen3:8b"].best
    assert {entry.task for entry in suggestions(machine(), Task.RERANK)} == {"rerank"}
    with pytest.raises(HubOfflineError):
        search(Hub(), machine(), "x")


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("/models/someone/tiny-gguf/a.gguf", True),
        ("/models/someone/Tiny-GGUF/sub/a.gguf", True),
        ("/hub/models--someone--Tiny-GGUF/snapshots/abc/a.gguf", True),
        ("/models/Tiny-GGUF/a.gguf", False),
        ("/models/else/someone/Tiny-GGUF.gguf", False),
        ("/models/nosomeone/Tiny-GGUF/a.gguf", False),
    ],
)
def test_the_origin_of_a_model_follows_from_its_folders(path: str, found: bool) -> None:
    assert here(REPO, [model(path)]) == ((Path(path).stem.lower(),) if found else ())


def test_a_search_estimates_sizes(hub: LocalHub) -> None:
    hub.add_repo("a/Big-tiny", {"b-Q4_K_M.gguf": b"x", "b-Q8_0.gguf": b"x"}, gguf={"total": 8 * 10**9})
    hub.add_repo("a/Unknown-tiny", {"plain.gguf": b"x"}, gguf={"total": 8 * 10**9})
    found = {model.title: model for model in search(Hub(), machine(8 * GB, context_length=4096), "tiny")}
    big, unknown = found["Big-tiny"], found["Unknown-tiny"]
    assert (big.quantization, big.download_bytes, big.fits) == ("Q4_K_M", int(8e9 * 4.8 / 8), True)
    assert big.download_bytes < big.memory_bytes < 8 * GB
    assert (unknown.quantization, unknown.download_bytes, unknown.fits) == ("", 0, None)
    (small,) = [model for model in search(Hub(), machine(GB), "big")]
    assert (small.quantization, small.fits) == ("Q4_K_M", False)


def test_the_catalogue_is_searched_by_words() -> None:
    assert [model.name for model in suggestions(machine(), query="QWEN coder 1.5b")] == ["qwen2.5-coder:1.5b"]
    assert suggestions(machine(), query="no such model") == ()
    assert {model.task for model in suggestions(machine(), Task.VISION, "gemma")} == {"vision"}


def test_without_a_connection_the_catalogue_knows_sizes(hub: LocalHub) -> None:
    hub.stop()
    offer = repo_offer(Hub(), machine(), "qwen3:8b")
    assert offer.from_catalogue
    assert offer.repo == "Qwen/Qwen3-8B-GGUF"
    assert offer.variants[0].name.startswith("Qwen/Qwen3-8B-GGUF:Q")
    assert any(variant.recommended for variant in offer.variants)
    with pytest.raises(HubUnreachableError):
        repo_offer(Hub(), machine(), REPO)


def test_access_to_a_gated_repository(hub: LocalHub, monkeypatch: pytest.MonkeyPatch) -> None:
    assert repo_offer(Hub(), machine(), REPO).access is None
    hub.add_repo("meta/Gated", {"g-Q4_0.gguf": b"x"}, gated="manual")
    assert repo_offer(Hub(), machine(), "meta/Gated").access is False
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    assert repo_offer(Hub(), machine(), "meta/Gated").access is True


def test_a_card_has_links_to_the_hub(hub: LocalHub) -> None:
    hub.publish(REPO, "README.md", b"# Tiny\n[more](docs/more.md)")
    card = repo_card(Hub(), f"{REPO}:Q4_K_M")
    assert card.html.startswith("<h1>Tiny</h1>")
    assert f'<a href="{hub.url}/{REPO}/blob/main/docs/more.md">' in card.html
    hub.publish(REPO, "README.md", b"word " * 30_000)
    assert repo_card(Hub(), REPO).shortened
