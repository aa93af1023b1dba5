"""The engine, its transactions and its schema."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from copy import copy
from pathlib import Path
from threading import Lock
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.exc import DBAPIError, OperationalError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from digest.errors import ConfigError, StoreBusy, StoreError
from digest.store.attention import AttentionModels
from digest.store.boards import Boards
from digest.store.changes import Changes
from digest.store.claims import Claims
from digest.store.counts import Counts
from digest.store.deliveries import Deliveries
from digest.store.digests import Digests
from digest.store.editions import Editions
from digest.store.embeddings import Embeddings
from digest.store.feedback import FeedbackLog
from digest.store.listings import Listings
from digest.store.outbox import Outbox
from digest.store.papers import Papers
from digest.store.runs import Runs
from digest.store.search import Search, plain_words
from digest.store.signals import Signals
from digest.store.sources import Sources
from digest.store.spaces import Spaces
from digest.store.subscribers import Subscribers
from digest.store.suppressions import Suppressions
from digest.store.topics import Topics

BUSY_SECONDS = 30
CACHE_KIB = 8192  # of each connection to SQLite
CONNECTIONS = 8  # to SQLite that are kept: opened anew, one has read nothing yet


class Transaction:
    """One unit of work; its nouns share one connection."""

    def __init__(self, connection: Connection, hash_email: Callable[[str], str]) -> None:
        self.papers = Papers(connection)
        self.listings = Listings(connection)
        self.boards = Boards(connection)
        self.changes = Changes(connection)
        self.search = Search(connection)
        self.spaces = Spaces(connection)
        self.attention = AttentionModels(connection)
        self.topics = Topics(connection)
        self.signals = Signals(connection)
        self.sources = Sources(connection)
        self.subscribers = Subscribers(connection, hash_email)
        self.feedback = FeedbackLog(connection)
        self.editions = Editions(connection)
        self.deliveries = Deliveries(connection)
        self.outbox = Outbox(connection)
        self.digests = Digests(connection)
        self.claims = Claims(connection)
        self.counts = Counts(connection)
        self.suppressions = Suppressions(connection)
        self.embeddings = Embeddings(connection)
        self.runs = Runs(connection)


class Store:
    """The database: SQLite for one process, PostgreSQL for many.

    What asks about the schema loads Alembic, which takes a third of the time in which a process
    begins; one that only sends has no use for it.
    """

    def __init__(self, url: str, *, hash_email: Callable[[str], str]) -> None:
        self._engine = _engine(url)
        self._hash_email = hash_email
        self._rehearsal: ExitStack | None = None
        self._rehearsed: Connection | None = None

    def read(self) -> AbstractContextManager[Transaction]:
        """Open a transaction that only reads."""
        return self._transaction(writes=False)

    def write(self) -> AbstractContextManager[Transaction]:
        """Open a transaction that may write; committed when the block ends."""
        return self._transaction(writes=True)

    @contextmanager
    def rehearse(self) -> Iterator[Store]:
        """Yield a store whose writes are all undone when the block ends (`--dry-run`).

        Everything happens in one transaction, which begins with the first write.
        """
        with ExitStack() as stack:
            twin = copy(self)
            twin._rehearsal = stack
            yield twin

    @contextmanager
    def _transaction(self, *, writes: bool) -> Iterator[Transaction]:
        with _translated():
            if self._rehearsal is not None and writes and self._rehearsed is None:
                connection = self._rehearsal.enter_context(self._engine.connect())
                self._rehearsal.callback(connection.begin().rollback)
                self._rehearsed = connection
            if self._rehearsed is not None:
                with self._rehearsed.begin_nested():
                    yield Transaction(self._rehearsed, self._hash_email)
                return
            with self._engine.connect() as connection:
                connection = connection.execution_options(digest_writes=writes)
                with connection.begin():
                    yield Transaction(connection, self._hash_email)

    def revision(self) -> str | None:
        """Return the schema revision of the database, `None` for an empty one."""
        from digest.store import schema

        with _translated(), self._engine.connect() as connection:
            return schema.current(_reading(connection))

    def check_schema(self) -> None:
        """Raise `SchemaMismatch` unless the database has exactly this program's schema."""
        from digest.store import schema

        with _translated(), self._engine.connect() as connection:
            schema.check(_reading(connection))

    def upgrade(self) -> None:
        """Bring the database to this program's schema; nothing happens when it is there."""
        from digest.store import schema

        with _translated(), self._engine.begin() as connection:
            schema.upgrade(connection)

    def differences(self) -> list[str]:
        """Return what differs between the database and the tables of this program."""
        from digest.store import schema

        with _translated(), self._engine.connect() as connection:
            return schema.differences(_reading(connection))

    def close(self) -> None:
        """Give all connections back."""
        self._engine.dispose()


def _engine(url: str) -> Engine:
    try:
        parsed = make_url(url)
        if parsed.get_backend_name() == "sqlite":
            engine = create_engine(
                parsed,
                connect_args={"timeout": BUSY_SECONDS},
                pool_size=CONNECTIONS,
                hide_parameters=True,
            )
            if parsed.database and parsed.database != ":memory:":
                event.listen(engine, "do_connect", _keep_private(Path(parsed.database)))
            event.listen(engine, "connect", _prepare_sqlite)
            event.listen(engine, "begin", _begin_sqlite)
            return engine
        # What is written holds addresses, which belong in no traceback.
        return create_engine(parsed, pool_pre_ping=True, hide_parameters=True)
    except (SQLAlchemyError, ImportError) as error:
        raise ConfigError(
            "[database] url cannot be used: write sqlite:///FILE, or postgresql+psycopg://... "
            "with the [postgres] extra installed"
        ) from error


def _keep_private(path: Path) -> Callable[..., None]:
    """Return a listener that makes a new file for its owner only: it will hold addresses."""
    lock = Lock()

    def make(*_: Any) -> None:
        # A file that is there must not even be opened: to close it again would end all locks that
        # this process has on it (fcntl), and who is not seen to read and write has the journal
        # deleted under them by the next process that leaves.
        with lock, suppress(OSError):  # SQLite itself says why a file cannot be made
            path.resolve().touch(mode=0o600, exist_ok=False)

    return make


def _prepare_sqlite(connection: sqlite3.Connection, _record: Any) -> None:
    # We say BEGIN ourselves: the driver would delay it until the first write, and a reader that
    # turns writer half-way cannot wait for the lock.
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode = WAL")
    # A power cut must not undo "sent": that would be a second copy.
    cursor.execute("PRAGMA synchronous = FULL")
    cursor.execute("PRAGMA foreign_keys = ON")
    # Who is erased must not be found in free pages of the file; not every build does it unasked.
    cursor.execute("PRAGMA secure_delete = ON")
    # Planning writes into indexes all over the place; the pages should not be read each time.
    cursor.execute(f"PRAGMA cache_size = -{CACHE_KIB}")
    cursor.close()
    # What keeps the index of words up to date asks for it.
    connection.create_function("plain_words", 1, plain_words, deterministic=True)


def _reading(connection: Connection) -> Connection:
    """Have a connection take no place from those that write, nor wait for them."""
    return connection.execution_options(digest_writes=False)


def _begin_sqlite(connection: Connection) -> None:
    writes = connection.get_execution_options().get("digest_writes", True)
    connection.execute(text("BEGIN IMMEDIATE" if writes else "BEGIN"))


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except OperationalError as error:
        raise StoreBusy(
            f"the database does not answer ({_first_line(error)}): it is locked, full, "
            "not writable or away; nothing was lost, try again"
        ) from error
    except PoolTimeoutError as error:
        raise StoreBusy(
            "the database does not answer: all of our connections to it are in use; try again"
        ) from error
    except DBAPIError as error:
        raise StoreError(f"the database refused a statement: {_first_line(error)}") from error


def _first_line(error: DBAPIError) -> str:
    return str(error.orig).strip().partition("\n")[0]
