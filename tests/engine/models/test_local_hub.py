"""The tests' own hub behaves towards huggingface_hub as the real one does."""

from __future__ import annotations

import hashlib
from pathlib import Path

import httpx2
import pytest
from huggingface_hub import HfApi, get_hf_file_metadata, hf_hub_download, hf_hub_url
from huggingface_hub.errors import (
    GatedRepoError,
    HfHubHTTPError,
    RemoteEntryNotFoundError,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)
from huggingface_hub.hf_api import RepoFile

from local_hub import TOKEN, LocalHub

REPO = "someone/Tiny-GGUF"
FILE = "Tiny-Q4_K_M.gguf"
CONTENT = bytes(range(256)) * 4096


@pytest.fixture
def hub(local_hub: LocalHub) -> LocalHub:
    local_hub.add_repo(REPO, {FILE: CONTENT, "README.md": b"# Tiny", "sub/Tiny-Q8_0.gguf": CONTENT[:500]})
    return local_hub


def fetch(url: str, **headers: str) -> httpx2.Response:
    with httpx2.Client() as client:
        return client.get(url, headers=headers)


def cdn_url(hub: LocalHub) -> str:
    url = hf_hub_url(REPO, FILE, endpoint=hub.url)
    return get_hf_file_metadata(url, token=False).location


def test_its_client_downloads_a_large_file_from_the_other_host(hub: LocalHub, tmp_path: Path) -> None:
    path = hf_hub_download(REPO, FILE, local_dir=tmp_path, endpoint=hub.url, token=TOKEN)
    assert Path(path).read_bytes() == CONTENT
    assert [seen.method for seen in hub.seen("resolve")] == ["HEAD"]
    assert [(seen.status, seen.sent) for seen in hub.seen("cdn", "GET")] == [(200, len(CONTENT))]
    assert all("authorization" not in seen.headers for seen in hub.seen("cdn"))
    assert hub.sent_bytes == len(CONTENT)


def test_its_client_downloads_a_small_file_from_the_hub(hub: LocalHub, tmp_path: Path) -> None:
    path = hf_hub_download(REPO, "README.md", local_dir=tmp_path, endpoint=hub.url)
    assert Path(path).read_bytes() == b"# Tiny"
    assert hub.seen("cdn") == []


def test_its_client_reads_metadata(hub: LocalHub) -> None:
    found = get_hf_file_metadata(hf_hub_url(REPO, FILE, endpoint=hub.url), token=False)
    assert found.etag == hashlib.sha256(CONTENT).hexdigest()
    assert (found.size, found.commit_hash) == (len(CONTENT), hub.repos[REPO].head)
    assert found.location.startswith(hub.cdn_url)


def test_its_client_lists_models_files_and_trees(hub: LocalHub) -> None:
    api = HfApi(hub.url, token=False)
    hub.add_repo("other/Tiny-2-GGUF", {"a.gguf": b"x"}, downloads=9)
    found = list(api.list_models(filter="gguf", search="tiny", sort="downloads", limit=5))
    assert [model.id for model in found] == ["other/Tiny-2-GGUF", REPO]
    siblings = api.model_info(REPO, files_metadata=True).siblings or []
    assert {file.rfilename: file.size for file in siblings}[FILE] == len(CONTENT)
    assert {file.rfilename: file.size for file in api.model_info(REPO).siblings or []}[FILE] is None
    assert {entry.path for entry in api.list_repo_tree(REPO)} == {FILE, "README.md", "sub"}
    whole = {entry.path: entry for entry in api.list_repo_tree(REPO, recursive=True)}
    entry = whole[FILE]
    assert isinstance(entry, RepoFile)
    assert entry.lfs is not None
    assert entry.lfs.sha256 == hashlib.sha256(CONTENT).hexdigest()
    assert set(whole) == {FILE, "README.md", "sub", "sub/Tiny-Q8_0.gguf"}
    assert [entry.path for entry in api.list_repo_tree(REPO, "sub")] == ["sub/Tiny-Q8_0.gguf"]


def test_a_long_tree_is_paged(hub: LocalHub) -> None:
    hub.add_repo("big/Many", {f"{number:04}.txt": b"" for number in range(2500)})
    assert len(list(HfApi(hub.url, token=False).list_repo_tree("big/Many"))) == 2500
    assert [seen.path.partition("&cursor=")[2] for seen in hub.seen("api")] == ["", "1000", "2000"]


def test_its_client_reports_missing_repositories(hub: LocalHub) -> None:
    api = HfApi(hub.url, token=TOKEN)
    with pytest.raises(RepositoryNotFoundError):
        api.model_info("nobody/nothing")
    with pytest.raises(RevisionNotFoundError):
        api.model_info(REPO, revision="v9")
    with pytest.raises(RemoteEntryNotFoundError):
        get_hf_file_metadata(hf_hub_url(REPO, "missing.gguf", endpoint=hub.url), token=False)


def test_gated_and_private_repositories(hub: LocalHub) -> None:
    hub.add_repo("meta/Gated", {"a.gguf": b"x"}, gated="manual")
    hub.add_repo("me/Private", {"a.gguf": b"x"}, private=True)
    hub.tokens.add("hf_stranger")
    gated = hf_hub_url("meta/Gated", "a.gguf", endpoint=hub.url)
    for token, status in ((False, 401), ("hf_stranger", 403)):
        with pytest.raises(GatedRepoError) as refused:
            get_hf_file_metadata(gated, token=token)
        assert refused.value.response.status_code == status
    assert get_hf_file_metadata(gated, token=TOKEN).size == 1
    assert HfApi(hub.url, token=False).model_info("meta/Gated").gated == "manual"  # seen by all, as on the real hub
    with pytest.raises(RepositoryNotFoundError):
        HfApi(hub.url, token="hf_stranger").model_info("me/Private")
    with pytest.raises(HfHubHTTPError, match="Invalid credentials"):
        HfApi(hub.url, token="hf_wrong").model_info(REPO)


def test_ranges(hub: LocalHub) -> None:
    url = cdn_url(hub)
    whole = fetch(url)
    etag = whole.headers["ETag"]
    part = fetch(url, Range="bytes=100-199")
    assert (part.status_code, part.content) == (206, CONTENT[100:200])
    assert part.headers["Content-Range"] == f"bytes 100-199/{len(CONTENT)}"
    assert fetch(url, Range="bytes=1000-", **{"If-Range": etag}).content == CONTENT[1000:]
    changed = fetch(url, Range="bytes=1000-", **{"If-Range": '"other"'})
    assert (changed.status_code, changed.content) == (200, CONTENT)
    assert fetch(url, Range=f"bytes={len(CONTENT)}-").status_code == 416
    hub.ranges = False
    assert fetch(url, Range="bytes=100-").status_code == 200


def test_a_file_on_disk_is_sent_in_ranges_too(hub: LocalHub, tmp_path: Path) -> None:
    (tmp_path / "model.gguf").write_bytes(CONTENT)
    hub.swap(REPO, FILE, tmp_path / "model.gguf")
    assert fetch(cdn_url(hub)).content == CONTENT
    assert fetch(cdn_url(hub), Range="bytes=1000-").content == CONTENT[1000:]


def test_scripted_statuses(hub: LocalHub) -> None:
    url = cdn_url(hub)
    hub.fail_next(429, times=2, retry_after="3")
    assert [fetch(url).status_code for _ in range(3)] == [429, 429, 200]
    hub.fail_next(503, at="api")
    hub.fail_next(403, at="resolve", code="GatedRepo")
    assert fetch(url).status_code == 200
    assert fetch(f"{hub.url}/api/models").status_code == 503
    refused = fetch(hf_hub_url(REPO, FILE, endpoint=hub.url))
    assert (refused.status_code, refused.headers["X-Error-Code"]) == (403, "GatedRepo")
    hub.fail_next(429, retry_after="7")
    assert fetch(url).headers["Retry-After"] == "7"


def test_scripted_connections(hub: LocalHub) -> None:
    url = cdn_url(hub)
    hub.drop_next()
    with pytest.raises(httpx2.RemoteProtocolError):
        fetch(url)
    hub.cut_after(10_000)
    with httpx2.Client() as client, client.stream("GET", url) as response, pytest.raises(httpx2.RemoteProtocolError):
        list(response.iter_raw())
    assert response.num_bytes_downloaded == 10_000
    assert hub.sent_bytes == 10_000


def test_scripted_contents(hub: LocalHub) -> None:
    url = cdn_url(hub)
    hub.corrupt_next()
    wrong = fetch(url).content
    assert len(wrong) == len(CONTENT)
    assert wrong != CONTENT
    hub.wrong_length_next(-5)
    hub.wrong_length_next(5)
    assert [len(fetch(url).content) - len(CONTENT) for _ in range(3)] == [-5, 5, 0]
    etag = fetch(url).headers["ETag"]
    hub.swap(REPO, FILE, b"other")
    assert fetch(url).headers["ETag"] != etag
    hub.expire_urls()
    assert fetch(url).status_code == 403
    assert fetch(cdn_url(hub)).content == b"other"


def test_an_old_commit_stays_when_a_new_one_is_published(hub: LocalHub) -> None:
    old = hub.repos[REPO].head
    new = hub.publish(REPO, FILE, b"new")
    api = HfApi(hub.url, token=False)
    assert api.model_info(REPO).sha == new != old
    assert api.model_info(REPO, revision=old).sha == old
    assert get_hf_file_metadata(hf_hub_url(REPO, FILE, revision=old, endpoint=hub.url)).size == len(CONTENT)
    assert get_hf_file_metadata(hf_hub_url(REPO, FILE, endpoint=hub.url)).size == 3


def test_a_slow_host_keeps_its_speed(hub: LocalHub) -> None:
    hub.bytes_per_s = 2_000_000
    response = fetch(cdn_url(hub))
    assert response.content == CONTENT
    assert response.elapsed.total_seconds() > 0.4


def test_signed_addresses_want_no_token(hub: LocalHub) -> None:
    assert fetch(cdn_url(hub), Authorization=f"Bearer {TOKEN}").status_code == 400


def test_stopping_refuses_connections(hub: LocalHub) -> None:
    url = hub.url
    hub.stop()
    with pytest.raises(httpx2.ConnectError):
        fetch(url)
