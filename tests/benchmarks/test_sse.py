from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from benchmarks.sse import SseParser

STREAM = b': loading 40 %\n\ndata: {"a": 1}\n\nevent: x\r\ndata:two\r\ndata: lines\r\n\r\ndata: [DONE]\n\n'
EVENTS = [b'{"a": 1}', b"two\nlines", b"[DONE]"]


@given(st.lists(st.integers(0, len(STREAM)), max_size=12))
def test_events_do_not_depend_on_the_pieces_of_the_stream(cuts: list[int]) -> None:
    parser = SseParser()
    ends = [*sorted(cuts), len(STREAM)]
    pieces = [STREAM[start:end] for start, end in zip([0, *ends], ends, strict=False)]
    assert [event for piece in pieces for event in parser.feed(piece)] == EVENTS


def test_an_incomplete_event_is_not_returned() -> None:
    parser = SseParser()
    assert list(parser.feed(b"data: half\n")) == []
    assert list(parser.feed(b"\n")) == [b"half"]
