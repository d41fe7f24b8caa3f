"""Faults of a running service, by the dynamic checks that notice them."""
