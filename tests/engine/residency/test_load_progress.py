from __future__ import annotations

import pytest

from preheat.inference import LoadStages
from preheat.residency.processes.progress import LoadProgress, expected_stages

GB = 10**9


def test_stages_count_by_the_time_that_they_take() -> None:
    progress = LoadProgress(LoadStages(6.0, 1.0, 3.0))
    assert progress.share == 0.0
    progress.pass_time(3.0)
    progress.read(0.5)
    assert progress.share == pytest.approx(0.3)
    progress.pass_time(3.0)
    progress.read(1.0)
    assert progress.share == pytest.approx(0.6)
    progress.pass_time(1.0)
    progress.made()
    assert progress.share == pytest.approx(0.7)
    progress.pass_time(1.5)
    assert progress.share == pytest.approx(0.85)


def test_a_file_in_the_page_cache_is_no_part_of_the_load() -> None:
    progress = LoadProgress(LoadStages(60.0, 2.0, 2.0))
    progress.read(1.0)
    assert progress.share == 0.0
    progress.pass_time(1.0)
    assert progress.share == pytest.approx(0.25)


def test_the_progress_never_falls_and_never_ends_before_the_load() -> None:
    progress = LoadProgress(LoadStages(0.1, 0.1, 0.1))
    shares = []
    for step in range(200):
        progress.pass_time(0.1)
        progress.read(step / 100)
        if step == 150:
            progress.made()
        shares.append(progress.share)
    assert shares == sorted(shares)
    assert shares[20] < 0.5, "a slow disk shows in the progress"
    assert 0.9 < shares[-1] < 1.0


def test_what_is_expected_of_a_load() -> None:
    first = expected_stages(GB, None, probe=True)
    assert first.read_s > first.make_s > 0
    last = LoadStages(4.0, 0.5, 2.0, disk_share=0.5)
    again = expected_stages(GB, last, probe=True)
    assert (again.read_s, again.make_s, again.probe_s) == (8.0, 0.5, 2.0)
    assert expected_stages(GB, last, probe=False).probe_s < 0.1
    cached = LoadStages(0.0, 0.5, 0.0, disk_share=0.0)
    assert expected_stages(GB, cached, probe=True) == LoadStages(first.read_s, 0.5, first.probe_s)
