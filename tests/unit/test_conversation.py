"""Replies of a relay, however they come."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from digest.transports.conversation import GARBAGE, Replies, Reply

SAID = b"250-2.0.0 first\r\n250 and last\r\n354 go on\r\n550\r\n451 4.2.0 sp\xc3\xa4ter\n"
MEANT = [
    Reply(250, "2.0.0 first and last"),
    Reply(354, "go on"),
    Reply(550, ""),
    Reply(451, "4.2.0 später"),
]


@given(st.sets(st.integers(0, len(SAID))))
def test_replies_mean_the_same_wherever_they_are_cut(cuts: set[int]) -> None:
    parser = Replies()
    places = [0, *sorted(cuts), len(SAID)]
    heard = [reply for begin, end in pairwise(places) for reply in parser.feed(SAID[begin:end])]
    assert heard == MEANT


def test_a_reply_without_end_is_none_even_where_its_lines_are_empty() -> None:
    parser = Replies()
    heard = [reply for _ in range(100) for reply in parser.feed(b"250-\r\n" * 1000)]
    assert {reply.code for reply in heard} == {GARBAGE}
