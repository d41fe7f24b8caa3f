"""What stops a command."""


class ShipshapeError(Exception):
    """A sentence for the person at the terminal: what is wrong, and what would be right."""
