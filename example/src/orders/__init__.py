"""orders: see README.md."""
