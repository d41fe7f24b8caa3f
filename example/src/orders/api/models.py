"""The models of schema/openapi.yaml: generated, `make schema` writes it anew."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StrictInt


class ItemDraft(BaseModel):
    """
    The fields of an item that callers set.
    """

    model_config = ConfigDict(
        extra="forbid",
    )
    name: Annotated[
        str, Field(examples=["Teapot"], max_length=100, min_length=1, pattern="^[^\\x00]*$")
    ]
    description: Annotated[
        str | None, Field(examples=["Holds one litre"], max_length=1000, pattern="^[^\\x00]*$")
    ] = None
    quantity: Annotated[StrictInt, Field(examples=[3], ge=0, le=2147483647)]


class Item(BaseModel):
    """
    An item.
    """

    model_config = ConfigDict(
        extra="forbid",
    )
    id: Annotated[UUID, Field(examples=["7d444840-9dc0-11d1-b245-5ffdce74fad2"])]
    name: Annotated[str, Field(examples=["Teapot"])]
    description: Annotated[str | None, Field(examples=["Holds one litre"])]
    quantity: Annotated[StrictInt, Field(examples=[3])]
    created_at: Annotated[AwareDatetime, Field(examples=["2026-01-01T12:00:00Z"])]
    updated_at: Annotated[AwareDatetime, Field(examples=["2026-01-01T12:00:00Z"])]


class ItemPage(BaseModel):
    """
    A page of the list of items.
    """

    model_config = ConfigDict(
        extra="forbid",
    )
    items: list[Item]
    next_cursor: Annotated[
        str | None,
        Field(description="Cursor of the next page; null on the last page.", examples=[None]),
    ]


class ProblemError(BaseModel):
    """
    A part of a request that does not match the schema.
    """

    location: Annotated[str, Field(examples=["body.name"])]
    detail: Annotated[str, Field(examples=["String should have at least 1 character"])]


class Problem(BaseModel):
    """
    An error, RFC 9457.
    """

    type: Annotated[str, Field(examples=["about:blank"])]
    title: str
    status: StrictInt
    detail: str
    request_id: Annotated[str | None, Field(examples=["b2c1f0d4a7e94c1c9a3f5d6e7b8c9d0e"])] = None
    errors: list[ProblemError] | None = None
