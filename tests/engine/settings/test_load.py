from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from preheat.errors import EngineError, SettingsError
from preheat.settings import (
    FIELDS,
    GROUP_LABELS,
    LISTS,
    Group,
    ModelSettings,
    Origin,
    Settings,
    Size,
    allowed,
    extra,
    find_problems,
    is_loopback,
    load_settings,
    merge_settings,
    to_toml_value,
)

NOWHERE = Path("/nowhere/settings.toml")
NAMES = sorted(FIELDS)


def load(
    document: str = "", environ: Mapping[str, str] | None = None, overrides: Mapping[str, str] | None = None
) -> Settings:
    return merge_settings(overrides or {}, environ or {}, NOWHERE, document).settings


def error_of(
    document: str = "", environ: Mapping[str, str] | None = None, overrides: Mapping[str, str] | None = None
) -> SettingsError:
    with pytest.raises(SettingsError) as caught:
        load(document, environ, overrides)
    return caught.value


# Layers


def test_without_anything_the_defaults_hold() -> None:
    assert load() == Settings()


def test_later_layers_go_before_earlier_ones() -> None:
    document, environ, overrides = "port = 1", {"PREHEAT_PORT": "2"}, {"port": "3"}
    assert load(document).port == 1
    assert load(document, environ).port == 2
    assert load(document, environ, overrides).port == 3
    assert load("", environ, overrides).port == 3
    assert load(document, {}, overrides).port == 3


def test_layers_complete_each_other() -> None:
    settings = load("port = 1", {"PREHEAT_PARALLEL": "2"}, {"max-queue": "3"})
    assert (settings.port, settings.parallel, settings.max_queue) == (1, 2, 3)


def test_where_a_value_comes_from_is_known() -> None:
    merged = merge_settings({"parallel": "2"}, {"PREHEAT_HOST": "::1"}, NOWHERE, "\nport = 1")
    assert {name: origin for name, origin in merged.origins.items() if origin is not Origin.DEFAULT} == {
        "parallel": Origin.OPTION,
        "host": Origin.ENVIRONMENT,
        "port": Origin.FILE,
    }
    assert {name: str(place) for name in merged.sources if (place := merged.place(name))} == {
        "parallel": "--set parallel",
        "host": "PREHEAT_HOST",
        "port": "settings.toml line 2",
    }


def test_the_file_on_disk_is_read(tmp_path: Path) -> None:
    path = tmp_path / "settings.toml"
    path.write_text("port = 7\n")
    assert load_settings(environ={}, path=path).port == 7


def test_by_default_the_users_file_and_environment_count(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PREHEAT_HOME", str(tmp_path))
    monkeypatch.setenv("PREHEAT_PARALLEL", "9")
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "settings.toml").write_text("port = 7\n")
    settings = load_settings()
    assert (settings.port, settings.parallel) == (7, 9)


@pytest.mark.parametrize("name", NAMES)
def test_every_default_is_the_same_from_every_layer(name: str) -> None:
    value = to_toml_value(FIELDS[name].default)
    text = ",".join(value) if isinstance(value, list) else str(value).lower() if isinstance(value, bool) else str(value)
    expected = Settings()
    assert load(environ={f"PREHEAT_{name.upper()}": text}) == expected
    assert load(overrides={name: text}) == expected


# Values


@given(st.lists(st.text(alphabet="abc.-_XYZ01", min_size=1), max_size=5))
def test_lists_from_the_environment(items: list[str]) -> None:
    if items == ["auto"]:
        return
    assert load(environ={"PREHEAT_FAVOURITES": " , ".join(items)}).favourites == tuple(items)


@given(st.integers(64, 2**24))
def test_whole_numbers_from_every_layer(number: int) -> None:
    assert load(f"context_length = {number}").context_length == number
    assert load(environ={"PREHEAT_CONTEXT_LENGTH": f" {number} "}).context_length == number


@given(st.integers(1, 9999), st.sampled_from(["MB", "GiB", "TiB"]))
def test_sizes_from_every_layer(number: int, unit: str) -> None:
    expected = Size(f"{number}{unit}")
    assert load(f'memory_limit = "{number} {unit}"').memory_limit == expected
    assert load(environ={"PREHEAT_MEMORY_LIMIT": f"{number}{unit.lower()}"}).memory_limit == expected


@pytest.mark.parametrize(("text", "value"), [("true", True), ("off", False), ("1", True), ("No", False)])
def test_switches_from_text(text: str, value: bool) -> None:
    assert load(environ={"PREHEAT_PRELOAD": text}).preload is value


@pytest.mark.parametrize("name", ["favourites", "threads"])
def test_auto_means_that_preheat_decides(name: str) -> None:
    weaker = f"{name} = 2" if name == "threads" else f'{name} = ["a"]'
    assert getattr(load(weaker, {f"PREHEAT_{name.upper()}": "auto"}), name) is None
    assert getattr(load(f'{name} = "auto"'), name) is None


def test_no_favourites_is_not_auto() -> None:
    assert load("favourites = []").favourites == ()
    assert load(environ={"PREHEAT_FAVOURITES": ""}).favourites == ()


def test_folders_are_relative_to_their_source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path / "me"))
    monkeypatch.setenv("USERPROFILE", str(tmp_path / "me"))
    assert load('models_dirs = ["m", "/abs"]').models_dirs == (NOWHERE.parent / "m", Path("/abs"))
    assert load(overrides={"models_dirs": "m,~/n"}).models_dirs == (tmp_path / "m", tmp_path / "me" / "n")
    assert Settings(models_dirs=(Path("m"),)).models_dirs == (tmp_path / "m",)


def test_hosts_and_origins_are_made_comparable() -> None:
    settings = load('allowed_hosts = ["MyBox.Local"]\nallowed_origins = ["HTTPS://Example.org/", "app://obsidian.md"]')
    assert settings.allowed_hosts == ("mybox.local",)
    assert settings.allowed_origins == ("https://example.org", "app://obsidian.md")


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.8.8", "::1", "localhost", "LOCALHOST"])
def test_loopback_needs_no_key(host: str) -> None:
    assert is_loopback(host)
    assert load(overrides={"host": host}).host == host.lower()


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.5", "mybox.local", "127.1", "::ffff:127.0.0.1"])
def test_any_other_host_needs_one(host: str) -> None:
    assert not is_loopback(host)
    error = error_of(f'# open\nhost = "{host}"')
    assert "settings.toml line 2: host cannot be" in error.title
    assert host in error.title
    assert "there is no API key" in error.title
    assert "preheat keys add" in error.hint
    assert load(f'host = "{host}"', {"PREHEAT_API_KEYS": "k"}).api_keys == ("k",)
    with pytest.raises(ValidationError):
        Settings(host=host)


def test_settings_are_frozen_and_show_no_key() -> None:
    settings = Settings(api_keys=("sesame",))
    assert "sesame" not in repr(settings)
    with pytest.raises(ValidationError):
        settings.port = 1


# Errors

WRONG = [
    ("memory_limit", "8 GG", "the unit 'GG' is unknown"),
    ("memory_limit", "0", "zero"),
    ("memory_limit", "0%", "zero"),
    ("device_memory_limit", "0", "zero"),
    ("memory_limit", "8", "a unit may be missing"),
    ("memory_limit", "-8GB", "negative"),
    ("memory_limit", "150%", "more than 100%"),
    ("memory_limit", "nan", "not a size"),
    ("keep_free", "100%", "nothing would be left"),
    ("max_body", "5%", "a share makes no sense here"),
    ("prefix_cache_daily", "5%", "a share makes no sense here"),
    ("prefix_cache", "ram", "one of disk, memory, off"),
    ("max_body", "0", "zero"),
    ("max_body", "1B", "requests that change it back would be larger"),
    ("favourites", "a,,b", "an item is empty"),
    ("preload", "maybe", ""),
    ("context_length", "63", ""),
    ("context_length", "4k", ""),
    ("parallel", "65", ""),
    ("parallel", "1.5", ""),
    ("kv_cache_type", "q5_0", ""),
    ("flash_attention", "yes", ""),
    ("threads", "0", ""),
    ("gpu_layers", "-2", ""),
    ("embedding_cache", "-1", ""),
    ("load_timeout", "0", ""),
    ("load_timeout", "nan", ""),
    ("load_timeout", "inf", ""),
    ("shutdown_grace", "-0.1", ""),
    ("max_queue", "", ""),
    ("host", "", "is not a host name"),
    ("host", "http://x", "is not a host name"),
    ("host", "[::1]", "is not a host name"),
    ("port", "65536", ""),
    ("port", "-1", ""),
    ("api_keys", "with space", "item 1 is wrong"),
    ("api_keys", "a,schlüssel", "item 2 is wrong"),
    ("allowed_hosts", "mybox:8080", "'mybox:8080' is not a host name"),
    ("allowed_origins", "example.org", "'example.org' is not an origin"),
    ("allowed_origins", "https://x/y", "'https://x/y' is not an origin"),
    ("models_dir", ".", "it is empty"),
    ("models_dir", "~root/models", "of home folders, only ~/ is supported"),
    ("models_dirs", "~no-such-user-here/m", "of home folders, only ~/ is supported"),
    ("models_dir", "file:///home/me/models", "it is not a path of this system"),
    ("models_dir", "/etc/models", "it belongs to the system"),
    ("models_dir", "/home/../etc", "it belongs to the system"),
    ("models_dir", "/", "it belongs to the system"),
    ("log_level", "loud", ""),
]


@pytest.mark.parametrize(("name", "text", "reason"), WRONG)
def test_a_wrong_value_is_named_with_its_place_and_what_is_allowed(name: str, text: str, reason: str) -> None:
    variable = f"PREHEAT_{name.upper()}"
    for error, place in [
        (error_of(environ={variable: text}), variable),
        (error_of(overrides={name: text}), f"--set {name}"),
    ]:
        assert error.title.startswith(f"{place} cannot be ")
        assert reason in error.title
        assert error.title.endswith(f"allowed: {allowed(Settings.model_fields[name])}")
        assert error.param == name
        assert error.hint
        for part in text.split(","):
            assert part in error.title or name == "api_keys"
        assert name != "api_keys" or "***" in error.title
    assert variable in error_of(environ={variable: text}).hint


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("port = true", "port cannot be true"),
        ("port = 1.5", "port cannot be 1.5"),
        ("port = 99999", "port cannot be 99999; allowed: a whole number from 0 to 65535"),
        ("threads = 2024-01-01", 'threads cannot be "2024-01-01"; allowed: a whole number from 1 to 1024, or auto'),
        ("host = 5", "host cannot be 5"),
        ('favourites = "a"', 'favourites cannot be "a"; allowed: a list of model names, or auto'),
        ('favourites = ["a", 3]', 'favourites cannot be ["a", 3] (item 2 is wrong)'),
        ("memory_limit = 1.5", "memory_limit cannot be 1.5 (not a size)"),
        ("load_timeout = nan", "load_timeout cannot be NaN; allowed: a number above 0"),
        ("models_dirs = ['']", 'models_dirs cannot be [""] (an item is empty)'),
        (r'models_dir = "/a\u0000b"', r'models_dir cannot be "/a\u0000b" (it contains a control character)'),
        (r'models_dirs = ["/a\nb"]', r'models_dirs cannot be ["/a\nb"] (it contains a control character)'),
        ('api_keys = "sesame"', "api_keys cannot be ***"),
        ('port = "' + "9" * 500 + '"', 'port cannot be "99999'),
    ],
)
def test_a_wrong_line_is_named_with_its_number(line: str, shown: str) -> None:
    error = error_of(f"# a comment\n\n{line}\n")
    assert error.title.startswith(f"settings.toml line 3: {shown}")
    assert "sesame" not in str(error)
    assert len(error.title) < 300
    assert str(NOWHERE) in error.hint


def test_unknown_names_get_near_ones() -> None:
    assert (
        error_of("memry_limit = 1").title
        == "settings.toml line 1: there is no setting memry_limit; similar: memory_limit, device_memory_limit"
    )
    assert (
        error_of(environ={"PREHEAT_PRT": "1"}).title
        == "PREHEAT_PRT: there is no setting PREHEAT_PRT; similar: PREHEAT_PORT"
    )
    assert error_of(overrides={"prt": "1"}).title == "--set prt: there is no setting prt; similar: port"
    assert error_of("zzzzzz = 1").title == "settings.toml line 1: there is no setting zzzzzz"


def test_the_value_of_an_unknown_name_is_not_shown() -> None:
    assert "sesame" not in str(error_of('api_key = "sesame"'))


def test_other_variables_are_let_be() -> None:
    assert load(environ={"PREHEAT_HOME": "/x", "HOME": "/y", "PREHEATED": "1", "preheat_port": "x"}) == Settings()


def test_sections_are_refused_with_their_line() -> None:
    error = error_of("port = 1\n\n[server]\nhost = 'x'")
    assert error.title.startswith("settings.toml line 3: there are no sections such as [server]")


def test_several_problems_are_counted_and_the_first_named() -> None:
    error = error_of("parallel = 0\nprot = 1\nport = -1", {"PREHEAT_THREADS": "x"})
    assert error.title.startswith("settings.toml line 1: parallel cannot be 0")
    assert error.title.endswith("(and 3 more)")
    assert "preheat config check" in error.hint


def test_a_broken_file_does_not_hide_a_wrong_variable() -> None:
    error = error_of("port =", {"PREHEAT_THREADS": "x"})
    assert error.title == "settings.toml line 1 is not valid TOML: invalid value (and 1 more)"


def test_a_covered_value_is_checked_all_the_same() -> None:
    assert error_of("port = -1", {"PREHEAT_PORT": "1"}).title.startswith("settings.toml line 1: port cannot be -1")


def test_all_problems_are_listed_in_order(tmp_path: Path) -> None:
    path = tmp_path / "settings.toml"
    path.write_text("parallel = 0\nmemory_limit = '1'\nhost = ''\n")
    problems = find_problems({"PREHEAT_NO": "1", "PREHEAT_PORT": "x"}, path)
    assert [problem.param for problem in problems] == ["parallel", "memory_limit", "host", "no", "port"]
    assert all(isinstance(problem, EngineError) for problem in problems)
    path.write_text("parallel = 1")
    assert find_problems({}, path) == ()


@given(st.sampled_from(NAMES), st.text(max_size=30).filter(lambda text: "\0" not in text))
def test_any_text_gives_settings_or_a_settings_error(name: str, text: str) -> None:
    variable = f"PREHEAT_{name.upper()}"
    error = None
    try:
        settings = load(environ={variable: text})
    except SettingsError as caught:
        error = caught
    if error is None:
        # What was accepted survives being written down.
        value = to_toml_value(getattr(settings, name))
        assert Settings.model_validate({name: value}) == settings
    else:
        assert error.param == name
        assert error.title.startswith(variable)


# The table


def test_every_setting_is_described() -> None:
    for name, field in [*FIELDS.items(), *ModelSettings.model_fields.items()]:
        assert field.description, name
        assert field.description.endswith("."), name
        assert "|" not in f"{field.description} {allowed(field)}", name
        assert extra(field, "group") in GROUP_LABELS, name
        label = extra(field, "label")
        assert isinstance(label, str), name
        assert 2 < len(label) < 30, name


def test_labels_differ_within_a_group() -> None:
    for group in Group:
        labels = [extra(field, "label") for field in FIELDS.values() if extra(field, "group") == group]
        assert labels, group
        assert len(labels) == len(set(labels)), group


def test_the_lists_are_known() -> None:
    assert {
        "favourites",
        "api_keys",
        "access",
        "allowed_hosts",
        "allowed_origins",
        "allowed_apps",
        "models_dirs",
        "sources",
        "devices",
    } == LISTS


def test_the_own_models_folder(preheat_home: Path, tmp_path: Path) -> None:
    assert Settings().own_models_dir.is_relative_to(preheat_home)
    assert Settings(models_dir=tmp_path).own_models_dir == tmp_path


@pytest.mark.parametrize(
    ("text", "devices"),
    [
        ('"auto"', None),
        ('"cpu"', ("cpu",)),
        ('"GeForce RTX 3050"', ("GeForce RTX 3050",)),
        ('["0000:01:00.0", "Vulkan1"]', ("0000:01:00.0", "Vulkan1")),
    ],
)
def test_one_device_needs_no_list(text: str, devices: tuple[str, ...] | None, tmp_path: Path) -> None:
    path = tmp_path / "settings.toml"
    path.write_text(f"devices = {text}\n", encoding="utf-8")
    assert load_settings(environ={}, path=path).devices == devices
