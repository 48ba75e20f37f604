"""Every command: declared once, and the same after its way over HTTP."""

from __future__ import annotations

import dataclasses
import re
from typing import Any
from urllib.parse import unquote

import pytest

import preheat.control as api
from preheat.control import (
    COMMANDS,
    Command,
    Risk,
    Schemas,
    codec_of,
    decode,
    encode,
    field_forms,
    parse_command,
    place_of,
    result_type,
    wants_body,
)
from preheat.control.command import to_http
from preheat.errors import InvalidRequestError
from preheat.settings import KeyScope

SAMPLES: list[Command[Any]] = [
    api.GetStatus(),
    api.WatchStatus(),
    api.ListModels(),
    api.GetModel("org/a b"),
    api.ExplainModel("a"),
    api.LoadModel("a/load"),
    api.ExpectModel("a/expect"),
    api.UnloadModel("ä"),
    api.RemoveModel("a"),
    api.ImportFile("/a.gguf", "move"),
    api.MoveModels("/models"),
    api.MoveModels("/models", dry_run=True),
    api.ListDownloads(),
    api.PullModel("qwen3:4b"),
    api.PauseDownload("d 1"),
    api.ResumeDownload("d1"),
    api.CancelDownload("d1"),
    api.ForgetDownload("d1"),
    api.GetStats(),
    api.GetStats("7d"),
    api.GetHistory(24, 7),
    api.GetDay(8),
    api.ListDecisions(5, "1h", "a"),
    api.ListRequests(5, "1h", "a"),
    api.SearchHub("tiny", "chat", 5, "likes"),
    api.GetRepo("a/b"),
    api.GetCatalogue("code", "qwen 7b"),
    api.GetCard("owner/name"),
    api.GetHubAccount(True),
    api.PausePreloading(),
    api.PausePreloading(1e9),
    api.MakeRoom(),
    api.MakeRoom(2**33, 3600.0),
    api.EndRoom(),
    api.GetColdStart("a b"),
    api.ResumePreloading(),
    api.GetPlan(),
    api.PreviewLimit(8_000_000_000),
    api.GetPrefixCache(),
    api.ClearPrefixCache(),
    api.ClearPrefixCache("a/b"),
    api.ListKeys(),
    api.CreateKey("my laptop"),
    api.CreateKey("monitor", KeyScope.READ, ("m",), True),
    api.RevokeKey("my/laptop"),
    api.GetFavourites(),
    api.SetFavourites(("a", "b")),
    api.SetFavourites(None),
    api.OrderFavourites(("a", "b")),
    api.AddFavourite("a"),
    api.DropFavourite("a"),
    api.GetSettings(),
    api.ChangeSettings({}),
    api.ChangeSettings({"threads": 2, "preload": False}),
    api.ChangeModelSettings("a", {"parallel": None}),
    api.EstimateMemory("a", {"context_length": 2048}),
    api.ReloadSettings(),
    api.GetUpdate(),
    api.GetDevices(),
    api.CheckForUpdate(),
    api.CheckForUpdate(now=True),
    api.Quit(),
    api.Quit(now=True),
    api.ReplayLimits((8_000_000_000, 16_000_000_000)),
]


def path_values(kind: type[Command[Any]], path: str) -> dict[str, str]:
    pattern = re.sub(r"{(\w+)(?::path)?}", r"(?P<\1>.+)", kind.route.path)
    found = re.fullmatch(pattern, unquote(path))
    assert found is not None
    return found.groupdict()


@pytest.mark.parametrize("command", SAMPLES, ids=repr)
def test_a_command_survives_http(command: Command[Any]) -> None:
    kind = type(command)
    method, path, query, body = to_http(command)
    assert method == kind.route.method
    assert wants_body(kind) is (body is not None)
    assert parse_command(kind, path_values(kind, path), query, body) == command


def test_every_command_has_a_sample() -> None:
    assert {type(sample) for sample in SAMPLES} == set(COMMANDS)


@pytest.mark.parametrize("kind", COMMANDS)
def test_a_declaration_is_complete(kind: type[Command[Any]]) -> None:
    route = kind.route
    assert (kind.__doc__ or "").strip().endswith(".")
    assert getattr(api, kind.__name__) is kind
    assert isinstance(route.risk, Risk)
    assert all("code" in vars(error) for error in route.errors)
    assert (route.method == "GET") <= (
        route.risk is Risk.USE or kind in (api.GetSettings, api.GetHubAccount, api.ListKeys)
    )
    schemas: Schemas = {}
    codec_of(result_type(kind)).schema(schemas)
    in_path = {field.name for field in field_forms(kind) if place_of(kind, field) == "path"}
    assert in_path == set(re.findall(r"{(\w+)", route.path))


def test_no_two_commands_share_a_route() -> None:
    routes = [(kind.route.method, kind.route.path) for kind in COMMANDS]
    assert len(set(routes)) == len(routes)


@pytest.mark.parametrize(
    ("kind", "query", "body", "param", "code"),
    [
        (api.PullModel, {}, {}, "name", "must_be_text"),
        (api.PullModel, {}, {"name": " "}, "name", "must_be_text"),
        (api.PullModel, {}, {"name": 3}, "name", "must_be_text"),
        (api.PullModel, {}, {"name": "a\0"}, "name", "must_be_text"),
        (api.PullModel, {}, [], None, "body_not_an_object"),
        (api.ImportFile, {}, {"path": "/a", "how": "steal"}, "how", "must_be_one_of"),
        (api.ImportFile, {}, {"path": "a.gguf"}, "path", "must_be_absolute_path"),
        (api.ImportFile, {}, {"path": "~/a.gguf"}, "path", "must_be_absolute_path"),
        (api.ImportFile, {}, {"path": "/a\0.gguf"}, "path", "must_be_path"),
        (api.ImportFile, {}, {"path": "/\ud800.gguf"}, "path", "must_be_path"),
        (api.ImportFile, {}, {"path": ["/a.gguf"]}, "path", "must_be_text"),
        (api.MoveModels, {}, {"path": "/" + "m" * 300}, "path", "must_be_path"),
        (api.MoveModels, {}, {"path": r"C:\models"}, "path", "must_be_path"),
        (api.MoveModels, {}, {"path": "/m", "dry_run": "no"}, "dry_run", "must_be_flag"),
        (api.MoveModels, {}, {"path": "/m", "dry_run": 1}, "dry_run", "must_be_flag"),
        (api.ListDecisions, {"limit": "0"}, None, "limit", "must_be_whole_number"),
        (api.ListDecisions, {"limit": "-1"}, None, "limit", "must_be_whole_number"),
        (api.SearchHub, {"q": "x" * 201}, None, "q", "must_be_short_text"),
        (api.ReplayLimits, {}, {"limits": ["a"]}, "limits", "must_be_list"),
        (api.ReplayLimits, {}, {"limits": 3}, "limits", "must_be_list"),
        (api.ReplayLimits, {}, {}, "limits", "must_be_list"),
        (api.SetFavourites, {}, {"favourites": "a"}, "favourites", "must_be_model_names"),
        (api.PausePreloading, {"seconds": "0"}, None, "seconds", "must_be_seconds"),
    ],
)
def test_a_wrong_parameter_is_named(
    kind: type[Command[Any]], query: dict[str, str], body: Any, param: str | None, code: str
) -> None:
    with pytest.raises(InvalidRequestError) as caught:
        parse_command(kind, {}, query, body)
    assert (caught.value.param, caught.value.message.code) == (param, code)


def test_results_are_frozen_values() -> None:
    for kind in COMMANDS:
        result = result_type(kind)
        assert dataclasses.is_dataclass(result)
        assert isinstance(result, type)
        assert getattr(result, "__dataclass_params__").frozen  # noqa: B009 - mypy does not know the attribute


def test_a_result_survives_http() -> None:
    result = api.ModelsMove("/models", "/old", dry_run=False, others=1, left=("/old/a",))
    assert decode(api.ModelsMove, encode(result)) == result


@pytest.mark.parametrize("body", [{"siize": "1GiB"}, {"size": None, "x" * 100_000: 0}])
def test_a_mistyped_parameter_is_refused(body: dict[str, Any]) -> None:
    with pytest.raises(InvalidRequestError, match="is no parameter here") as refused:
        parse_command(api.MakeRoom, {}, {}, body)
    assert refused.value.message.params["known"] == ["seconds", "size"]
    assert len(str(refused.value)) < 200


def test_what_a_newer_client_leaves_out_is_ignored() -> None:
    assert parse_command(api.MakeRoom, {}, {}, {"seconds": 5, "newer": None}) == api.MakeRoom(None, 5.0)
