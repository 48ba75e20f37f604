from __future__ import annotations

import base64
import html
import json
from collections.abc import Callable
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from preheat.doctor.redaction import Hidden, Redactor

USER = "Zoë.Brandt"
HOME = "/home/zoe brandt"
KEY = "correct-horse-battery"

redact = Redactor(
    [
        Hidden(HOME, "~"),
        Hidden(USER, "<user>"),
        Hidden("zb", "<user>"),
        Hidden("thinkpad-7", "<host>"),
        Hidden(KEY, "<key>"),
        Hidden("/mnt/private", "<models folder 1>", to_end=True),
        Hidden("", "<nothing>"),
    ]
)

CODINGS: dict[str, Callable[[str], str]] = {
    "plain": str,
    "upper case": str.upper,
    "JSON": json.dumps,
    "JSON in JSON": lambda text: json.dumps(json.dumps(text)),
    "JSON with slashes": lambda text: json.dumps(text).replace("/", "\\/"),
    "URL": lambda text: quote(text, safe=""),
    "URL twice": lambda text: quote(quote(text, safe=""), safe=""),
    "form": quote_plus,
    "all percent": lambda text: "".join(f"%{byte:02x}" for byte in text.encode()),
    "HTML": html.escape,
    "HTML numbers": lambda text: "".join(f"&#{ord(char)};" for char in text),
    "repr of bytes": lambda text: repr(text.encode()),
    "all escaped": lambda text: "".join(f"\\x{byte:02x}" for byte in text.encode("latin-1")),
    "hexadecimal": lambda text: text.encode().hex(),
    "base64": lambda text: base64.b64encode(text.encode()).decode(),
    "base64 of more": lambda text: base64.b64encode(f"user={text}; x".encode()).decode(),
    "base64 for URLs": lambda text: base64.urlsafe_b64encode(f"??>{text}??>".encode()).decode().rstrip("="),
}


@pytest.mark.parametrize("secret", [USER, HOME, KEY, "thinkpad-7"])
@pytest.mark.parametrize("coding", CODINGS)
def test_what_is_hidden_is_found_in_every_coding(coding: str, secret: str) -> None:
    coded = CODINGS[coding](secret)
    text = f"before {coded} after"
    assert coded not in redact(text)
    assert redact(text).startswith("before ")


@settings(max_examples=40)
@given(st.text(), st.text(), st.sampled_from(sorted(CODINGS)), st.sampled_from([USER, HOME, KEY]))
def test_no_surroundings_keep_it(before: str, after: str, coding: str, secret: str) -> None:
    cleaned = redact(f"{before}{CODINGS['plain'](secret)} {CODINGS[coding](secret)} {after}")
    assert secret.casefold() not in cleaned.casefold()


@settings(max_examples=40)
@given(st.text(st.characters(categories=["L", "N", "P", "Zs"]), min_size=4, max_size=30).filter(str.strip))
def test_any_text_can_be_hidden(secret: str) -> None:
    hide = Redactor([Hidden(secret, "<hidden>")])
    if secret.casefold() in "<hidden>":
        return
    for coded in (secret, json.dumps(secret), quote(secret, safe="")):
        assert secret not in hide(f"say: {coded}!")


@settings(max_examples=40)
@given(st.text())
def test_no_text_fails(text: str) -> None:
    assert KEY not in redact.words(text + KEY)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("zb and ZB, but zbig and %2Fzb", "<user> and <user>, but zbig and %2F<user>"),
        ("/home/zoe brandt/.cache/preheat", "~/.cache/preheat"),
        ("/home/zoe brandt2/x", "/home/zoe brandt2/x"),
        ("/mnt/private/Divorce/notes cannot be read", "<models folder 1>"),
        ("skipped: /mnt/x/Some Folder/qwen 2.gguf is damaged", "skipped: …/qwen 2.gguf is damaged"),
        ("https://me:pw@hub.example/a?sig=abc", "https://<key>@hub.example/a?<text>"),
        ("Authorization: Bearer abc.def", "Authorization: <key>"),
        ("sent bearer abcdef123", "sent bearer <key>"),
        ('api_keys = ["a", "b"]', "api_keys = <key>"),
        ('{"token": "s3"}', '{"token": <key>}'),
        ("HF_TOKEN=x", "HF_TOKEN=<key>"),
        ("key sk-proj-abcdefgh_12345", "key <key>"),
        ("hf_abcdefghijkl and ph-abcdefghijkl", "<key> and <key>"),
        ("digest 0123456789abcdef0123456789abcdef", "digest <key>"),
        ("from 192.168.1.7 and fe80::1:2 to 127.0.0.1 and ::1", "from <address> and <address> to 127.0.0.1 and ::1"),
        ("mail me@example.org", "mail <address>"),
    ],
)
def test_what_looks_like_a_key_or_a_place(text: str, expected: str) -> None:
    assert redact(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-29T07:47:35+0000 INFO    preheat.core.lease: request for smollm2-135m-instruct.q4_1: hit, 12 tokens",
        "model qwen2.5-coder-7b-instruct-q4_k_m: loading -> warming",
        "phi-3.5-mini-instruct.q4_k_m: 2.4 GB, llama-cpp-python 0.3.36",
        "~/.local/share/preheat/usage.db",
        "internal error deadbeef: encoding failed: ValueError at a.py:1 f < b.py:22 g",
        "listening on port 11435 and 11434",
    ],
)
def test_what_says_nothing_stays(text: str) -> None:
    assert redact.words(text) == text


@pytest.mark.parametrize("quotes", ['"{}"', "'{}'", "`{}`"])
def test_text_in_quotes_may_be_a_clients(quotes: str) -> None:
    cleaned = redact.words(f"failed at {quotes.format('write me a poem')}, don't retry; it's over")
    assert cleaned == "failed at \"<text>\", don't retry; it's over"


def test_the_marker_never_has_the_hidden_text() -> None:
    assert "user" not in Redactor([Hidden("user", "<user>")])("the user's files")
