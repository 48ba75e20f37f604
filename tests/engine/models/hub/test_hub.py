"""What Preheat asks of a hub, and what becomes of every way in which a hub fails."""

from __future__ import annotations

import hashlib
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from fake_keyring import FakeKeyring
from local_hub import TOKEN, LocalHub
from local_hub_state import Place
from preheat.errors import (
    EngineError,
    GatedRepoError,
    HubError,
    HubFileNotFoundError,
    HubOfflineError,
    HubRateLimitedError,
    HubUnreachableError,
    RepoNotFoundError,
)
from preheat.messages import msg
from preheat.models import HubAccount
from preheat.models.hub.hub import MAX_CARD_BYTES, Hub, is_repo
from preheat.settings import HubToken

REPO = "someone/Tiny-GGUF"
FILE = "Tiny-Q4_K_M.gguf"
CONTENT = b"GGUF" + bytes(1000)
SHA256 = hashlib.sha256(CONTENT).hexdigest()
FACTS: dict[str, Any] = {
    "downloads": 1234,
    "likes": 56,
    "pipeline_tag": "text-generation",
    "lastModified": "2025-06-01T12:00:00.000Z",
    "cardData": {"license": "apache-2.0"},
    "gguf": {"total": 135_000_000, "context_length": 8192, "architecture": "llama"},
}


@pytest.fixture
def hub(local_hub: LocalHub) -> LocalHub:
    local_hub.add_repo(REPO, {FILE: CONTENT, "README.md": b"# Tiny", "Tiny-Q8_0.gguf": CONTENT * 2}, **FACTS)
    local_hub.add_repo("meta/Gated-GGUF", {FILE: CONTENT}, gated="manual", tags=["gguf", "license:llama3.2"])
    local_hub.add_repo("nomic/embed-GGUF", {"e.Q8_0.gguf": b"x"}, pipeline_tag="sentence-similarity", downloads=9)
    local_hub.requests.clear()
    return local_hub


def test_a_search_asks_once(hub: LocalHub) -> None:
    (found,) = Hub().search("tiny")
    assert (found.repo, found.title, found.task) == (REPO, "Tiny", "chat")
    assert (found.licence, found.gated, found.downloads, found.likes) == ("apache-2.0", False, 1234, 56)
    assert (found.updated_at, found.parameters) == (1748779200.0, 135_000_000)
    (asked,) = hub.requests
    assert asked.path.startswith("/api/models?filter=gguf&search=tiny&sort=downloads&limit=30&expand=cardData")


def test_a_search_sorts_and_limits_and_filters_by_task(hub: LocalHub) -> None:
    assert [model.repo for model in Hub().search("", sort="downloads", limit=2)] == [REPO, "nomic/embed-GGUF"]
    assert [model.repo for model in Hub().search("", task="embedding")] == ["nomic/embed-GGUF"]
    gated = Hub().search("gated")[0]
    assert (gated.gated, gated.licence, gated.task, gated.updated_at) == (True, "llama3.2", "", None)
    assert Hub().search("no such model") == []


def test_a_custom_licence_is_named(hub: LocalHub) -> None:
    hub.add_repo("a/b", {}, cardData={"license": "other", "license_name": "qwen-research"})
    assert Hub().search("a/b")[0].licence == "qwen-research"


def test_files_tell_variants_with_sizes_and_sums(hub: LocalHub) -> None:
    found = Hub().files(REPO)
    assert (found.repo, found.commit, found.licence, found.gated) == (REPO, hub.repos[REPO].head, "apache-2.0", False)
    assert (found.parameters, found.trained_context) == (135_000_000, 8192)
    assert [(variant.quantization, variant.total_bytes) for variant in found.variants] == [
        ("Q4_K_M", len(CONTENT)),
        ("Q8_0", len(CONTENT) * 2),
    ]
    assert found.variants[0].files[0].sha256 == SHA256
    assert {file.path for file in found.files} == {FILE, "Tiny-Q8_0.gguf"}
    assert len(hub.requests) == 1


def test_files_of_another_commit(hub: LocalHub) -> None:
    old = hub.repos[REPO].head
    hub.publish(REPO, FILE, b"GGUF")
    assert Hub().files(REPO, old).variants[0].total_bytes == len(CONTENT)
    assert Hub().files(REPO).variants[0].total_bytes == 4


def test_paths_that_lead_elsewhere_are_not_offered(hub: LocalHub) -> None:
    hub.add_repo("evil/x", dict.fromkeys(["../a-Q4_0.gguf", "/b-Q4_0.gguf", "c\\..\\d.gguf", ".hidden.gguf"], b"x"))
    assert (Hub().files("evil/x").files, Hub().files("evil/x").variants) == ((), ())


def test_a_file_is_located_on_the_other_host_without_the_token(hub: LocalHub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    found = Hub().locate(REPO, hub.repos[REPO].head, FILE)
    assert found.url.startswith(hub.cdn_url)
    assert (found.size_bytes, found.sha256, found.etag) == (len(CONTENT), SHA256, SHA256)
    assert "authorization" not in {name.lower() for name in found.headers}
    assert found.headers["accept-encoding"] == "identity"
    assert hub.requests[-1].headers["authorization"] == f"Bearer {TOKEN}"


def test_a_small_file_is_located_on_the_hub_with_the_token(hub: LocalHub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    found = Hub().locate(REPO, "main", "README.md")
    assert (found.url, found.size_bytes, found.sha256) == (f"{hub.url}/{REPO}/resolve/main/README.md", 6, None)
    assert found.headers["authorization"] == f"Bearer {TOKEN}"
    assert TOKEN not in repr(found)


def test_the_stored_token_is_used(hub: LocalHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "token").write_text(f"{TOKEN}\n")
    monkeypatch.setattr("huggingface_hub.constants.HF_TOKEN_PATH", str(tmp_path / "token"))
    assert Hub().locate("meta/Gated-GGUF", "main", FILE).size_bytes == len(CONTENT)


def test_only_the_request_reaches_the_hub(hub: LocalHub) -> None:
    Hub().search("tiny")
    Hub().files(REPO)
    Hub().locate(REPO, "main", FILE)
    assert [(seen.method, seen.path.partition("?")[0]) for seen in hub.requests] == [
        ("GET", "/api/models"),
        ("GET", f"/api/models/{REPO}/revision/main"),
        ("HEAD", f"/{REPO}/resolve/main/{FILE}"),
    ]
    assert all(seen.headers["user-agent"].startswith("preheat/") for seen in hub.requests)


def fails(code: str, expected: type[EngineError], *words: str, call: object = None) -> HubError:
    """Check that the call fails with this error, and that its words name what they should."""
    with pytest.raises(expected) as failure:
        (call or Hub().files)(*(() if call else (REPO,)))  # type: ignore[operator]
    error = failure.value
    assert (type(error), error.code) == (expected, code)
    assert isinstance(error, HubError)
    assert error.title
    assert error.hint
    assert not error.title.endswith(".")
    for word in words:
        assert word in f"{error.title} {error.hint}"
    return error


def test_a_repository_that_is_missing_or_private(hub: LocalHub, monkeypatch: pytest.MonkeyPatch) -> None:
    hub.add_repo("me/Private", {}, private=True)
    for name in ("nobody/nothing", "me/Private"):
        fails("repo_not_found", RepoNotFoundError, name, "preheat hub login", call=lambda name=name: Hub().files(name))
    hub.tokens.add("hf_other")
    monkeypatch.setenv("HF_TOKEN", "hf_other")
    fails("repo_not_found", RepoNotFoundError, "spelling", call=lambda: Hub().files("nobody/nothing"))
    fails("repo_not_found", RepoNotFoundError, "revision", call=lambda: Hub().files(REPO, "v9"))


@pytest.mark.parametrize("name", ["", "alone", "a/b/c", "../x", "a/..", "a/b..c", "a b/c", "-a/b", "a/b.", "a/b\n"])
def test_what_is_no_name_is_not_asked_for(hub: LocalHub, name: str) -> None:
    assert not is_repo(name)
    fails("repo_not_found", RepoNotFoundError, "owner/name", call=lambda: Hub().files(name))
    fails("repo_not_found", RepoNotFoundError, call=lambda: Hub().locate(name, "main", "x"))
    assert hub.requests == []


def test_a_file_that_is_missing(hub: LocalHub) -> None:
    fails("hub_file_not_found", HubFileNotFoundError, "gone.gguf", call=lambda: Hub().locate(REPO, "main", "gone.gguf"))


def test_a_gated_repository_says_how_to_get_access(hub: LocalHub, monkeypatch: pytest.MonkeyPatch) -> None:
    def locate() -> object:
        return Hub().locate("meta/Gated-GGUF", "main", FILE)

    page = f"{hub.url}/meta/Gated-GGUF"
    fails("gated_repo", GatedRepoError, page, "preheat hub login", "HF_TOKEN", call=locate)
    hub.tokens.add("hf_stranger")
    monkeypatch.setenv("HF_TOKEN", "hf_stranger")
    fails("gated_repo", GatedRepoError, page, "Your account", call=locate)
    hub.fail_next(403, at="resolve")
    fails("gated_repo", GatedRepoError, "meta/Gated-GGUF", call=locate)
    assert Hub().files("meta/Gated-GGUF").gated


def test_a_token_that_the_hub_does_not_know(hub: LocalHub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf_wrong")
    for call in (lambda: Hub().files(REPO), lambda: Hub().search("x"), lambda: Hub().locate(REPO, "main", FILE)):
        error = fails("hub_error", HubError, "token", "preheat hub login", call=call)
        assert "hf_wrong" not in str(error)


def test_a_token_file_that_cannot_be_read(hub: LocalHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_TOKEN_PATH", str(tmp_path))  # a folder
    fails("hub_error", HubError, "token", "HF_TOKEN_PATH")


@pytest.mark.parametrize(
    ("headers", "expected_s"),
    [
        ({"retry_after": "7"}, 7.0),
        ({"ratelimit": '"api";r=0;t=55'}, 55.0),
        ({"ratelimit": '"api";r=3;t=55', "retry_after": "7"}, 7.0),
        ({}, 60.0),
        ({"retry_after": "soon"}, 60.0),
    ],
)
def test_too_many_requests(hub: LocalHub, headers: dict[str, Any], expected_s: float) -> None:
    calls: tuple[tuple[Place, Callable[[], object]], ...] = (
        ("api", lambda: Hub().search("x")),
        ("api", lambda: Hub().files(REPO)),
        ("resolve", lambda: Hub().locate(REPO, "main", FILE)),
    )
    for place, call in calls:
        hub.fail_next(429, at=place, **headers)
        error = fails("hub_rate_limited", HubRateLimitedError, call=call)
        assert error.retry_after_s == expected_s
    assert len(hub.requests) == 3  # none was repeated behind the user's back


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_server_errors_of_the_hub(hub: LocalHub, status: int) -> None:
    hub.fail_next(status, at="api", times=2)
    hub.fail_next(status, at="resolve", retry_after="9")
    fails("hub_unreachable", HubUnreachableError, str(status), call=lambda: Hub().search("x"))
    fails("hub_unreachable", HubUnreachableError, str(status))
    error = fails("hub_unreachable", HubUnreachableError, call=lambda: Hub().locate(REPO, "main", FILE))
    assert error.retry_after_s == 9


def test_an_unknown_status(hub: LocalHub) -> None:
    hub.fail_next(418, at="api")
    fails("hub_error", HubError, "418", "scripted")


@pytest.mark.parametrize("page", ["<html>Sign in</html>", "[1, 2]", "{}", '"text"', "null"])
def test_an_answer_from_another_server(hub: LocalHub, page: str) -> None:
    hub.answer_next(page)
    fails("hub_error", HubError)


@pytest.mark.parametrize("page", ["<html>Sign in</html>", '{"id": "a"}', "[1]", '[{"downloads": 1}]', "17"])
def test_a_search_answer_from_another_server(hub: LocalHub, page: str) -> None:
    hub.answer_next(page)
    fails("hub_error", HubError, call=lambda: Hub().search("x"))


def test_a_location_from_another_server(hub: LocalHub) -> None:
    hub.answer_next("<html>Sign in</html>", at="resolve")
    fails("hub_error", HubError, "HF_ENDPOINT", call=lambda: Hub().locate(REPO, "main", FILE))


def test_no_hub_there(hub: LocalHub) -> None:
    endpoint = hub.url
    hub.stop()
    fails("hub_unreachable", HubUnreachableError, endpoint, "HF_ENDPOINT")
    fails("hub_unreachable", HubUnreachableError, call=lambda: Hub().search("x"))
    fails("hub_unreachable", HubUnreachableError, call=lambda: Hub().locate(REPO, "main", FILE))


def test_a_connection_that_is_cut(hub: LocalHub) -> None:
    hub.drop_next(at="api", times=2)
    fails("hub_unreachable", HubUnreachableError)
    fails("hub_unreachable", HubUnreachableError, call=lambda: Hub().search("x"))


def test_a_hub_that_does_not_answer(local_hub: LocalHub) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        hub = Hub(f"http://127.0.0.1:{silent.getsockname()[1]}", timeout_s=0.1)
        for call in (lambda: hub.search("x"), lambda: hub.files(REPO), lambda: hub.locate(REPO, "main", FILE)):
            fails("hub_unreachable", HubUnreachableError, "in time", call=call)


@pytest.mark.parametrize("endpoint", ["nonsense", "http://[", "ftp://x", "http://no-such-host.invalid"])
def test_a_malformed_address(local_hub: LocalHub, endpoint: str) -> None:
    fails("hub_unreachable", HubUnreachableError, "HF_ENDPOINT", call=lambda: Hub(endpoint).search("x"))


def test_offline_asks_nothing(hub: LocalHub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    for call in (lambda: Hub().search("x"), lambda: Hub().files(REPO), lambda: Hub().locate(REPO, "main", FILE)):
        fails("hub_offline", HubOfflineError, "HF_HUB_OFFLINE", call=call)
    assert hub.requests == []


def test_the_environment_is_honoured_by_a_new_process(hub: LocalHub, tmp_path: Path) -> None:
    code = (
        "from preheat.models.hub.hub import Hub\n"
        "from preheat.errors import EngineError\n"
        "try: print(Hub().locate('meta/Gated-GGUF', 'main', 'Tiny-Q4_K_M.gguf').size_bytes)\n"
        "except EngineError as error: print(error.code)"
    )

    def run(**variables: str) -> str:
        environment = {**os.environ, "HF_HOME": str(tmp_path), **variables}
        done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
        assert done.stderr == ""
        return done.stdout.strip()

    assert run() == "gated_repo"
    assert run(HF_TOKEN=TOKEN) == str(len(CONTENT))
    assert run(HF_TOKEN=TOKEN, HF_HUB_OFFLINE="1") == "hub_offline"
    (tmp_path / "token").write_text(TOKEN)
    assert run() == str(len(CONTENT))
    assert run(HF_HUB_DISABLE_IMPLICIT_TOKEN="1") == "gated_repo"


def test_many_threads_may_ask_at_once(hub: LocalHub) -> None:
    found: list[str] = []
    asked = Hub()
    threads = [threading.Thread(target=lambda: found.append(asked.files(REPO).commit)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [hub.repos[REPO].head] * 8


def test_a_search_tells_abilities_and_quantizations(local_hub: LocalHub) -> None:
    template = "{% if tools %}{{ tools }}{% endif %}{{ messages }}"
    files = {"v-Q8_0.gguf": b"xy", "v-Q4_K_M.gguf": b"x", "mmproj-F16.gguf": b"x", "README.md": b"x"}
    gguf = {"total": 2_000_000_000, "context_length": 4096, "chat_template": template}
    local_hub.add_repo("some/Viewer-GGUF", files, gguf=gguf)
    local_hub.add_repo("some/Viewer-embed", {"e-F16.gguf": b"x"}, gguf={"total": "many", "chat_template": 3})
    embed, viewer = sorted(Hub().search("viewer"), key=lambda model: model.task, reverse=True)
    assert (viewer.abilities, set(viewer.quantizations)) == (("chat", "tools", "vision"), {"Q4_K_M", "Q8_0"})
    assert (viewer.parameters, viewer.trained_context) == (2_000_000_000, 4096)
    assert (embed.abilities, embed.parameters, embed.quantizations) == (("embedding",), 0, ("F16",))
    files_of = Hub().files("some/Viewer-GGUF")
    assert (files_of.abilities, files_of.task) == (("chat", "tools", "vision"), "")


def test_the_card_of_a_repository(local_hub: LocalHub) -> None:
    local_hub.add_repo("some/Carded", {"a.gguf": b"x", "README.md": "# Hëllo".encode()}, gated="auto")
    local_hub.repos["some/Carded"].gated = False
    local_hub.add_repo("some/Plain", {"a.gguf": b"x"})
    local_hub.add_repo("some/Long", {"README.md": b"x" * 300_000})
    assert [Hub().card(name) for name in ("some/Carded", "some/Plain")] == ["# Hëllo", ""]
    assert len(Hub().card("some/Long")) == MAX_CARD_BYTES
    with pytest.raises(RepoNotFoundError):
        Hub().card("some/Missing")
    local_hub.stop()
    with pytest.raises(HubUnreachableError):
        Hub().card("some/Carded")


def test_the_keyrings_token_is_used(local_hub: LocalHub, fake_keyring: FakeKeyring, preheat_home: Path) -> None:
    local_hub.add_repo("meta/Closed", {"a.gguf": b"x"}, gated="manual")
    hub = Hub()
    assert (hub.has_access("meta/Closed"), hub.account()) == (False, HubAccount(""))
    HubToken().write(TOKEN)
    assert (hub.has_access("meta/Closed"), hub.account()) == (True, HubAccount("keyring", "ada"))
    assert hub.account(check=False) == HubAccount("keyring")
    HubToken().write("hf_somebody_else")
    assert hub.account().problem == msg("hub_token_invalid")
    local_hub.stop()
    problem = hub.account().problem
    assert problem is not None
    assert problem.code == "hub_no_connection"


def test_a_variable_comes_before_the_keyring(
    local_hub: LocalHub, fake_keyring: FakeKeyring, preheat_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    HubToken().write("hf_somebody_else")
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    assert Hub().account() == HubAccount("environment", "ada")
    monkeypatch.delenv("HF_TOKEN")
    fake_keyring.priority = 0
    unusable = Hub().account()
    assert (unusable.source, unusable.problem) == ("", msg("keyring_none"))
