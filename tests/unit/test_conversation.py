"""Replies of a relay, however they come."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.transports.conversation import GARBAGE, Replies, Reply, asked_wait

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


@pytest.mark.parametrize(
    ("said", "seconds"),
    [
        ("451 4.7.1 Greylisted, please try again in 300 seconds", 300),
        ("450 4.2.0 retry after 5 minutes", 300),
        ("450 wait 00:04:37", 277),
        ("450 4.2.0 Greylisted for 300 seconds (see http://postgrey.example/help)", 300),
        ("450 4.7.1 Policy Rejection- Greylisted for 60 seconds: Please try later", 60),
        ("451 4.7.1 Greylisting in action, please come back in 00:04:59", 299),
        ("451 greylisted, wait at least 5 min", 300),
        ("451 greylisted, please wait for another 5 min.", 300),
        ("451 4.7.1 try again later in 1 minute(s)", 60),
        ("451 please retry your message in about 1 hr", 3600),
        ("451 4.3.2 Retry in 90s", 90),
        ("450 limit of 500 mails in 24 hours reached, retry in 60 seconds", 60),
        ("450 try again in 2 hours", 3600),
        ("450 4.7.1 too much mail: try again in 24 hours", 3600),
        ("450 come back in 23:59:59", 3600),
    ],
)
def test_a_wait_that_is_asked_for_is_heard(said: str, seconds: float) -> None:
    assert asked_wait(said) == seconds


@pytest.mark.parametrize(
    "said",
    [
        "450 4.7.1 Error: too much mail from 203.0.113.5: 1000 messages in 24 hours",
        "451 4.7.1 try again after 30 messages",
        "451 queue full, try again in 500 ms",
        "451 try again in 3 months",
        "452 4.5.3 too many recipients for 20 sessions",
        "451 4.3.2 Please wait for 2 mailboxes to be moved",
        "450 4.7.1 try again, 100 messages in 24 hours are allowed",
        "450 you may retry 5 times in 24 hours",
        "450 please try again within 24 hours",
        "451 4.7.1 Try again later",
        "451 4.7.500 Server busy. Please try again later from [192.0.2.1]. (AS77712)",
        "450 4.2.0 Greylisted, see http://postgrey.example/help/example.org.html",
        "451 4.7.0 [TSS04] Messages from 192.0.2.1 temporarily deferred - 4.16.55.1",
    ],
)
def test_a_number_that_only_tells_of_a_limit_is_no_wait(said: str) -> None:
    assert asked_wait(said) is None
