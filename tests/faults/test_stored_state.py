"""Files that Preheat keeps may hold any JSON: none of it raises, and none is lost by the next change."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from preheat.control import Keys, encode
from preheat.control.keys import KeyInfo
from preheat.core.persistent_state import PersistentState
from preheat.errors import EngineError
from preheat.server.ollama.named_models import MOST_MODELS, NamedModel, NamedModels
from preheat.settings import KeyScope, KeyStore
from preheat.settings.keys import NamedKey

LEAVES = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5), st.sampled_from([10**400, -1, 2**63])
)
JSON = st.recursive(LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner))
KEY = {"name": "a", "sha256": "0" * 64, "created_at": 1, "scope": "use", "models": [], "low_priority": False}
NAME = {"model_id": "m", "system": "", "parameters": {}, "created_at": 1.0}

quickly = settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], max_examples=60)


def changed(content: dict[str, Any], name: str, value: Any) -> dict[str, Any]:
    return {**content, name: value}


@given(
    st.one_of(
        JSON,
        st.builds(
            lambda name, value: {"version": 1, "keys": [changed(KEY, name, value)]}, st.sampled_from(sorted(KEY)), JSON
        ),
    )
)
@quickly
def test_keys(tmp_path: Path, content: Any) -> None:
    path = tmp_path / "keys.json"
    path.write_text(json.dumps(content))
    store = KeyStore(path)
    keys = store.read()
    assert all(isinstance(key, NamedKey) for key in keys)
    json.dumps(encode(Keys(tuple(map(KeyInfo.of, keys)))), allow_nan=False)
    assert store.find(b"anything") is None
    before = path.read_text()
    try:
        store.create("new", KeyScope.READ)
    except EngineError:
        assert path.read_text() == before
    else:
        assert len(store.read()) == len(keys) + 1


@given(
    st.one_of(
        JSON, st.builds(lambda name, value: {"n": changed(NAME, name, value)}, st.sampled_from(sorted(NAME)), JSON)
    )
)
@quickly
def test_names_of_models(tmp_path: Path, content: Any) -> None:
    path = tmp_path / "ollama-models.json"
    path.write_text(json.dumps(content))
    names = NamedModels(path)
    known = dict(names.models)
    for name, model in known.items():
        assert isinstance(name, str)
        assert math.isfinite(int(model.created_at * 1e9))
    try:
        names.add("another", NamedModel("m"))
    except EngineError:
        assert path.read_text() == json.dumps(content)
    else:
        assert names.models.keys() == {*known, "another"}


@given(st.one_of(JSON, st.builds(lambda until, at: {"paused_until": until, "paused_at": at}, LEAVES, LEAVES)))
@quickly
def test_the_pause(tmp_path: Path, content: Any) -> None:
    path = tmp_path / "state.json"
    path.write_text(json.dumps(content))
    until = PersistentState(path, lambda: 1e9).paused_until
    assert until is None or until == math.inf or 0 <= until <= 1e11


@pytest.mark.parametrize(
    ("until", "at", "now", "expected"), [(100, 40, 50, 100), (100, 40, 10, 70), (100, 40, 500, 100)]
)
def test_a_pause_does_not_become_longer(tmp_path: Path, until: float, at: float, now: float, expected: float) -> None:
    path = tmp_path / "state.json"
    path.write_text(json.dumps({"paused_until": until, "paused_at": at}))
    assert PersistentState(path, lambda: now).paused_until == expected


def test_names_of_models_stay_small(tmp_path: Path) -> None:
    names = NamedModels(tmp_path / "ollama-models.json")
    names.add("a", NamedModel("m", "x" * 5_000_000))
    with pytest.raises(EngineError, match="would take more than"):
        names.add("b", NamedModel("m", "x" * 5_000_000))
    assert NamedModels(tmp_path / "ollama-models.json").models.keys() == {"a"}


def test_a_name_can_be_replaced_when_no_more_fit(tmp_path: Path) -> None:
    path = tmp_path / "ollama-models.json"
    path.write_text(json.dumps({f"n{number}": NAME for number in range(MOST_MODELS)}))
    names = NamedModels(path)
    names.add("n0", NamedModel("other"))
    assert names.models["n0"].model_id == "other"
    with pytest.raises(EngineError):
        names.add("another", NamedModel("other"))
