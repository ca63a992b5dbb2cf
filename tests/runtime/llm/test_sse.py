"""Server-sent events, in whatever pieces the bytes arrive."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from savant.runtime.llm.sse import EventStream

BODY = b': hello\nevent: x\ndata: {"a": 1}\n\ndata:two\ndata: lines\n\nid: 7\n\ndata: \xc3\xa4\xe2\x80\xa8z\n\n'
EVENTS = [b'{"a": 1}', b"two\nlines", "ä\u2028z".encode()]


def read(chunks: list[bytes]) -> list[bytes]:
    stream = EventStream()
    events = [event for chunk in chunks for event in stream.feed(chunk)]
    return [*events, *stream.close()]


@given(cuts=st.lists(st.integers(0, len(BODY)), max_size=12), crlf=st.booleans())
def test_the_cuts_do_not_matter(cuts: list[int], crlf: bool) -> None:
    body = BODY.replace(b"\n", b"\r\n") if crlf else BODY
    marks = [0, *sorted(cuts), len(body)]
    pieces = [body[start:end] for start, end in pairwise(marks)]
    assert read(pieces) == EVENTS


def test_an_end_without_a_blank_line_loses_nothing() -> None:
    assert read([b"data: one\n\ndata: two"]) == [b"one", b"two"]


@pytest.mark.parametrize("body", [b'{"choices": []}\n\n', b"  \n<html>\n", b"[1]"])
def test_what_is_no_stream_is_kept_whole(body: bytes) -> None:
    stream = EventStream()
    for index in range(len(body)):
        assert stream.feed(body[index : index + 1]) == []
    assert stream.close() == []
    assert stream.plain
    assert stream.rest == body
