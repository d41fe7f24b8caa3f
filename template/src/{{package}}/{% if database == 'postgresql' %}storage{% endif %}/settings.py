"""The settings of the storage."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field, SecretStr
from pydantic_core import PydanticCustomError
from pydantic_settings import BaseSettings

from ..chassis import SHOWABLE
from .address import read_address


def _readable(value: SecretStr) -> SecretStr:
    try:
        read_address(value.get_secret_value())
    except ValueError as error:
        raise PydanticCustomError(SHOWABLE, "{error}", {"error": str(error)}) from None
    return value


DatabaseUrl = Annotated[SecretStr, AfterValidator(_readable)]


class StorageSettings(BaseSettings):
    """Which database, and how many connections to it."""

    database_url: DatabaseUrl = Field(
        description="address of the PostgreSQL database",
        examples=["postgresql://user@localhost:5432/database"],
    )
    database_pooler: Literal["none", "transaction"] = Field(
        default="none",
        description="connection pooler in front of the database: none, or transaction (PgBouncer)",
    )
    database_max_connections: int = Field(
        default=100, ge=1, description="maximum database connections of all instances together"
    )
    database_idle_timeout: float = Field(
        default=120.0, ge=10, description="maximum idle time of a database connection in seconds"
    )
    database_connection_age: float = Field(
        default=1800.0, ge=10, description="maximum age of a database connection in seconds"
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
