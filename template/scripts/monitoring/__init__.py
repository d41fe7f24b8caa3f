"""What watches the service: rules and alerts made from its objectives, for every Prometheus alike."""
