"""How connections and rate are shared out between processes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.config import Smtp
from digest.crew import WORTH_A_PROCESS, shares

MANY = 100_000


@given(st.integers(1, 64), st.integers(1, 64), st.integers(0, MANY))
def test_all_connections_are_shared_out_and_nobody_is_without(
    connections: int, processes: int, due: int
) -> None:
    made = shares(Smtp(connections=connections, processes=processes), due)
    assert sum(share.connections for share in made) == connections
    assert min(share.connections for share in made) >= 1
    assert len(made) <= processes


def test_rates_are_shared_out_and_take_turns() -> None:
    smtp = Smtp(
        connections=8, processes=4, rate_per_second=200, rate_per_domain={"example.org": 20}
    )
    made = shares(smtp, MANY)
    assert [share.rate_per_second for share in made] == [50] * 4
    assert [dict(share.rate_per_domain) for share in made] == [{"example.org": 5}] * 4
    assert [share.phase for share in made] == [0, 0.25, 0.5, 0.75]


@pytest.mark.parametrize(("due", "count"), [(0, 1), (1, 1), (2 * WORTH_A_PROCESS, 2), (MANY, 4)])
def test_a_few_deliveries_are_not_worth_a_process(due: int, count: int) -> None:
    made = shares(Smtp(connections=8, processes=4), due)
    assert len(made) == count
    assert (made[0].phase is None) == (count == 1)
