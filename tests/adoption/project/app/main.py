"""The application, for uvicorn."""

from fastapi import FastAPI

from .routes import router

app = FastAPI(title="Parcels")
app.include_router(router)


@app.get("/health")
async def health() -> dict[str, str]:
    """Whether it runs."""
    return {"status": "ok"}
