"""The settings of the storage."""

from typing import Annotated

from pydantic import AfterValidator, Field, SecretStr
from pydantic_settings import BaseSettings
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

_SCHEMES = ("postgresql", "postgres")


def _postgresql(value: SecretStr) -> SecretStr:
    try:
        scheme = make_url(value.get_secret_value()).drivername
    except ArgumentError:
        raise ValueError("it is no database address") from None
    if scheme not in _SCHEMES:
        raise ValueError(f"its scheme is {scheme}, not postgresql")
    return value


class StorageSettings(BaseSettings):
    """Which database, and how many connections to it."""

    database_url: Annotated[SecretStr, AfterValidator(_postgresql)] = Field(
        description="address of the PostgreSQL database",
        examples=["postgresql://user@localhost:5432/database"],
    )
    database_pool_size: int = Field(
        default=16, ge=1, le=1000, description="connections to the database, at most"
    )
    database_pool_timeout: float = Field(
        default=5.0, gt=0, description="seconds that a request waits for a free connection"
    )
    database_statement_timeout: float = Field(
        default=10.0, gt=0, description="seconds that a statement may take in the database"
    )
