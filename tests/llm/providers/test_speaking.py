"""Whose time is whose: a provider is late only while we wait for it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from agentpay.llm.openai_stream import OpenAIReader
from agentpay.llm.speaking import Patience, speak
from agentpay.llm.types import Reply, Words
from tests.llm.providers import openai_server as gpt
from tests.llm.providers.server import Answer

BETWEEN_SECONDS = 0.3


@asynccontextmanager
async def opened() -> AsyncIterator[AsyncIterator[bytes]]:
    async def chunks() -> AsyncIterator[bytes]:
        for part in Answer((*gpt.text("Hello", " Sam"), *gpt.stop())).parts:
            assert isinstance(part, bytes)
            await asyncio.sleep(0.01)
            yield part

    yield chunks()


async def test_who_listens_slowly_does_not_make_the_provider_late() -> None:
    reader = OpenAIReader(model="m", asked=b"{}")
    patience = Patience(first=20, between=BETWEEN_SECONDS)
    heard: list[Words | Reply] = []
    async for piece in speak(opened, reader, patience=patience, provider="openai", model="m"):
        heard.append(piece)
        if len(heard) == 1:
            await asyncio.sleep(1.2 * BETWEEN_SECONDS)
    assert [piece.text for piece in heard] == ["Hello", " Sam", "Hello Sam"]
