"""What starts a service for the dynamic checks."""
