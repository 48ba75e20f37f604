from __future__ import annotations

import json
import stat
import zipfile
from pathlib import Path

from tests.engine.application import make_home, preheat


def test_a_sound_installation(tmp_path: Path, embedding_model: Path) -> None:
    home = make_home(tmp_path / "home", [embedding_model])
    run = preheat(home, "doctor")
    assert run.returncode == 0, run.stdout
    assert "  good    Models: 1 (" in run.stdout
    assert "  to do   Preheat is not running\n          -> Start it: preheat tray" in run.stdout
    assert " 0 broken. Took " in run.stdout
    assert (run.stderr, "\x1b" in run.stdout) == ("", False)
    assert sorted(path.name for path in home.iterdir()) == ["data"]  # nothing was written


def test_a_broken_one_as_json_and_as_a_file(tmp_path: Path) -> None:
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "settings.toml").write_text("port = [")
    target = tmp_path / "out.zip"
    run = preheat(tmp_path, "doctor", "--json", "--bundle", str(target))
    assert run.returncode == 1
    report = json.loads(run.stdout)
    assert report["level"] == "broken"
    settings = next(check for check in report["checks"] if check["name"] == "settings")
    assert settings["findings"][0]["code"]["code"] == "doctor_settings_ignored"
    assert "report.txt" in run.stderr
    assert "Look at it before you send it" in run.stderr
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    assert "report.json" in zipfile.ZipFile(target).namelist()
    alone = preheat(tmp_path, "doctor", str(target))
    assert "only given together with --bundle" in alone.stderr
