"""Releases: what is released, who signed it, where it runs, and the way back."""
