"""Changes of a service that break one static check each, by pillar."""
