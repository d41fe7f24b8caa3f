"""What Shipshape does for a service: releases, rollbacks, monitoring, documents and checks.

The same files are in every service. What differs is read from the service: `service.py`.
"""
