"""Rules of the setting ``access``: how they are written, which one counts, and what it allows."""

from __future__ import annotations

from pathlib import Path

import pytest

from preheat import paths
from preheat.errors import SettingsError
from preheat.settings import (
    SettingsStore,
    access_rules,
    checked_value,
    find_rule,
    load_settings,
    merge_settings,
    to_text,
)

FILE = Path("/nowhere/settings.toml")


def rules(document: str) -> tuple[str, ...]:
    return merge_settings({}, {}, FILE, document).settings.access


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        ('access = ["program VS Code*"]', "program VS Code*; *; normal"),
        ('access = ["KEY  notes; smollm2*, minilm*; LOW"]', "key notes; smollm2* minilm*; low"),
        ('access = ["key notes;; high"]', "key notes; *; high"),
        ('[[access]]\nprogram = "VS Code*"\nmodels = ["a*", "b"]\npriority = "low"', "program VS Code*; a* b; low"),
        ('[[access]]\nkey = "notes"', "key notes; *; normal"),
        ('[[access]]\nkey = "notes"\nmodels = "a* b"', "key notes; a* b; normal"),
    ],
)
def test_a_rule_is_a_text_or_a_table(document: str, expected: str) -> None:
    assert rules(document) == (expected,)
    assert rules(f'access = ["{expected}"]') == (expected,)
    assert [str(rule) for rule in access_rules((expected,))] == [expected]


@pytest.mark.parametrize(
    ("document", "reason"),
    [
        ('access = ["VS Code"]', "'VS Code' is not a rule"),
        ('access = ["key "]', "is not a rule"),
        ('access = ["key a; b; low; c"]', "is not a rule"),
        ('access = ["key a; b; urgent"]', "'urgent' is not high, normal or low"),
        ('[[access]]\nmodels = ["a"]', "is not a rule"),
        ('[[access]]\nkey = "a"\nprogram = "b"', "is not a rule"),
        ('[[access]]\nkey = "a"\nmodel = "b"', "is not a rule"),
        ('[[access]]\nkey = "a; b"', "is not a rule"),
        ("[[access]]\nkey = 5", "is not a rule"),
        ('[[access]]\nkey = "a"\nmodels = 5', "is not a rule"),
        ('[[access]]\nkey = "a"\nmodels = []', "is not a rule"),
        ('[[access]]\nkey = "a"\nmodels = [" "]', "is not a rule"),
        ('[[access]]\nkey = "a"\nmodels = ""', "is not a rule"),
        ('access = "key a"', "allowed: a list of rules"),
        ("access = [5]", "allowed: a list of rules"),
    ],
)
def test_what_is_no_rule_is_an_error_with_its_line(document: str, reason: str) -> None:
    with pytest.raises(SettingsError) as caught:
        rules(f"port = 1\n{document}")
    assert str(caught.value).startswith("settings.toml line 2: access")
    assert reason in str(caught.value)


def test_the_first_match_counts_and_keys_before_programs() -> None:
    found = access_rules(("program *; a", "program VS Code*; b", "key n*; c", "key notes; d"))
    assert find_rule(found, "notes", "VS Code/1.9") is found[2]
    assert find_rule(found, "other", "VS Code/1.9") is found[0]
    assert find_rule(found[1:], None, "vs code/1.9") is found[1]
    assert find_rule(found[1:], None, "notes") is None
    assert find_rule((), "notes", "notes") is None


def test_a_program_needs_no_version() -> None:
    (rule,) = access_rules(("program obsidian",))
    assert rule.is_about("program", "Obsidian/1.5.3")
    assert not rule.is_about("program", "obsidian-sync/1.5.3")
    assert not rule.is_about("key", "obsidian")


def test_a_program_has_the_name_of_the_list_and_its_whole_one() -> None:
    found = access_rules(("program VS Code*",))
    assert find_rule(found, None, "VS", "VS Code/1.9 (linux)") is found[0]
    assert find_rule(found, None, "VS", "VS") is None


def test_only_a_star_is_special_in_a_pattern() -> None:
    (rule,) = access_rules(("key a; smollm2*q4_k_m qwen3:4b [ab]",))
    assert rule.allows("SmolLM2-135M.Q4_K_M")
    assert rule.allows("qwen3:4b")
    assert rule.allows("[ab]")
    assert not rule.allows("a")
    assert not rule.allows("smollm2")


def test_rules_survive_a_change_of_the_file(preheat_home: Path) -> None:
    store, path = SettingsStore(), paths.settings_path()
    text = '[models."m"]\nparallel = 2\n\n[[access]]\nkey = "notes"\nmodels = ["a b"]\n\n[[access]]\nprogram = "x"\n'
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    before = load_settings()
    assert before.access == ("key notes; a*b; normal", "program x; *; normal")
    store.set({"port": "0"})
    assert load_settings().access == before.access
    store.set({"access": to_text((*before.access, "program y; *; low"))})
    after = load_settings()
    assert after.access == (*before.access, "program y; *; low")
    assert after.for_model("m").parallel == 2


def test_rules_that_are_tables_stay_tables(preheat_home: Path) -> None:
    store, path = SettingsStore(), paths.settings_path()
    path.parent.mkdir(parents=True, exist_ok=True)
    first = '[[access]]\nkey = "notes"  # of the laptop\nmodels = ["a*"]\n\n'
    second = '[[access]]\nprogram = "x"\n\n'
    models = '[models."m"]\nparallel = 2\n'
    path.write_text(f"port = 0\n\n{first}{second}{models}")
    store.set({"access": "key notes; a*, program y; b; low"})
    third = '[[access]]\nprogram = "y"\nmodels = ["b"]\npriority = "low"\n\n'
    assert path.read_text() == f"port = 0\n\n{first}{third}{models}"
    store.set({"access": "program y; b; low, key notes; a*"})
    assert path.read_text() == f"port = 0\n\n{third}{first}{models}"
    store.set({"access": ""})
    assert load_settings().access == ()
    assert load_settings().for_model("m").parallel == 2


def test_rules_of_the_command_line_and_the_environment() -> None:
    text = "program x; a b; low, key y"
    expected = ("program x; a b; low", "key y; *; normal")
    assert merge_settings({"access": text}, {}, FILE, "").settings.access == expected
    assert merge_settings({}, {"PREHEAT_ACCESS": text}, FILE, "").settings.access == expected
    assert checked_value("access", to_text(expected)) == list(expected)
