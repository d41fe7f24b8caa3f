"""What watches the service: rules made from its objectives, for every Prometheus alike."""
