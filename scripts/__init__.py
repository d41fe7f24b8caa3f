"""What `make` runs on the template."""
