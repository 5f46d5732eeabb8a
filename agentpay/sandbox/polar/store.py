"""Rows in memory, written through to one sqlite3 file when there is one."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Generic, TypeVar

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
    """All rows of one kind, oldest first. A changed row must be `put` again to survive a restart."""

    def __init__(self, store: Store, kind: type[Row]) -> None:
        self._store = store
        self._kind = kind.__name__
        decoder = msgspec.json.Decoder(kind)
        self._rows: dict[str, Row] = {row.id: row for row in map(decoder.decode, store.read(self._kind))}

    def __iter__(self) -> Iterator[Row]:
        return iter(list(self._rows.values()))

    def __len__(self) -> int:
        return len(self._rows)

    def find(self, id: str | None) -> Row | None:
        return self._rows.get(id) if id is not None else None

    def get(self, id: str) -> Row:
        """The row; KeyError when there is none: for references that the stand-in itself keeps whole."""
        return self._rows[id]

    def put(self, row: Row) -> Row:
        self._rows[row.id] = row
        if self._store.is_durable:
            self._store.write(self._kind, row.id, msgspec.json.encode(row))
        return row

    def drop(self, id: str) -> None:
        self._rows.pop(id, None)
        self._store.delete(self._kind, id)
