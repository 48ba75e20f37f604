"""Which scripts of a workflow are checked."""

from __future__ import annotations

from development.lint import scripts_in


def test_scripts_of_all_jobs_are_found() -> None:
    workflow = {
        "jobs": {
            "one": {"steps": [{"uses": "actions/checkout"}, {"run": "make test"}]},
            "two": {"steps": [{"run": "make lint"}]},
        }
    }

    assert scripts_in(workflow) == ["make test", "make lint"]
