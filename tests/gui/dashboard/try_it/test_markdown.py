from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtGui import QTextBlock, QTextDocument

from preheat_gui.dashboard.try_it.markdown import completed, finished_length, from_markdown, is_code

TEXT = """Use `open`:

```python
a

b
```

- one

- two
  more

| a | b |
|---|---|
| 1 | 2 |

## End
Last **words** here
"""


@pytest.mark.parametrize(
    ("text", "finished"),
    [
        ("A paragraph", ""),
        ("A paragraph\n\n", ""),
        ("One\n\nTwo", ""),
        ("One\n\nTwo\n", "One\n\n"),
        ("One\n\n- a\n\n- b\n", ""),
        ("- a\n\n- b\n\nThen\n", "- a\n\n- b\n\n"),
        ("One\n```\ncode\n\nmore\n", "One\n"),
        ("One\n```\ncode\n```\n", "One\n```\ncode\n```\n"),
        ("````\n```\n````\n", "````\n```\n````\n"),
        ("| a |\n|---|\n\n| 1 |\n", ""),
    ],
)
def test_only_blocks_that_cannot_change_are_finished(text: str, finished: str) -> None:
    assert text[: finished_length(text)] == finished


@given(st.lists(st.integers(0, len(TEXT)), max_size=6))
def test_what_is_finished_stays_finished(cuts: list[int]) -> None:
    end = 0
    for cut in sorted(cuts):
        later = finished_length(TEXT[:cut], end)
        assert end <= later <= cut
        end = later
    assert finished_length(TEXT, end) == finished_length(TEXT)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain", "plain"),
        ("a **bo", "a **bo**"),
        ("a **bold*", "a **bold**"),
        ("a **bold**", "a **bold**"),
        ("a **", "a "),
        ("a `co", "a `co`"),
        ("```\na ** b `", "```\na ** b `"),
        ("first **\n\nsecond", "first **\n\nsecond"),
    ],
)
def test_unfinished_emphasis_is_closed(text: str, shown: str) -> None:
    assert completed(text) == shown


def blocks(document: QTextDocument) -> list[QTextBlock]:
    found, block = [], document.begin()
    while block.isValid():
        found.append(block)
        block = block.next()
    return found


def anchors(document: QTextDocument) -> dict[str, str]:
    found = {}
    for block in blocks(document):
        place = block.begin()
        while not place.atEnd():
            if place.fragment().charFormat().isAnchor():
                found[place.fragment().text()] = place.fragment().charFormat().anchorHref()
            place += 1
    return found


def test_only_links_to_the_web_and_mail_are_links(theme: object) -> None:
    made = from_markdown(
        "[web](https://example.org) [mail](mailto:a@example.org) [file](file:///etc/passwd) [own](preheat:copy/0) "
        "[js](javascript:alert)"
    )
    assert anchors(made) == {"web": "https://example.org", "mail": "mailto:a@example.org"}
    assert made.toPlainText() == "web mail file own js"


def test_images_are_left_out(theme: object) -> None:
    assert from_markdown("before ![x](https://example.org/a.png) after").toPlainText() == "before  after"


def test_a_table_with_an_empty_first_cell_has_no_empty_lines(theme: object) -> None:
    made = from_markdown("| | b |\n|---|---|\n| 1 | 2 |\n")
    assert [block.text() for block in blocks(made) if block.text()] == ["b", "1", "2"]
    assert made.toPlainText().strip("\n") == "b\n1\n2"


def test_code_keeps_its_lines(theme: object) -> None:
    made = from_markdown("```sh\na\n\nb\n```\n")
    assert [block.text() for block in blocks(made) if is_code(block)] == ["a", "", "b"]
