from __future__ import annotations

import json
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import jsonschema
import pytest

from bug_watch import BugWatch
from preheat.control import Schemas, codec_of, decode, encode
from preheat.doctor import Finding, Level, Report, examine, report_lines, report_text
from preheat.doctor.checks import CHECKS, Check
from preheat.doctor.report import broken, good, to_do
from preheat.errors import FolderError
from preheat.messages import msg, render
from preheat.messages.doctor import TABLE


def report_of(*findings: Finding) -> Report:
    return examine([Check("one", "One", lambda: iter(findings))])


def test_a_check_that_fails_hides_no_other(bugs: BugWatch) -> None:
    def fail() -> Iterator[Finding]:
        yield good("doctor_port_any")
        raise ZeroDivisionError("with a secret")

    def refuse() -> Iterator[Finding]:
        raise FolderError(msg("home_unusable", variable="HOME"))

    report = examine(
        [Check("a", "A", fail), Check("b", "B", refuse), Check("c", "C", lambda: iter([to_do("doctor_slow")]))]
    )
    first, second, third = report.checks
    assert [each.level for each in first.findings] == [Level.GOOD, Level.BROKEN]
    assert first.findings[1].title.code == "internal_error"
    assert "ZeroDivisionError" in first.findings[1].details[0]
    assert "secret" not in report_text(report)
    assert second.findings[0].title.code == "home_unusable"
    assert (third.level, report.level) == (Level.TO_DO, Level.BROKEN)
    assert len(bugs.take()) == 1


def test_a_check_that_hangs_is_reported_with_what_it_found() -> None:
    release = threading.Event()

    def hang() -> Iterator[Finding]:
        yield good("doctor_port_any")
        release.wait(60)

    report = examine([Check("a", "A", hang), Check("b", "B", lambda: iter([good("doctor_port_any")]))], limit_s=0.1)
    release.set()
    assert [each.title.code for each in report.checks[0].findings] == ["doctor_port_any", "doctor_slow"]
    assert report.checks[1].level is Level.GOOD
    assert report.took_s < 30


def test_threads_begin_with_no_package_that_imports_its_own_modules() -> None:
    """Entered from two ends, as by the checks of prompts and devices, it fails in one of them."""
    code = """
import sys
from preheat.doctor.checks import Check
from preheat.doctor.run import examine

def look():
    print("preheat.inference.prefixes" in sys.modules)
    return iter(())

examine([Check("one", "One", look)])
"""
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ended.stdout == "True\n"


def test_a_system_without_more_files_is_no_bug() -> None:
    def fail() -> Iterator[Finding]:
        yield good("doctor_port_any")
        raise OSError(24, "Too many open files")

    findings = examine([Check("a", "A", fail)]).checks[0].findings
    assert [each.title.code for each in findings] == ["doctor_port_any", "doctor_check_failed"]


def test_a_system_without_more_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", refuse)
    report = report_of(good("doctor_port_any"))
    assert [each.title.code for each in report.checks[0].findings] == ["process_out_of_memory"]


def test_the_json_follows_its_schema_and_is_read_back() -> None:
    report = report_of(good("doctor_version", version="1", details=["a"]), broken("doctor_disk_full", path="p", free=5))
    schemas: Schemas = {}
    schema = codec_of(Report).schema(schemas)
    content = json.loads(json.dumps(encode(report)))
    jsonschema.validate(content, {**schema, "components": {"schemas": schemas}})
    assert content["schema"] == 1
    assert content["level"] == "broken"
    finding = content["checks"][0]["findings"][1]
    assert finding["title"] == "The disk of p is full (5 B free)"
    assert finding["remedy"] == "Free some space"
    assert finding["code"]["code"] == "doctor_disk_full"
    assert decode(Report, content) == report


def test_the_text_is_aligned_and_80_columns_wide() -> None:
    report = report_of(
        to_do(
            "doctor_folder_of_other",
            path="/a/b",
            quoted="/a/b",
            details=["word " * 40, "with\x1b[31mcontrol\ncharacters"],
        ),
        good("doctor_clock", now="now"),
    )
    lines = [line.text for line in report_lines(report)]
    assert max(map(len, lines)) <= 80
    assert lines[0] == "One"
    assert lines[1].startswith("  to do   /a/b belongs")
    assert any(line.startswith('          -> Give it back: sudo chown -R "$USER" /a/b') for line in lines)
    assert all(line.isprintable() for line in lines)
    assert lines[-1].startswith("1 good, 1 to do, 0 broken.")


def test_remedies_have_no_full_stop() -> None:
    assert [code for code in TABLE if render(msg(code)).hint.endswith(".")] == []


def test_the_whole_report_in_an_empty_home(preheat_home: object) -> None:
    report = examine()
    assert [check.name for check in report.checks] == [check.name for check in CHECKS]
    assert all(check.findings for check in report.checks)
    assert report.took_s < 30
    wrong = [
        each.title.code for check in report.checks for each in check.findings if each.title.code == "internal_error"
    ]
    assert wrong == []


def test_the_documentation_lists_every_check() -> None:
    page = (Path(__file__).parents[3] / "docs" / "doctor.md").read_text()
    assert re.findall(r"^\| ([^|`]+) \| `(\w+)` \|", page, re.MULTILINE) == [
        (check.title, check.name) for check in CHECKS
    ]
