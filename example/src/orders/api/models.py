"""The models of schema/openapi.yaml: generated, `make schema` writes it anew."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StrictInt


class ItemDraft(BaseModel):
    """
    What a caller may say of an item.
    """

    model_config = ConfigDict(
        extra="forbid",
    )
    name: Annotated[
        str, Field(examples=["Teapot"], max_length=100, min_length=1, pattern="^[^\\x00]*$")
    ]
    description: Annotated[str | None, Field(max_length=1000, pattern="^[^\\x00]*$")] = None
    quantity: Annotated[StrictInt, Field(examples=[3], ge=0, le=2147483647)]


class Item(BaseModel):
    """
    An item.
    """

    model_config = ConfigDict(
        extra="forbid",
    )
    id: UUID
    name: str
    description: str | None
    quantity: StrictInt
    created_at: AwareDatetime
    updated_at: AwareDatetime


class ItemPage(BaseModel):
    """
    A part of the list of items.
    """

    model_config = ConfigDict(
        extra="forbid",
    )
    items: list[Item]
    next_cursor: Annotated[
        str | None, Field(description="Where the next page starts; null on the last one.")
    ]


class ProblemError(BaseModel):
    """
    One place of a request that does not fit the schema.
    """

    location: Annotated[str, Field(examples=["body.name"])]
    detail: str


class Problem(BaseModel):
    """
    An error, RFC 9457.
    """

    type: str
    title: str
    status: StrictInt
    detail: str
    request_id: str | None = None
    errors: list[ProblemError] | None = None
