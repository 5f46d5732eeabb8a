"""How AgentPay reaches PostgreSQL. One `Database` a process, made by the composition root and passed down."""

import asyncio
import contextlib
import contextvars
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import msgspec
import psycopg
import psycopg_pool
from psycopg.types.json import set_json_dumps, set_json_loads
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, create_async_engine

from agentpay.db.transaction import Params, Row, Tx, _open_transactions
from agentpay.kit import faults
from agentpay.kit.errors import Unavailable

# A turn reads and writes some forty JSON values: the standard library would take a tenth of its time.
set_json_loads(msgspec.json.decode)
set_json_dumps(msgspec.json.encode)

POOL_MIN = 1
CONNECT_SECONDS_MAX = 5
POOL_WAIT_SECONDS_MAX = 5
RECONNECT_SECONDS_MAX = 2
ADMIN_POOL_SIZE = 2
ADMIN_POOL_OVERFLOW = 4
STATEMENT_MILLISECONDS_MAX = 30_000
LOCK_MILLISECONDS_MAX = 10_000

OPTIONS = (
    f"-c timezone=UTC -c statement_timeout={STATEMENT_MILLISECONDS_MAX} -c lock_timeout={LOCK_MILLISECONDS_MAX}"
    " -c idle_in_transaction_session_timeout=60000"
)


class Database:
    """A psycopg pool for hot SQL text and a small SQLAlchemy engine for admin paths, on the same database.

    `url` is a libpq URL (`postgresql://…`). Raises `Unavailable` when no connection can be had in time.
    """

    def __init__(self, url: str, *, pool_max: int = 12) -> None:
        self.url = url
        self.pool = psycopg_pool.AsyncConnectionPool(
            url,
            min_size=POOL_MIN,
            max_size=pool_max,
            timeout=POOL_WAIT_SECONDS_MAX,
            # A failed attempt waits twice as long as the one before; from new, it begins with a second again.
            reconnect_timeout=RECONNECT_SECONDS_MAX,
            open=False,
            check=None,
            kwargs={
                "autocommit": True,
                "prepare_threshold": 0,
                "options": OPTIONS,
                "connect_timeout": CONNECT_SECONDS_MAX,
                "application_name": "agentpay",
            },
        )
        self._checking: asyncio.Task[None] | None = None
        self.engine: AsyncEngine = create_async_engine(
            "postgresql+psycopg" + url.removeprefix("postgresql").removeprefix("postgres"),
            pool_size=ADMIN_POOL_SIZE,
            max_overflow=ADMIN_POOL_OVERFLOW,
            pool_pre_ping=True,
            pool_timeout=POOL_WAIT_SECONDS_MAX,
            connect_args={"options": OPTIONS, "connect_timeout": CONNECT_SECONDS_MAX},
        )

    async def open(self) -> None:
        await self.pool.open()

    async def close(self) -> None:
        if self._checking is not None:
            self._checking.cancel()
        await self.pool.close()
        await self.engine.dispose()

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Tx]:
        """A pooled connection in autocommit: each statement is its own transaction.

        Raises AssertionError inside a transaction: whoever holds one connection and waits for another ends in a
        deadlock once the pool is empty.
        """
        if _open_transactions.get():
            raise AssertionError("a second connection is asked for inside a transaction: use its own")
        try:
            async with self.pool.connection() as connection:
                try:
                    yield Tx(connection)
                finally:
                    if connection.broken:
                        self._suspect_others()
        except (psycopg_pool.PoolTimeout, psycopg_pool.TooManyRequests, psycopg_pool.PoolClosed) as error:
            raise Unavailable("The database is busy.") from error

    def _suspect_others(self) -> None:
        """One connection broke, so the server may have restarted: look at the idle ones before somebody gets them."""
        if self._checking is None or self._checking.done():
            self._checking = asyncio.create_task(self._check(), context=contextvars.Context())

    async def _check(self) -> None:
        with contextlib.suppress(psycopg.Error, psycopg_pool.PoolClosed):
            await self.pool.check()

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Tx]:
        """A transaction: committed at the end of the block, rolled back on any exception. Keep it short.

        After-commit calls run once the commit has been acknowledged.
        """
        async with self.connection() as tx:
            marker = _open_transactions.set(_open_transactions.get() + 1)
            try:
                async with tx.connection.transaction():
                    yield tx
                    faults.commit("before")
                faults.commit("after")
            finally:
                _open_transactions.reset(marker)
            tx.committed()

    async def run(self, sql: str, params: Params = None) -> int:
        """One autocommitted statement; returns the number of rows it touched."""
        async with self.connection() as tx:
            return await tx.execute(sql, params)

    async def one(self, sql: str, params: Params = None) -> Row | None:
        async with self.connection() as tx:
            return await tx.one(sql, params)

    async def all(self, sql: str, params: Params = None) -> list[Row]:
        async with self.connection() as tx:
            return await tx.all(sql, params)

    async def value(self, sql: str, params: Params = None) -> Any:
        async with self.connection() as tx:
            return await tx.value(sql, params)

    @asynccontextmanager
    async def session(self) -> AsyncIterator[AsyncSession]:
        """An ORM session in a transaction, for admin paths. Committed at the end of the block.

        `await tx_of(session)` gives its `Tx`, so that jobs and events join the same transaction.
        """
        async with AsyncSession(self.engine, expire_on_commit=False) as session:
            marker = _open_transactions.set(_open_transactions.get() + 1)
            try:
                async with session.begin():
                    yield session
                    faults.commit("before")
                faults.commit("after")
            finally:
                _open_transactions.reset(marker)
            tx = session.info.get("tx")
            if tx is not None:
                tx.committed()


async def tx_of(session: AsyncSession) -> Tx:
    """The session's own transaction as a `Tx`: what is enqueued through it commits with the session."""
    if "tx" not in session.info:
        connection = await session.connection()
        raw = await connection.get_raw_connection()
        driver: psycopg.AsyncConnection[Any] = raw.driver_connection  # type: ignore[assignment] # SQLAlchemy says Any|None
        session.info["tx"] = Tx(driver)
    tx: Tx = session.info["tx"]
    return tx
