"""A Redis client: opened with the service, closed with it, and checked on the management port."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from price_list.chassis import Application, UnavailableError, read_settings, run
from price_list.settings import Settings
from redis.asyncio import Redis
from redis.exceptions import RedisError


class Cached(Settings):
    redis_url: str


settings = read_settings(Cached)


@asynccontextmanager
async def application() -> AsyncIterator[Application]:
    async with Redis.from_url(settings.redis_url, socket_timeout=1.0) as redis:
        api = FastAPI()

        @api.post("/visits")
        async def count() -> int:
            try:
                return await redis.incr("visits")
            except RedisError as error:
                raise UnavailableError("the cache cannot be reached") from error

        yield Application(api, checks={"redis": redis.ping})


run(settings, application())
