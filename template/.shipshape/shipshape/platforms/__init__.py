"""What runs the service: Kubernetes or Nomad, as the answer `deploy` says."""

from .. import service
from .kubernetes import Kubernetes
from .nomad import Nomad
from .platform import Platform


def of_service() -> Platform:
    """The platform that runs this service."""
    return Nomad() if service.answers().deploy == "nomad" else Kubernetes()
