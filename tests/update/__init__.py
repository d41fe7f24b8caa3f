"""Services that take over a newer template."""
