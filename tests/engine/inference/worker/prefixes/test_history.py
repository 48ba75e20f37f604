"""Why a prompt was computed again."""

from __future__ import annotations

from preheat.inference.worker.prefixes.history import MAX_CLIENTS, Expected, PromptHistory, reason
from preheat.messages import msg, render

LONG = list(range(3000))


def test_nothing_is_expected_of_a_first_prompt() -> None:
    history = PromptHistory()
    assert history.add("editor", LONG) == Expected()
    assert reason(Expected(), 0, len(LONG)) is None


def test_the_first_other_token_is_named() -> None:
    history = PromptHistory()
    history.add("editor", LONG)
    changed = [*LONG[:11], -1, *LONG[12:]]
    expected = history.add("editor", changed)
    assert expected == Expected(11, 3000)
    message = reason(expected, 11, len(changed))
    assert message == msg("prefix_differs", token=12, tokens=3000)
    assert render(message).text == "differs from this client's last prompt at token 12 of 3,000"


def test_clients_do_not_share_a_history() -> None:
    history = PromptHistory()
    history.add("editor", LONG)
    assert history.add("chat", LONG) == Expected()
    for number in range(MAX_CLIENTS):
        history.add(str(number), [1])
    assert history.add("editor", LONG) == Expected()


def test_a_prompt_that_grows_gives_no_reason() -> None:
    assert reason(Expected(3000, 3000), 2990, 5000) is None
    assert reason(Expected(3000, 3000), 2999, 3000) is None
    assert reason(Expected(2990, 3000), 2990, 5000) is None


def test_what_was_evicted() -> None:
    assert reason(Expected(3000, 3000), 24, 5000) == msg("prefix_evicted", tokens=3000)
    assert reason(Expected(beginning=800), 0, 5000) == msg("prefix_evicted", tokens=800)
    assert reason(Expected(3000, 3000), 2000, 5000, in_other_pieces=True) == msg("prefix_in_other_pieces", tokens=3000)


def test_what_was_damaged() -> None:
    assert reason(Expected(3000, 3000), 24, 5000, damaged=True) == msg("prefix_damaged")


def test_what_has_changed_since_it_was_stored() -> None:
    expected = Expected(beginning=800)
    for changes, code in (
        (("files", "kv_types"), "prefix_file_changed"),
        (("kv_types",), "prefix_kv_type_changed"),
        (("llama_cpp",), "prefix_llama_cpp_changed"),
        (("rope",), "prefix_settings_changed"),
        (("another",), "prefix_settings_changed"),
    ):
        assert reason(expected, 0, 900, changes=changes) == msg(code)
    assert reason(Expected(850, 900), 0, 900, changes=("files",)) == msg("prefix_evicted", tokens=850)
