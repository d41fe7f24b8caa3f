"""What stops a delivery."""


class DeliveryError(Exception):
    """Its text is a sentence for the person who delivers: what is wrong, what would be right."""
