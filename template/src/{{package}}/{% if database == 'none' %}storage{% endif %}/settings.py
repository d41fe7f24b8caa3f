"""The settings of the storage."""

from pydantic import Field
from pydantic_settings import BaseSettings


class StorageSettings(BaseSettings):
    """How much is kept in memory."""

    memory_items: int = Field(
        default=10_000,
        ge=1,
        description="items kept in memory; beyond that the oldest give way to new ones",
    )
