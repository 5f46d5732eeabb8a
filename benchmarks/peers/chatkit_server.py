"""openai-chatkit's server with threads and items in PostgreSQL; `respond` streams from Claude.

The package brings no store for PostgreSQL: this one writes an item a row, as its guide shows for SQLite.
"""

import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import uvicorn
from anthropic import AsyncAnthropic
from chatkit.server import ChatKitServer, StreamingResult
from chatkit.store import NotFoundError, Store
from chatkit.types import (
    AssistantMessageContent,
    AssistantMessageContentPartTextDelta,
    AssistantMessageItem,
    Page,
    ThreadItem,
    ThreadItemAddedEvent,
    ThreadItemDoneEvent,
    ThreadItemUpdatedEvent,
    ThreadMetadata,
    ThreadStreamEvent,
    UserMessageItem,
)
from fastapi import FastAPI, Request
from fastapi.responses import Response, StreamingResponse
from psycopg_pool import AsyncConnectionPool
from pydantic import TypeAdapter

HISTORY_ITEMS = 40
ITEM: TypeAdapter[Any] = TypeAdapter(ThreadItem)
pool = AsyncConnectionPool(os.environ["DATABASE_URL"], min_size=1, max_size=12, open=False, kwargs={"autocommit": True})


class PostgresStore(Store[None]):
    async def load_thread(self, thread_id: str, context: None) -> ThreadMetadata:
        async with pool.connection() as connection:
            row = await (await connection.execute("select data from threads where id = %s", (thread_id,))).fetchone()
        if row is None:
            raise NotFoundError
        return ThreadMetadata.model_validate_json(row[0])

    async def save_thread(self, thread: ThreadMetadata, context: None) -> None:
        async with pool.connection() as connection:
            await connection.execute(
                "insert into threads values (%s, %s) on conflict (id) do update set data = excluded.data",
                (thread.id, thread.model_dump_json()),
            )

    async def load_thread_items(
        self, thread_id: str, after: str | None, limit: int, order: str, context: None
    ) -> Page[ThreadItem]:
        by = "desc" if order == "desc" else "asc"
        async with pool.connection() as connection:
            cursor = await connection.execute(
                f"select data from items where thread_id = %s order by seq {by} limit %s", (thread_id, limit)
            )
            rows = await cursor.fetchall()
        return Page(data=[ITEM.validate_json(row[0]) for row in rows], has_more=False, after=None)

    async def add_thread_item(self, thread_id: str, item: ThreadItem, context: None) -> None:
        await self.save_item(thread_id, item, context)

    async def save_item(self, thread_id: str, item: ThreadItem, context: None) -> None:
        async with pool.connection() as connection:
            await connection.execute(
                "insert into items (id, thread_id, data) values (%s, %s, %s)"
                " on conflict (id) do update set data = excluded.data",
                (item.id, thread_id, item.model_dump_json()),
            )

    async def load_item(self, thread_id: str, item_id: str, context: None) -> ThreadItem:
        raise NotFoundError

    async def load_threads(self, limit: int, after: str | None, order: str, context: None) -> Page[ThreadMetadata]:
        return Page(data=[], has_more=False, after=None)

    async def save_attachment(self, attachment: Any, context: None) -> None:
        raise NotFoundError

    async def load_attachment(self, attachment_id: str, context: None) -> Any:
        raise NotFoundError

    async def delete_attachment(self, attachment_id: str, context: None) -> None:
        raise NotFoundError

    async def delete_thread(self, thread_id: str, context: None) -> None:
        raise NotFoundError

    async def delete_thread_item(self, thread_id: str, item_id: str, context: None) -> None:
        raise NotFoundError


class Wick(ChatKitServer[None]):
    def __init__(self) -> None:
        super().__init__(PostgresStore())
        self.claude = AsyncAnthropic()

    async def respond(
        self, thread: ThreadMetadata, input_user_message: UserMessageItem | None, context: None
    ) -> AsyncIterator[ThreadStreamEvent]:
        page = await self.store.load_thread_items(thread.id, None, HISTORY_ITEMS, "desc", context)
        history = [
            {
                "role": "user" if item.type == "user_message" else "assistant",
                "content": "".join(part.text for part in item.content),
            }
            for item in reversed(page.data)
            if item.type in ("user_message", "assistant_message")
        ]
        item = AssistantMessageItem(
            id=self.store.generate_item_id("message", thread, context),
            thread_id=thread.id,
            created_at=datetime.now(UTC),
            content=[AssistantMessageContent(text="")],
        )
        yield ThreadItemAddedEvent(item=item)
        async with self.claude.messages.stream(
            model="claude-haiku-5-5", max_tokens=1024, system="You sell candles.", messages=history
        ) as stream:
            async for text in stream.text_stream:
                item.content[0].text += text
                yield ThreadItemUpdatedEvent(
                    item_id=item.id, update=AssistantMessageContentPartTextDelta(content_index=0, delta=text)
                )
        yield ThreadItemDoneEvent(item=item)


wick = Wick()


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    await pool.open()
    async with pool.connection() as connection:
        await connection.execute("create table if not exists threads (id text primary key, data text not null)")
        await connection.execute(
            "create table if not exists items (id text primary key, thread_id text not null, seq bigserial,"
            " data text not null); create index if not exists items_thread on items (thread_id, seq)"
        )
    yield
    await pool.close()


app = FastAPI(lifespan=lifespan)


@app.get("/health")
async def health() -> dict[str, str]:
    return {"status": "ok"}


@app.post("/chatkit")
async def chatkit(request: Request) -> Response:
    result = await wick.process(await request.body(), None)
    if isinstance(result, StreamingResult):
        return StreamingResponse(result, media_type="text/event-stream")
    return Response(content=result.json, media_type="application/json")


uvicorn.run(
    app, host="127.0.0.1", port=int(sys.argv[1]), log_level="error", access_log=False, loop="uvloop", http="httptools"
)
