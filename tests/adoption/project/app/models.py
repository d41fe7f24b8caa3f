"""What the team knows of a parcel."""

from enum import Enum

from pydantic import BaseModel, Field


class Status(str, Enum):
    """Where a parcel is on its way."""

    WAITING = "waiting"
    MOVING = "moving"
    DELIVERED = "delivered"


class Parcel(BaseModel):
    """A parcel, and where it is."""

    number: str = Field(min_length=1, max_length=20)
    status: Status = Status.WAITING
