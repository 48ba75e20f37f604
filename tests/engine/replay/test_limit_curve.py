from __future__ import annotations

import time
from pathlib import Path

import pytest

from bug_watch import BugWatch
from preheat import paths
from preheat.control import Action, DecisionRecord
from preheat.errors import EngineError
from preheat.files import write_atomic
from preheat.messages import verbatim
from preheat.replay import LimitCurve, compute_in_process
from preheat.replay.limit_curve import compute
from preheat.residency import Outcome
from preheat.settings import Settings, load_settings
from preheat.usage import RequestRecord, UsageLog

GB = 10**9
LIMITS = (GB // 2, 3 * GB // 2, 3 * GB)


@pytest.fixture
def used(preheat_home: Path) -> None:
    """100 requests in turn for two models of 1 GB."""
    paths.data_dir().mkdir(parents=True)
    log = UsageLog()
    began = time.time() - 3 * 86_400 / 2
    for number in range(100):
        log.record(RequestRecord(("a", "b")[number % 2], began + 1200 * number, Outcome.HIT))
    for model_id in ("a", "b"):
        log.record(DecisionRecord(began, model_id, Action.LOAD, verbatim("a request"), GB, 1.0, "request"))
    assert log.write_pending()
    log.close()


def test_more_memory_brings_more_hits(used: None) -> None:
    found = compute(Settings(), LIMITS)
    assert found.requests == 100
    assert 1.3 < found.days < 1.5
    assert tuple(point.limit_bytes for point in found.points) == LIMITS
    rates = [point.preload_hit_rate for point in found.points]
    assert rates[0] == 0
    assert rates[1] < rates[2]
    assert rates[2] > 0.9
    assert [request.model_id for request in found.recent[-3:]] == ["b", "a", "b"]
    assert found.recent[0].at > time.time() - 86_400
    assert {len(point.ready) for point in found.points} == {len(found.recent)}
    assert (set(found.points[0].ready), set(found.points[2].ready)) == ({"0"}, {"1"})


async def test_another_process_finds_the_same(used: None) -> None:
    settings = Settings(preload_learned=False, favourites=("b",))
    assert await compute_in_process(settings, LIMITS) == compute(settings, LIMITS)


@pytest.mark.parametrize("setting", ["models_dirs", "models_dir"])
async def test_another_process_looks_into_the_folders_of_these_settings(
    used: None, tmp_path: Path, embedding_model: Path, setting: str
) -> None:
    """The application has them from an option, which is not in the file."""
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "b.gguf").symlink_to(embedding_model)
    write_atomic(paths.model_names_file(), "b\n")
    folder = tmp_path / "elsewhere"
    settings = Settings.model_validate({setting: [folder] if setting == "models_dirs" else folder, "favourites": ["b"]})
    found = await compute_in_process(settings, LIMITS)
    assert found == compute(settings, LIMITS) != compute(Settings(favourites=("b",)), LIMITS)
    assert paths.model_names_file().read_text() == "b\n"  # the application's, for shells


@pytest.mark.parametrize(
    "changed",
    [
        {},
        {"read_ahead": "off", "context_length": "auto", "parallel": 2, "repack": "on", "gpu_layers": 3},
        {"kv_cache_type": "q8_0", "flash_attention": "on", "devices": [], "device_memory_limit": "1GiB"},
        {"devices": ["Vulkan0", "CUDA1"], "context_length": 2048, "experts_in_ram": "on"},
    ],
)
async def test_another_process_has_the_same_settings(
    monkeypatch: pytest.MonkeyPatch, preheat_home: Path, changed: dict[str, object]
) -> None:
    settings, found = Settings.model_validate(changed), list[Settings]()

    class Ended:
        returncode = 0

        async def communicate(self) -> tuple[bytes, bytes]:
            return b'{"days": 0, "requests": 0, "points": [], "recent": []}', b""

    async def run(*_: object, env: dict[str, str], **__: object) -> Ended:
        with pytest.MonkeyPatch.context() as other:
            for name, value in env.items():
                other.setenv(name, value)
            found.append(load_settings())
        return Ended()

    monkeypatch.setattr("asyncio.create_subprocess_exec", run)
    await compute_in_process(settings, LIMITS)
    assert found == [settings]


async def test_without_any_use_there_are_no_points(preheat_home: Path) -> None:
    assert await compute_in_process(Settings(), LIMITS) == LimitCurve(0.0, 0, ())


async def test_a_process_that_fails_says_why_in_the_log(
    preheat_home: Path, monkeypatch: pytest.MonkeyPatch, bugs: BugWatch
) -> None:
    monkeypatch.setenv("PREHEAT_PORT", "no port")
    with pytest.raises(EngineError) as failed:
        await compute_in_process(Settings(), LIMITS)
    assert failed.value.message.code == "replay_failed"
    assert bugs.take()
