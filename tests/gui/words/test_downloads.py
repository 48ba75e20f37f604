"""Words about downloads."""

from __future__ import annotations

from typing import Any

import pytest

from fake_bridge import download, model, snapshot
from preheat.messages import msg
from preheat.models.downloads import DownloadState
from preheat_gui.words import download_figures, download_share, download_status, format_speed, model_of, repos_under_way

pytestmark = pytest.mark.usefixtures("qapp")


@pytest.mark.parametrize(
    ("state", "values", "words"),
    [
        (DownloadState.RUNNING, {}, "Downloading · 1.2 of 4.7 GB · 38 MB/s · about 2 min"),
        (DownloadState.RUNNING, {"bytes_per_s": None, "left_s": None}, "Downloading · 1.2 of 4.7 GB"),
        (DownloadState.RUNNING, {"done_bytes": 210_000_000}, "Downloading · 210 MB of 4.7 GB · 38 MB/s · about 2 min"),
        (
            DownloadState.RUNNING,
            {"notice": msg("download_retries", problem=msg("connection_cut"), pause_s=8)},
            "Downloading · 1.2 of 4.7 GB · Waiting for the connection; the download continues by itself.",
        ),
        (
            DownloadState.RUNNING,
            {"notice": msg("download_retries", problem=msg("hub_rate_limited"), pause_s=8)},
            "Downloading · 1.2 of 4.7 GB · Hugging Face asks for fewer requests; next attempt in 8 s.",
        ),
        (DownloadState.QUEUED, {"done_bytes": 0}, "Queued · 4.7 GB"),
        (DownloadState.PAUSED, {}, "Paused · 1.2 of 4.7 GB"),
        (
            DownloadState.WAITING_FOR_SPACE,
            {"notice": msg("text", text="The disk is full", hint="Free some space")},
            "Waiting for disk space · 1.2 of 4.7 GB · The disk is full. Free some space.",
        ),
        (DownloadState.CHECKING, {}, "Verifying · 1.2 of 4.7 GB"),
        (DownloadState.DONE, {}, "Downloaded · 4.7 GB"),
        (
            DownloadState.FAILED,
            {},
            "Failed: The hub has no such file any more. Choose another size.",
        ),
        (DownloadState.FAILED, {"error": None}, "Failed: see the log."),
    ],
)
def test_download_status(state: DownloadState, values: dict[str, Any], words: str) -> None:
    assert download_status(download(state=state, **values)) == words


@pytest.mark.parametrize(
    ("speed", "words"),
    [(38e6, "38 MB/s"), (1.44e6, "1.4 MB/s"), (999_600, "1.0 MB/s"), (210_400, "210 kB/s"), (0, "0 kB/s")],
)
def test_a_speed(speed: float, words: str) -> None:
    assert format_speed(speed) == words


def test_a_download_of_unknown_size() -> None:
    unknown = download(total_bytes=0, done_bytes=5_000_000, bytes_per_s=None, left_s=None)
    assert (download_figures(unknown), download_share(unknown)) == ("5.0 MB", 0.0)


def test_the_model_of_a_download_has_its_file_name_and_repository() -> None:
    arrived = download(state=DownloadState.DONE)
    other = model("other", path="/elsewhere/Qwen3-8B-Q4_K_M.gguf")
    its = model("qwen3-8b", path="/models/Qwen/Qwen3-8B-GGUF/Qwen3-8B-Q4_K_M.gguf")
    unrelated = model("unrelated", path="/models/Qwen/Qwen3-8B-GGUF/Qwen3-8B-Q8_0.gguf")
    assert model_of(arrived, snapshot(other, its, unrelated)) == its
    assert model_of(arrived, snapshot(other, unrelated)) == other  # it was here already, in another program's folder
    assert model_of(arrived, snapshot(unrelated, model("no path"))) is None
    assert model_of(download(), snapshot(its)) is None


def test_ready_to_use_once_the_model_is_known() -> None:
    assert download_status(download(state=DownloadState.DONE), model()) == "Ready to use · 4.7 GB"


def test_repositories_under_way() -> None:
    downloads = tuple(download(state.value, state, repo=f"a/{state.value}") for state in DownloadState)
    unfinished = {"queued", "running", "checking", "waiting_for_space", "paused"}
    assert repos_under_way(snapshot(downloads=downloads)) == {f"a/{state}" for state in unfinished}
