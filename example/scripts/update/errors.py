"""What stops an update."""


class UpdateError(Exception):
    """Its text is a sentence for the person who updates: what is wrong, what would be right."""
