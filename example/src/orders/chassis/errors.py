"""What keeps a service from starting."""


class StartError(Exception):
    """The service cannot start; the message says why and what would help."""
