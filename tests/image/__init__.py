"""The image of a service and its containers, on a real Docker engine."""
