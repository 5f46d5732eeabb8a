"""One transaction type for all packages, and the rule that none is open across a network call."""

from collections.abc import Callable, Mapping, Sequence
from contextvars import ContextVar
from typing import Any, TypeVar, overload

import psycopg
from psycopg.rows import class_row, dict_row

Row = dict[str, Any]
Params = Mapping[str, Any] | Sequence[Any] | None
T = TypeVar("T")

_open_transactions: ContextVar[int] = ContextVar("open_transactions", default=0)


def forbid_transaction() -> None:
    """Called by whoever is about to use the network. A lock held across it would turn Polar's outage into ours.

    Raises AssertionError: a bug, never an expected outcome.
    """
    if _open_transactions.get():
        raise AssertionError("a transaction is open across a network call: commit first")


class Tx:
    """A running transaction (or, from `Database.run`, a single autocommitted statement's connection).

    `sql` is psycopg text with `%(name)s` or `%s`. Rows come as dicts, or as `row(**columns)` when a class is given.
    """

    __slots__ = ("_after_commit", "connection")

    def __init__(self, connection: "psycopg.AsyncConnection[Any]") -> None:
        self.connection = connection
        self._after_commit: list[Callable[[], None]] = []

    async def execute(self, sql: str, params: Params = None) -> int:
        """Run `sql`; returns the number of rows it touched."""
        cursor = await self.connection.execute(sql.encode(), params)
        return cursor.rowcount

    @overload
    async def one(self, sql: str, params: Params = None) -> Row | None: ...
    @overload
    async def one(self, sql: str, params: Params = None, *, row: type[T]) -> T | None: ...
    async def one(self, sql: str, params: Params = None, *, row: type[Any] | None = None) -> Any:
        """The first row, or None."""
        cursor = self.connection.cursor(row_factory=class_row(row) if row else dict_row)
        await cursor.execute(sql.encode(), params)
        return await cursor.fetchone()

    @overload
    async def all(self, sql: str, params: Params = None) -> list[Row]: ...
    @overload
    async def all(self, sql: str, params: Params = None, *, row: type[T]) -> list[T]: ...
    async def all(self, sql: str, params: Params = None, *, row: type[Any] | None = None) -> Any:
        """All rows; the statement bounds them (LIMIT), not the caller."""
        cursor = self.connection.cursor(row_factory=class_row(row) if row else dict_row)
        await cursor.execute(sql.encode(), params)
        return await cursor.fetchall()

    async def value(self, sql: str, params: Params = None) -> Any:
        """The first column of the first row, or None."""
        cursor = await self.connection.execute(sql.encode(), params)
        row = await cursor.fetchone()
        return None if row is None else row[0]

    def after_commit(self, call: Callable[[], None]) -> None:
        """Run `call` once the transaction has committed: doorbells and wake-ups, nothing that may fail or matters."""
        self._after_commit.append(call)

    def committed(self) -> None:
        for call in self._after_commit:
            call()
        self._after_commit.clear()
