"""The parcels over HTTP."""

from fastapi import APIRouter, HTTPException
from fastapi.responses import HTMLResponse
from jinja2 import Template

from .models import Parcel, Status

router = APIRouter(prefix="/parcels")
_PARCELS: dict[str, Parcel] = {}
_LABEL = Template("<h1>{{ number }}</h1>", autoescape=True)


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


@router.get("/{number}/label")
async def label(number: str) -> HTMLResponse:
    """What is stuck on a parcel."""
    if number not in _PARCELS:
        raise HTTPException(404, f"there is no parcel {number}")
    return HTMLResponse(_LABEL.render(number=number))
