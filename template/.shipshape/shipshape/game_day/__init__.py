"""The drill: break the containers of the service, and see which alert fires."""
