from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from preheat.errors import SettingsError
from preheat.settings import (
    EffectiveModelSettings,
    ModelSettings,
    Origin,
    Settings,
    SettingsStore,
    canonical,
    keys_of,
    load_settings,
    merge_settings,
    model_setting,
    to_toml_value,
)
from preheat.settings.document import commented_defaults
from preheat.settings.names import flatten, look_up, name_of, nest
from tests.engine.settings.writing import set_value, unset

NOWHERE = Path("/nowhere/settings.toml")

DOCUMENT = """\
port = 8080  # mine

# for the long letters
[models."big.one"]  # 7B
context_length = 4096  # enough
parallel = 1

[models.small]
keep_alive = 60
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "settings.toml"


def error_of(document: str) -> SettingsError:
    with pytest.raises(SettingsError) as caught:
        merge_settings({}, {}, NOWHERE, document)
    return caught.value


def change(path: Path, model_id: str, **texts: str | None) -> dict[str, object]:
    return dict(SettingsStore(path=path, environ={}).set_model(model_id, texts).written)


# What holds


def test_a_model_has_its_own_values_and_those_of_all() -> None:
    settings = merge_settings({}, {}, NOWHERE, DOCUMENT + "repack = 'on'\n").settings
    assert settings.for_model("big.one") == EffectiveModelSettings(
        context_length=4096,
        parallel=1,
        repack="auto",
        kv_cache_type="f16",
        flash_attention="auto",
        threads=None,
        gpu_layers=-1,
        embedding_cache=4096,
    )
    assert settings.for_model("small").keep_alive_s == 60
    assert settings.for_model("small").speculation == "auto"
    assert settings.for_model("small").repack == "on"
    assert settings.for_model("another") == Settings().for_model("any")


def test_a_model_can_choose_for_itself_next_to_a_number_for_all() -> None:
    document = "parallel = 2\n[models.m]\nparallel = 'auto'\n[models.n]\nparallel = '3'"
    settings = merge_settings({}, {}, NOWHERE, document).settings
    assert [settings.for_model(each).parallel for each in ("m", "n", "o")] == ["auto", 3, 2]


def test_only_what_a_load_depends_on_asks_for_another_load() -> None:
    one = Settings(models={"m": ModelSettings(keep_alive=5)}).for_model("m")
    other = Settings(models={"m": ModelSettings(keep_alive=None)}).for_model("m")
    assert one != other
    assert one.loads_like(other)
    assert not one.loads_like(Settings(models={"m": ModelSettings(parallel=5)}).for_model("m"))
    assert not one.loads_like(Settings(kv_cache_type="q8_0").for_model("m"))


def test_own_settings_are_frozen() -> None:
    settings = Settings(models={"m": ModelSettings(parallel=2)})
    with pytest.raises(TypeError):
        settings.models["m"] = ModelSettings()  # type: ignore[index] # that is what it refuses
    with pytest.raises(ValidationError):
        settings.models["m"].parallel = 3
    assert settings == Settings(models={"m": ModelSettings(parallel=2)})
    assert settings != Settings()


def test_layers_complete_each_other_for_one_model() -> None:
    merged = merge_settings({"models.small.parallel": "2"}, {}, NOWHERE, DOCUMENT)
    assert merged.settings.models["small"] == ModelSettings(parallel=2, keep_alive=60)
    assert merged.origins['models."small".parallel'] is Origin.OPTION
    assert str(merged.place('models."small".keep_alive')) == "settings.toml line 9"
    assert str(merged.place('models."big.one".parallel')) == "settings.toml line 6"


def test_auto_keeps_a_model_until_its_memory_is_needed() -> None:
    settings = merge_settings({}, {}, NOWHERE, '[models.x]\nkeep_alive = "auto"').settings
    assert settings.for_model("x").keep_alive_s is None


# What is wrong


@pytest.mark.parametrize(
    ("document", "title"),
    [
        (
            "port = 1\n[models.x]\n\ncontext_length = 5",
            'settings.toml line 4: models."x".context_length cannot be 5; '
            "allowed: a whole number from 64 to 16777216, or auto",
        ),
        (
            "[models]\n'a.b' = {parallel = 99}",
            'settings.toml line 2: models."a.b".parallel cannot be 99; allowed: a whole number from 1 to 64, or auto',
        ),
        (
            "models.x.repack = true",
            'settings.toml line 1: models."x".repack cannot be true (true and false make no sense here); '
            "allowed: one of auto, on, off",
        ),
        (
            "[models.x]\nkeep_alive = -1",
            'settings.toml line 2: models."x".keep_alive cannot be -1; allowed: a number from 0 to 31536000, or auto',
        ),
        (
            "[models.x]\ncontext_lenth = 5",
            'settings.toml line 2: there is no setting models."x".context_lenth; similar: context_length',
        ),
        (
            "[models.qwen2.5-7b]\ncontext_length = 4096",
            'settings.toml line 1: a model name with a dot needs quotes: [models."qwen2.5-7b"]',
        ),
        (
            "[models.a.b.c]\ncontext_length = 4096",
            'settings.toml line 1: a model name with a dot needs quotes: [models."a.b.c"]',
        ),
        (
            "[models]\nparallel = 5",
            'settings.toml line 2: models."parallel" cannot be 5; '
            "allowed: a section of context_length, parallel, repack, gpu_layers, "
            "experts_in_ram, speculation, keep_alive",
        ),
        ("models = 5", 'settings.toml line 1: models cannot be 5; allowed: tables such as [models."qwen2.5-7b"]'),
    ],
)
def test_a_wrong_line_is_named_with_its_number(document: str, title: str) -> None:
    assert error_of(document).title == title


def test_the_remedy_is_a_command_that_works(path: Path) -> None:
    path.write_text("[models.x]\ncontext_length = 5\n")
    with pytest.raises(SettingsError, match=r"""preheat config unset 'models\."x"\.context_length'"""):
        load_settings(environ={}, path=path)
    assert unset('models."x".context_length', path)
    assert load_settings(environ={}, path=path) == Settings()


def test_a_line_in_a_long_text_is_no_setting() -> None:
    document = 'favourites = ["""\n[models.x]\nparallel = 99\n"""]\n[models.x]\nparallel = 99'
    assert error_of(document).title.startswith("settings.toml line 6:")


# Writing


def test_values_are_written_and_everything_else_stays(path: Path) -> None:
    path.write_text(DOCUMENT)
    assert change(path, "big.one", context_length="8192", repack="on") == {
        'models."big.one".context_length': 8192,
        'models."big.one".repack': "on",
    }
    text = path.read_text()
    assert "context_length = 8192  # enough" in text
    assert '# for the long letters\n[models."big.one"]  # 7B' in text
    assert tomllib.loads(text) == {
        "port": 8080,
        "models": {
            "big.one": {"context_length": 8192, "parallel": 1, "repack": "on"},
            "small": {"keep_alive": 60},
        },
    }


def test_a_new_model_gets_a_section_at_the_end(path: Path) -> None:
    change(path, 'a "new" one', parallel="2")
    assert path.read_text() == commented_defaults() + '\n[models."a \\"new\\" one"]\nparallel = 2\n'
    set_value("port", "1", path)
    set_value("host", "::1", path)
    assert load_settings(environ={}, path=path) == Settings(
        port=1, host="::1", models={'a "new" one': ModelSettings(parallel=2)}
    )


def test_a_setting_for_all_goes_above_the_sections(path: Path) -> None:
    path.write_text("[models.x]\nparallel = 2\n")
    set_value("port", "1", path)
    assert load_settings(environ={}, path=path) == Settings(port=1, models={"x": ModelSettings(parallel=2)})


def test_a_section_without_values_goes(path: Path) -> None:
    path.write_text(DOCUMENT)
    change(path, "small", keep_alive=None, parallel=None)
    assert path.read_text() == DOCUMENT.replace("\n[models.small]\nkeep_alive = 60\n", "")
    change(path, "big.one", parallel=None)
    change(path, "big.one", context_length=None)
    assert path.read_text() == "port = 8080  # mine\n\n# for the long letters\n"


def test_what_is_written_and_taken_out_again_leaves_no_trace(path: Path) -> None:
    path.write_text(commented_defaults())
    for model_id in ("a", "b.c"):
        change(path, model_id, parallel="2", keep_alive="auto")
    for model_id in ("a", "b.c"):
        change(path, model_id, parallel=None, keep_alive=None)
    assert path.read_text() == commented_defaults()


def test_a_section_with_a_comment_stays(path: Path) -> None:
    path.write_text("[models.x]\n# more when there is more memory\nparallel = 2\n")
    change(path, "x", parallel=None)
    assert path.read_text() == "[models.x]\n# more when there is more memory\n"
    assert load_settings(environ={}, path=path).for_model("x") == Settings().for_model("x")


@pytest.mark.parametrize("document", ["models = {x = {parallel = 2}}\n", "models.x.parallel = 2\n"])
def test_other_ways_to_write_it(path: Path, document: str) -> None:
    path.write_text(document)
    change(path, "x", context_length="128")
    change(path, "y", context_length="256")
    assert tomllib.loads(path.read_text())["models"] == {
        "x": {"parallel": 2, "context_length": 128},
        "y": {"context_length": 256},
    }
    change(path, "x", parallel=None)
    assert load_settings(environ={}, path=path).models["x"] == ModelSettings(context_length=128)


@pytest.mark.parametrize("texts", [{"parallel": "2", "context_length": "1"}, {"port": "1"}, {"port": None}])
def test_nothing_is_written_when_one_is_wrong(path: Path, texts: dict[str, str | None]) -> None:
    path.write_text(DOCUMENT)
    with pytest.raises(SettingsError) as caught:
        SettingsStore(path=path, environ={}).set_model("small", texts)
    assert caught.value.param == model_setting("small", list(texts)[-1])
    assert path.read_text() == DOCUMENT


def test_a_reason_is_short_enough_for_beside_a_field(path: Path) -> None:
    with pytest.raises(SettingsError) as caught:
        change(path, "x", context_length="1")
    assert str(caught.value.reason) == "allowed: a whole number from 64 to 16777216, or auto"


# Names


@given(st.text(min_size=1, max_size=20).filter(lambda text: text.isprintable()))
def test_any_models_name_survives_being_written_and_read(model_id: str) -> None:
    name = model_setting(model_id, "parallel")
    assert keys_of(name) == ("models", model_id, "parallel")
    assert canonical(name) == name
    assert name_of(keys_of(name)) == name
    assert tomllib.loads(f"{name} = 2") == {"models": {model_id: {"parallel": 2}}}
    assert flatten(nest({name: 2, "port": 1})) == {name: 2, "port": 1}


@pytest.mark.parametrize(
    ("typed", "name"),
    [
        ("memory-limit", "memory_limit"),
        ("models.x.keep-alive", 'models."x".keep_alive'),
        ("models.qwen2.5-7b.parallel", 'models."qwen2.5-7b".parallel'),
        ("models.a b:c.parallel", 'models."a b:c".parallel'),
        ("models.'x-y'.parallel", 'models."x-y".parallel'),
        ('models."x-y"', 'models."x-y"'),
    ],
)
def test_names_may_be_typed_without_quotes(typed: str, name: str) -> None:
    assert canonical(typed) == name


@pytest.mark.parametrize("written", ['"context\\u005flength"', "context_length.x"])
def test_an_unusual_key_is_removed_too(path: Path, written: str) -> None:
    path.write_text(f"[models.x]\n{written} = 4096\nparallel = 2\n")
    name = "models.x.context_length"
    assert unset(name, path)
    assert tomllib.loads(path.read_text()) == {"models": {"x": {"parallel": 2}}}


def test_a_value_is_no_section() -> None:
    with pytest.raises(KeyError):
        look_up({"models": 5}, "models.x.parallel")


def test_settings_are_written_as_plain_values() -> None:
    settings = Settings(models={"m": ModelSettings(parallel=2)})
    assert to_toml_value(settings.models) == {"m": {"parallel": 2}}


def test_blank_lines_of_an_emptied_section_are_removed(path: Path) -> None:
    path.write_text("port = 1\n[models.x]\n\nparallel = 2\n")
    change(path, "x", parallel=None)
    assert path.read_text() == "port = 1\n"
