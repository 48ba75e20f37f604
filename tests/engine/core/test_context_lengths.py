from __future__ import annotations

from types import MappingProxyType

from preheat.core.context_lengths import ContextLengths
from preheat.settings import ModelSettings, Settings


def test_only_a_larger_length_changes_something() -> None:
    lengths, settings = ContextLengths(), Settings(context_length=4096)
    assert not lengths.require("a", 4096, settings)
    assert lengths.require("a", 8192, settings)
    assert not lengths.require("a", 8000, settings)
    applied = lengths.apply_to(settings)
    assert applied.for_model("a").context_length == 8192
    assert applied.for_model("b").context_length == 4096


def test_a_models_other_settings_stay() -> None:
    lengths = ContextLengths()
    own = ModelSettings(context_length=512, parallel=2)
    settings = Settings(models=MappingProxyType({"a": own}))
    assert lengths.require("a", 1024, settings)
    assert lengths.apply_to(settings).models["a"] == ModelSettings(context_length=1024, parallel=2)


def test_a_larger_setting_wins() -> None:
    lengths = ContextLengths()
    lengths.require("a", 8192, Settings(context_length=4096))
    assert lengths.apply_to(Settings(context_length=16_384)).for_model("a").context_length == 16_384


def test_a_forgotten_length() -> None:
    lengths, settings = ContextLengths(), Settings(context_length=4096)
    lengths.require("a", 8192, settings)
    lengths.forget("a")
    assert lengths.apply_to(settings) == settings
