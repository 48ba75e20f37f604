"""Whatever goes wrong on the way: the right bytes arrive, or a clear error does."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fetching import FILE, QUICK, REPO, TARGET, Fetching, eventually
from local_hub import TOKEN, LocalHub
from local_hub_state import Place
from preheat.errors import GatedRepoError, HubFileNotFoundError, HubOfflineError, RepoNotFoundError
from preheat.messages import msg
from preheat.models.downloads import DownloadState, RetryPolicy
from preheat.models.hub import PullTarget

Make = Callable[..., Fetching]


def test_a_model_is_fetched_checked_and_placed(fetching: Make, hub: LocalHub, content: bytes) -> None:
    run = fetching()
    done = run.fetch()
    assert (done.state, done.done_bytes, done.total_bytes, done.error) == ("done", len(content), len(content), None)
    assert (done.name, done.repo, done.file_name) == (f"{REPO}:Q4_K_M", REPO, FILE)
    assert run.target.read_bytes() == content
    assert hub.sent_bytes == len(content)
    assert not list(run.folder.rglob("*.part"))
    eventually(lambda: run.states()[-1] is DownloadState.DONE)
    assert sum(event.finished for event in run.events) == 1


def test_a_cut_download_continues_at_the_same_byte(fetching: Make, hub: LocalHub, content: bytes) -> None:
    for after in (100_000, 1, 1_000_000):
        hub.cut_after(after)
    run = fetching()
    assert run.fetch().state is DownloadState.DONE
    assert run.target.read_bytes() == content
    assert hub.sent_bytes == len(content)
    begins = [seen.headers.get("range") for seen in hub.seen("cdn")]
    assert begins == [None, "bytes=100000-", "bytes=100001-", "bytes=1100001-"]


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
@pytest.mark.parametrize("place", ["resolve", "cdn"])
def test_temporary_statuses_are_retried(
    fetching: Make, hub: LocalHub, content: bytes, status: int, place: Place
) -> None:
    hub.fail_next(status, at=place, retry_after="1")
    hub.fail_next(status, at=place, retry_after="0")
    run = fetching()
    assert run.fetch().state is DownloadState.DONE
    assert run.target.read_bytes() == content
    assert "download_retries" in run.notices()


@pytest.mark.parametrize("place", ["resolve", "cdn"])
def test_closed_connections_are_retried(fetching: Make, hub: LocalHub, content: bytes, place: Place) -> None:
    hub.drop_next(at=place, times=2)
    run = fetching()
    assert run.fetch().state is DownloadState.DONE
    assert run.target.read_bytes() == content


def test_retry_after_is_honoured(fetching: Make, hub: LocalHub) -> None:
    hub.fail_next(429, at="cdn", retry_after="1")
    run = fetching()
    assert run.fetch().state is DownloadState.DONE
    assert {"download_retries", "hub_rate_limited"} <= run.notices()


def test_a_silent_host_is_retried(fetching: Make, hub: LocalHub, content: bytes) -> None:
    hub.bytes_per_s = 1  # a byte, then nothing for a second and more
    run = fetching(retry_policy=RetryPolicy(stall_s=0.2, first_s=0.01, longest_s=0.02))
    run.downloads.add(TARGET)
    eventually(lambda: "connection_silent" in run.notices())
    hub.bytes_per_s = 0
    assert run.until(DownloadState.DONE).notice is None
    assert run.target.read_bytes() == content


def test_an_unreachable_hub_fails_the_download_until_resumed(fetching: Make, hub: LocalHub, content: bytes) -> None:
    hub.drop_next(at="cdn", times=5)
    run = fetching(retry_policy=replace(QUICK, attempts=5))
    failed = run.fetch()
    assert failed.state is DownloadState.FAILED
    assert failed.error is not None
    assert failed.error.code in ("connection_cut", "connection_failed")
    run.downloads.resume(failed.download_id)
    assert run.until(DownloadState.DONE).notice is None
    assert run.target.read_bytes() == content


def test_an_expired_address_is_requested_again(fetching: Make, hub: LocalHub, content: bytes) -> None:
    hub.cut_after(1_000_000)
    hub.fail_next(403, at="cdn")
    run = fetching()
    assert run.fetch().state is DownloadState.DONE
    assert run.target.read_bytes() == content
    assert len(hub.seen("resolve")) == 3


def test_a_host_without_ranges_sends_everything_again(fetching: Make, hub: LocalHub, content: bytes) -> None:
    hub.ranges = False
    hub.cut_after(1_000_000)
    run = fetching()
    assert run.fetch().state is DownloadState.DONE
    assert run.target.read_bytes() == content
    assert hub.sent_bytes == len(content) + 1_000_000


def test_a_wrong_length_is_retried(fetching: Make, hub: LocalHub, content: bytes) -> None:
    hub.wrong_length_next(1000)
    hub.wrong_length_next(-1000)
    run = fetching()
    assert run.fetch().state is DownloadState.DONE
    assert run.target.read_bytes() == content


def test_wrong_content_is_kept_aside(fetching: Make, hub: LocalHub, content: bytes) -> None:
    hub.corrupt_next()
    run = fetching()
    failed = run.fetch()
    assert not run.target.exists()
    (aside,) = (run.folder / ".downloads").glob("*/*.corrupt")
    assert len(aside.read_bytes()) == len(content)
    assert aside.read_bytes() != content
    assert failed.error == msg("checksum_mismatch", file=FILE, kept_as=str(aside))
    run.downloads.resume(failed.download_id)
    run.until(DownloadState.DONE)
    assert run.target.read_bytes() == content
    assert not aside.exists()


def test_a_changed_file_starts_over_with_a_notice(fetching: Make, hub: LocalHub) -> None:
    other = b"GGUF" + random.Random(2).randbytes(2_000_000)
    hub.bytes_per_s = 2_000_000
    run = fetching()
    download_id = run.downloads.add(TARGET)
    eventually(lambda: run.only().done_bytes > 300_000)
    run.downloads.pause(download_id)
    hub.swap(REPO, FILE, other)
    hub.bytes_per_s = 0
    run.downloads.resume(download_id)
    done = run.until(DownloadState.DONE)
    assert run.target.read_bytes() == other
    assert done.total_bytes == len(other)
    assert "download_file_changed" in run.notices()


def test_a_new_commit_does_not_affect_a_running_download(fetching: Make, hub: LocalHub, content: bytes) -> None:
    hub.bytes_per_s = 4_000_000
    run = fetching()
    run.downloads.add(TARGET)
    eventually(lambda: run.only().done_bytes > 300_000)
    hub.publish(REPO, FILE, b"GGUF another")
    hub.cut_after(0)
    hub.bytes_per_s = 0
    run.until(DownloadState.DONE)
    assert run.target.read_bytes() == content


def test_permanent_errors_are_raised_at_once(fetching: Make, hub: LocalHub) -> None:
    hub.add_repo("meta/Gated-GGUF", {FILE: b"GGUF"}, gated="manual")
    run = fetching()
    with pytest.raises(GatedRepoError):
        run.downloads.add(PullTarget("meta/Gated-GGUF"))
    with pytest.raises(RepoNotFoundError):
        run.downloads.add(PullTarget("no/body"))
    with pytest.raises(HubFileNotFoundError):
        run.downloads.add(PullTarget(REPO, "Q2_K"))
    assert run.downloads.snapshots() == ()


def test_revoked_access_fails_the_download(fetching: Make, hub: LocalHub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    hub.cut_after(20_000)
    hub.bytes_per_s = 100_000
    run = fetching()
    run.downloads.add(TARGET)
    eventually(lambda: run.only().done_bytes)
    hub.repos[REPO].gated = "manual"
    hub.granted = set()
    failed = run.until(DownloadState.FAILED)
    assert failed.error == msg("hub_access_pending", repo=REPO, page=f"{hub.url}/{REPO}")
    assert len(hub.seen("cdn")) == 1


def test_the_token_does_not_leave_the_hub(fetching: Make, hub: LocalHub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    assert fetching().fetch().state is DownloadState.DONE
    assert all("authorization" in seen.headers for seen in hub.seen("resolve"))
    assert not any("authorization" in seen.headers for seen in hub.seen("cdn"))


def test_offline_nothing_is_asked(fetching: Make, hub: LocalHub, monkeypatch: pytest.MonkeyPatch) -> None:
    run = fetching()
    run.fetch()
    hub.requests.clear()
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    run.downloads.add(TARGET)  # it is here
    with pytest.raises(HubOfflineError):
        run.downloads.add(PullTarget("other/Model-GGUF"))
    assert hub.requests == []


@given(cuts=st.lists(st.integers(0, 200_000), max_size=8), faults=st.lists(st.sampled_from("dr5c"), max_size=4))
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
def test_any_sequence_of_cuts_ends_with_the_right_bytes(
    hub: LocalHub, tmp_path_factory: pytest.TempPathFactory, cuts: list[int], faults: list[str]
) -> None:
    content = random.Random(len(cuts)).randbytes(400_000)
    name = f"any/M{len(hub.repos)}-GGUF"
    hub.add_repo(name, {"m.gguf": content})
    hub.clear_faults()
    for cut in cuts:
        hub.cut_after(cut)
    inject: dict[str, Callable[[], object]] = {
        "d": hub.drop_next,
        "r": lambda: hub.drop_next(at="resolve"),
        "5": lambda: hub.fail_next(500),
        "c": hub.corrupt_next,
    }
    for fault in faults:
        inject[fault]()
    run = Fetching(
        tmp_path_factory.mktemp("models"),
        retry_policy=RetryPolicy(stall_s=5, first_s=0.001, longest_s=0.002, attempts=30),
    )
    try:
        end = run.fetch(PullTarget(name))
        if end.state is DownloadState.FAILED:
            assert "c" in faults
            run.downloads.resume(end.download_id)
            eventually(lambda: run.only().state in (DownloadState.DONE, DownloadState.FAILED))
        while run.only().state is DownloadState.FAILED:
            run.downloads.resume(end.download_id)
            run.until(DownloadState.DONE, DownloadState.FAILED)
        assert (run.folder / name / "m.gguf").read_bytes() == content
    finally:
        run.stop()
        hub.clear_faults()
