"""The only place of SQLAlchemy: transactions in, values of `digest.model` out.

    store = Store("sqlite:///digest.db", hash_email=signer.hash_email)
    with store.write() as tx:
        tx.papers.add([paper], source="arxiv", listed_at=now)

A transaction is committed when its block ends and rolled back when it raises. Nothing lazy
leaves it. On SQLite a `write` takes the write lock at once (BEGIN IMMEDIATE), so that two
writers wait for each other instead of failing half-way.
"""

from __future__ import annotations

from digest.store.digests import Newer
from digest.store.outbox import Standing
from digest.store.store import Store, Transaction

__all__ = ["Newer", "Standing", "Store", "Transaction"]
