"""Services that are installed, checked and started."""
