"""Callers show a JSON Web Token; who they are is in the log."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated

import jwt
import structlog
from fastapi import Depends, FastAPI, HTTPException
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from price_list.chassis import Application, read_settings, run
from price_list.settings import Settings
from pydantic import SecretStr


class Guarded(Settings):
    jwt_key: SecretStr


settings = read_settings(Guarded)


async def caller(shown: Annotated[HTTPAuthorizationCredentials, Depends(HTTPBearer())]) -> str:
    try:
        key = settings.jwt_key.get_secret_value()
        subject: str = jwt.decode(shown.credentials, key, ["HS256"])["sub"]
    except jwt.InvalidTokenError:
        raise HTTPException(401, headers={"WWW-Authenticate": "Bearer"}) from None
    structlog.contextvars.bind_contextvars(user=subject)
    return subject


@asynccontextmanager
async def application() -> AsyncIterator[Application]:
    api = FastAPI()
    api.get("/me")(caller)
    yield Application(api)


run(settings, application())
