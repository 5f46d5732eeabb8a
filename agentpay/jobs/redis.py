"""Connections to Redis. It holds ids that wake workers and remembers nothing that matters."""

import asyncio
from typing import Final

import msgspec
from arq.connections import ArqRedis
from redis.asyncio import ConnectionPool
from redis.exceptions import RedisError

ANSWER_SECONDS_MAX: Final = 1.0
QUEUE: Final = "agentpay:jobs"
PROBE_KEY: Final = "agentpay:probe"
PROBE_SECONDS_KEPT: Final = 60

# What goes wrong with a Redis that is gone, hangs, only reads, is full or speaks something else.
Trouble = (RedisError, OSError, TimeoutError, ValueError)


def connect(url: str, *, answer_seconds: float = ANSWER_SECONDS_MAX) -> ArqRedis:
    """A client that connects when it is first used. Nothing is ever pickled. Callers bound the time of answers.

    With a time-out of its own, redis-py sends through `asyncio.wait_for`, which loses cancellations in Python 3.11.
    """
    pool = ConnectionPool.from_url(url, socket_connect_timeout=answer_seconds)
    return ArqRedis(
        pool,
        job_serializer=msgspec.msgpack.encode,
        job_deserializer=msgspec.msgpack.decode,
        default_queue_name=QUEUE,
    )


async def probe(client: ArqRedis, *, answer_seconds: float = ANSWER_SECONDS_MAX) -> None:
    """Raises one of `Trouble` unless it takes a write in time: a replica that only reads is of no use."""
    async with asyncio.timeout(answer_seconds):
        await client.set(PROBE_KEY, b"1", ex=PROBE_SECONDS_KEPT)


async def check(url: str) -> None:
    """Raises ConnectionError when the Redis at `url` cannot be used."""
    client = connect(url)
    try:
        await probe(client)
    except Trouble as error:
        raise ConnectionError("Redis cannot be used") from error
    finally:
        await client.aclose(close_connection_pool=True)
