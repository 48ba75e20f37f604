from __future__ import annotations

import json
import math

import pytest

from preheat.inference import message_to_json
from preheat_gui.dashboard.try_it.conversation import Conversation, Turn, from_json

IMAGE = b"\x89PNG picture"


def conversation() -> Conversation:
    turns = [
        Turn("a", "What is this?\nBe brief.", images=(IMAGE,), thinking="Hm.", answer="A **fox**.\n", over=True),
        Turn("e", "fox", embeddings=True, answer="[0.1, …]", over=True),
        Turn("a", "Sure?", answer="Yes.", over=True),
    ]
    return Conversation("Be kind.", 0.2, turns, 1_790_000_000.0)


def test_the_request_has_the_options_and_the_earlier_answers() -> None:
    request = conversation().request()
    assert request.sampling.temperature == 0.2
    assert request.chat is not None
    system, question, answer, last = map(message_to_json, request.chat.messages)
    assert system == {"role": "system", "content": "Be kind."}
    assert [part["type"] for part in question["content"]] == ["image_url", "text"]
    assert answer == {"role": "assistant", "content": "A **fox**.\n"}
    assert last == {"role": "user", "content": "Sure?"}


def test_without_options_the_defaults_apply() -> None:
    request = Conversation(turns=[Turn("a", "Hello")]).request()
    assert request.chat is not None
    assert len(request.chat.messages) == 1
    assert request.sampling.temperature == 0.8


def test_json_brings_everything_back() -> None:
    before = conversation()
    after = from_json(before.to_json())
    assert after.request() == before.request()
    assert [turn.thinking for turn in after.turns] == ["Hm.", "", ""]
    assert (after.system, after.temperature, after.began_at) == ("Be kind.", 0.2, 1_790_000_000.0)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"format": "other"}', '{"format": "preheat-conversation"}', "null"])
def test_other_files_are_refused(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 # whatever is wrong with it
        from_json(text)


@pytest.mark.parametrize(
    ("name", "value"), [("began_at", math.nan), ("began_at", 1e300), ("began_at", 10**400), ("temperature", math.inf)]
)
def test_impossible_figures_are_refused(name: str, value: float) -> None:
    content = json.loads(conversation().to_json()) | {name: value}
    with pytest.raises(ValueError, match=r"range|not a conversation"):
        from_json(json.dumps(content))


def test_deep_nesting_is_refused() -> None:
    with pytest.raises(ValueError, match="not a conversation"):
        from_json("[" * 100_000)


def test_a_newer_format_is_refused() -> None:
    content = json.loads(conversation().to_json()) | {"version": 2}
    with pytest.raises(ValueError, match="format"):
        from_json(json.dumps(content))


def test_markdown_is_a_document() -> None:
    assert conversation().to_markdown() == (
        "> Be kind.\n\n## What is this?\nBe brief.\n\n*[1]*\n\nA **fox**.\n\n*a*\n\n"
        "## fox\n\n[0.1, …]\n\n*e*\n\n## Sure?\n\nYes.\n\n*a*\n"
    )
