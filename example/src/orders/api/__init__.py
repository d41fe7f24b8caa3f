"""The HTTP API: handlers for the operations of `schema/openapi.yaml`."""

from .application import create_api

__all__ = ["create_api"]
