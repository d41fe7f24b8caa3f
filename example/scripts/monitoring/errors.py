class MonitoringError(Exception):
    """What is wrong with a source of the monitoring, in a sentence that names the file."""
