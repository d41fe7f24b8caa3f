"""What stops a delivery."""


class DeliveryError(Exception):
    """Its text is one sentence for the person who delivers: what is wrong, and what would be right."""
