"""What documents the code and is generated from it."""
