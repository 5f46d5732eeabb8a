"""Rows in memory, written through to one sqlite3 file when there is one."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Generic, TypeVar

import msgspec

from agentpay.sandbox.polar import entities

Row = TypeVar("Row", bound=entities.Entity)


class Store:
    """The file behind the tables. `path=None` or `":memory:"` keeps everything in memory only."""

    def __init__(self, path: str | Path | None) -> None:
        self._connection: sqlite3.Connection | None = None
        if path is not None and str(path) != ":memory:":
            # The loop that serves may run in another thread than the one that opened the state.
            self._connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
            self._connection.execute("PRAGMA journal_mode = WAL")
            self._connection.execute("PRAGMA synchronous = OFF")
            self._connection.execute(
                "CREATE TABLE IF NOT EXISTS rows (kind TEXT, id TEXT, body BLOB, PRIMARY KEY (kind, id))"
            )

    def read(self, kind: str) -> list[bytes]:
        if self._connection is None:
            return []
        found = self._connection.execute("SELECT body FROM rows WHERE kind = ? ORDER BY rowid", (kind,))
        return [row[0] for row in found]

    def write(self, kind: str, id: str, body: bytes) -> None:
        if self._connection is not None:
            self._connection.execute(
                "INSERT INTO rows (kind, id, body) VALUES (?, ?, ?) "
                "ON CONFLICT (kind, id) DO UPDATE SET body = excluded.body",
                (kind, id, body),
            )

    @property
    def is_durable(self) -> bool:
        return self._connection is not None

    def delete(self, kind: str, id: str) -> None:
        if self._connection is not None:
            self._connection.execute("DELETE FROM rows WHERE kind = ? AND id = ?", (kind, id))

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


class Table(Generic[Row]):
    """All rows of one kind, oldest first. A changed row must be `put` again to survive a restart.

    `indexed`: fields that `where` finds rows by without looking at all of them.
    """

    def __init__(self, store: Store, kind: type[Row], *, indexed: tuple[str, ...] = ()) -> None:
        self._store = store
        self._kind = kind.__name__
        self._rows: dict[str, Row] = {}
        self._places: dict[str, dict[Any, dict[str, None]]] = {field: {} for field in indexed}
        self._values: dict[str, dict[str, Any]] = {field: {} for field in indexed}
        decoder = msgspec.json.Decoder(kind)
        for row in map(decoder.decode, store.read(self._kind)):
            self._remember(row)

    def __iter__(self) -> Iterator[Row]:
        return iter(list(self._rows.values()))

    def __len__(self) -> int:
        return len(self._rows)

    def find(self, id: str | None) -> Row | None:
        return self._rows.get(id) if id is not None else None

    def get(self, id: str) -> Row:
        """The row; KeyError when there is none: for references that the stand-in itself keeps whole."""
        return self._rows[id]

    def where(self, field: str, value: Any) -> list[Row]:
        """Rows with this value in an indexed field, oldest first."""
        return [self._rows[id] for id in self._places[field].get(value, ())]

    def put(self, row: Row) -> Row:
        self._remember(row)
        if self._store.is_durable:
            self._store.write(self._kind, row.id, msgspec.json.encode(row))
        return row

    def drop(self, id: str) -> None:
        if self._rows.pop(id, None) is not None:
            for field in self._places:
                self._forget(field, id)
        self._store.delete(self._kind, id)

    def _remember(self, row: Row) -> None:
        self._rows[row.id] = row
        for field, places in self._places.items():
            value = getattr(row, field)
            if row.id in self._values[field] and self._values[field][row.id] != value:
                self._forget(field, row.id)
            self._values[field][row.id] = value
            places.setdefault(value, {})[row.id] = None

    def _forget(self, field: str, id: str) -> None:
        value = self._values[field].pop(id)
        self._places[field][value].pop(id, None)
