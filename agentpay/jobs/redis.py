"""The only place that speaks to Redis. It wakes workers; it remembers nothing that matters."""

from redis.asyncio import Redis
from redis.exceptions import RedisError

CONNECT_SECONDS_MAX = 1.0


async def ping(url: str) -> None:
    """Raises ConnectionError when Redis does not answer."""
    client = Redis.from_url(url, socket_connect_timeout=CONNECT_SECONDS_MAX, socket_timeout=CONNECT_SECONDS_MAX)
    try:
        await client.ping()
    except RedisError as error:
        raise ConnectionError("Redis does not answer") from error
    finally:
        await client.aclose()
