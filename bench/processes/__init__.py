"""What the bench runs in the environment of a service: servers, their load, a collector."""
