"""The drill: the containers of the service, broken one thing at a time, and what tells of it."""
