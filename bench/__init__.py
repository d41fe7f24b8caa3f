"""What the template costs, measured: `make bench`."""
