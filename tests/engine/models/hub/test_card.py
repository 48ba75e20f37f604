"""Model cards: what is shown of a stranger's Markdown and HTML."""

from __future__ import annotations

import re

import pytest

from preheat.models.hub.card import MAX_CHARS, make_card

PAGE = "https://huggingface.co/a/b/blob/main/"

README = """---
license: apache-2.0
tags: [gguf]
---
<!-- a note -->
<div align="center"><img src="https://x.example/logo.png" onerror="alert(1)"/>
<h1>Tiny <b>model</b></h1></div>

[![Discord](https://img.shields.io/badge.svg)](https://discord.gg/x) See [the files](./files.md) or [above](#top).

| Quant | Size |
|-------|-----:|
| Q4_K_M | 2.5 GB |

```python
print("<script>")  # ![no](image.png)
```
<script>alert(1)</script><style>p { color: red }</style>
<details><summary>More</summary>

- one & two

</details>

> [!NOTE]
> Read this.
"""


def html(markdown: str) -> str:
    return make_card("a/b", markdown, PAGE).html


def test_a_usual_card() -> None:
    card = make_card("a/b", README, PAGE)
    assert (card.repo, card.shortened) == ("a/b", False)
    assert card.markdown.startswith("<!-- a note -->")
    for shown in (
        "<h1>Tiny <b>model</b></h1>",
        '<a href="https://huggingface.co/a/b/blob/main/files.md">the files</a> or above',
        "<td>Q4_K_M</td>",
        '<pre><code>print("&lt;script&gt;")  # ![no](image.png)</code></pre>',
        "<li>one &amp; two</li>",
        "More",
        "<strong>Note</strong><br>\nRead this.",
    ):
        assert shown in card.html
    for dropped in ("<img", "alert", "color", "onerror", "shields", "a note", "license", "style"):
        assert dropped not in card.html


@pytest.mark.parametrize(
    "markdown",
    [
        "[x](javascript:alert)",
        "[x](file:///etc/passwd)",
        "[x](data:text/html,y)",
        "<a href='vbscript:x'>x</a>",
        "[x](//[bad)",
        "<a>x</a>",
    ],
)
def test_other_links_are_text(markdown: str) -> None:
    assert "<a" not in html(markdown)
    assert "x" in html(markdown)


@pytest.mark.parametrize(
    "markdown",
    [
        "<div>" * 500 + "x",
        "</p></div></table>x",
        "<b><i>x</b></i>",
        "<table><tr><td>x",
        "> " * 5000 + "x",
        "<p>a<p>b<p>x",
        "<svg><text>y</text></svg>x",
        "<script>y",
        "a\x00b\u202ex",
        "<a href='https://e.example/\"><img src=q>'>x</a>",
    ],
)
def test_the_result_is_well_formed(markdown: str) -> None:
    shown = html(markdown)
    opened: list[str] = []
    for end, tag in re.findall(r"<(/?)([a-z0-9]+)[^>]*>", shown):
        if tag in ("br", "hr"):
            continue
        if end:
            assert opened.pop() == tag
        else:
            opened.append(tag)
    assert opened == []
    assert "<img" not in shown


@pytest.mark.parametrize("unit", ["[", "`", "<", "<!-- ", "_"])
def test_a_long_card_is_shortened_and_takes_no_time(unit: str) -> None:
    card = make_card("a/b", unit * (MAX_CHARS // len(unit) + 2), PAGE)
    assert len(card.markdown) <= MAX_CHARS


def test_a_huge_table_ends_as_text() -> None:
    shown = html("|a|b|\n|-|-|\n" + "|cell|x|\n" * 1500 + "\nafter")
    assert 1900 < shown.count("<td>") <= 2000
    assert shown.count("cell") == 1500
    assert shown.endswith("<p>after</p>\n")


def test_nested_lists_are_kept() -> None:
    assert html("".join(f"{'  ' * depth}- item\n" for depth in range(9))).count("item") == 9


def test_no_card() -> None:
    assert make_card("a/b", "", PAGE) == make_card("a/b", "---\nlicense: mit\n---\n", PAGE)
