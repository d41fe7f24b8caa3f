"""The parcels over HTTP."""

from fastapi import APIRouter, HTTPException

from .models import Parcel, Status

router = APIRouter(prefix="/parcels")
_PARCELS: dict[str, Parcel] = {}


@router.post("", status_code=201)
async def register(parcel: Parcel) -> Parcel:
    """Take a parcel in."""
    if parcel.number in _PARCELS:
        raise HTTPException(409, f"{parcel.number} is registered already")
    _PARCELS[parcel.number] = parcel
    return parcel


@router.put("/{number}/status")
async def move(number: str, status: Status) -> Parcel:
    """Say where a parcel is now."""
    if number not in _PARCELS:
        raise HTTPException(404, f"there is no parcel {number}")
    _PARCELS[number].status = status
    return _PARCELS[number]
