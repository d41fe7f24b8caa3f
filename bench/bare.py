"""The least that FastAPI can be: one route, no settings, no logs. Served by uvicorn."""

from fastapi import FastAPI  # type: ignore[import-not-found]  # the service's environment has it


async def readyz() -> str:  # noqa: ASYNC124  # without async it would cost a thread
    return "ready"


app = FastAPI()
app.add_api_route("/readyz", readyz)
