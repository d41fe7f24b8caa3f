"""The service as a process: started, called, stopped."""

import json
import socket
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from typing import Any

import httpx2

from ...development.database import signals_later
from ...errors import ShipshapeError
from .configuration import Configuration
from .ports import free_port
from .process import PATIENCE_SECONDS, START_SECONDS, Ended, Process, of_developer, of_production


class NotReadyError(ShipshapeError):
    """The service did not become ready."""


class Instance(Process):
    """A running service with clients of its ports."""

    def __init__(
        self,
        configuration: Configuration,
        command: str,
        variables: Mapping[str, str],
        settings: Mapping[str, object],
    ) -> None:
        """`settings` are variables too; they may replace the ports that are chosen here."""
        self.port = self.management_port = free_port()
        ports: dict[str, object] = {configuration.port: self.port}
        if configuration.management_port:
            self.management_port = free_port()
            ports[configuration.management_port] = self.management_port
        given = {**configuration.settings, **ports, **settings}
        self._configuration = configuration
        self.api = self.client()
        self.management = client(self.management_port)
        super().__init__(command, {**variables, **{it: str(given[it]) for it in given}})

    def client(self) -> httpx2.Client:
        """Another client of the API, to be closed by the caller."""
        return client(self.port)

    @property
    def log(self) -> list[dict[str, Any]]:
        """The lines of stdout that are JSON objects."""
        return [line for text in self.output.splitlines() if (line := _object(text)) is not None]

    def logged(self, seconds: float = 5, **fields: object) -> list[dict[str, Any]]:
        """The lines that have these fields, once there is one, or after so many seconds."""
        deadline = time.monotonic() + seconds
        while True:
            found = [it for it in self.log if fields.items() <= it.items()]
            if found or time.monotonic() > deadline:
                return found
            time.sleep(0.02)

    def is_live(self, seconds: float = 5) -> bool:
        """Whether the liveness probe succeeds within this time."""
        return self._succeeds(self._configuration.need("liveness"), seconds)

    def is_ready(self, seconds: float = 5) -> bool:
        return self._succeeds(self._configuration.need("readiness"), seconds)

    def wait_until_ready(self) -> None:
        """NotReadyError if it does not become ready."""
        deadline = time.monotonic() + START_SECONDS
        while self.exit_code is None and time.monotonic() < deadline:
            if self.is_ready():
                return
            time.sleep(0.02)
        last = (self.errors + self.output).strip().splitlines() or ["it wrote nothing"]
        what = "was not ready in time" if self.exit_code is None else f"ended with {self.exit_code}"
        raise NotReadyError(f"the service {what}: {last[-1]}")

    def wait_until_refusing(self, seconds: float) -> None:
        """Wait until it takes no more connections, or for so many seconds."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            try:
                socket.create_connection(("127.0.0.1", self.port), PATIENCE_SECONDS).close()
            except OSError:
                return
            time.sleep(0.05)

    def close(self) -> None:
        self.api.close()
        self.management.close()
        super().close()

    def _succeeds(self, path: str, seconds: float) -> bool:
        # On a connection of its own, as probes are.
        with client(self.port) as prober, suppress(httpx2.TransportError):
            return prober.get(path, timeout=seconds).is_success
        return False


class Launcher:
    """Starts instances, and ends them when it is closed."""

    def __init__(self, configuration: Configuration, settings: Mapping[str, object]) -> None:
        self._configuration = configuration
        self._settings = settings
        self._stack = ExitStack()

    def __call__(self, **settings: object) -> Instance:
        """Start an instance with these settings over the usual ones, and wait until it is ready."""
        instance = self.begin(**settings)
        instance.wait_until_ready()
        return instance

    def begin(self, **settings: object) -> Instance:
        """Start an instance, and do not wait."""
        self._configuration.require("start", "readiness")
        # `exec` has signals go to the service, and not to a shell.
        command = f"exec {self._configuration.start}"
        return self._begin(command, of_production(), settings)

    def by_developer(self, **settings: object) -> Instance:
        """Start an instance as developers do, and do not wait."""
        self._configuration.require("run", "readiness")
        return self._begin(str(self._configuration.run), of_developer(), settings)

    def refused(self, **settings: object) -> Ended:
        """Start the service with settings that it should refuse."""
        instance = self.begin(**settings)
        code = instance.wait(START_SECONDS)
        return Ended(code, instance.output + instance.errors)

    def close(self) -> None:
        self._stack.close()

    def _begin(
        self, command: str, variables: Mapping[str, str], settings: Mapping[str, object]
    ) -> Instance:
        with signals_later():  # one between the two would leave a process behind
            instance = Instance(
                self._configuration, command, variables, {**self._settings, **settings}
            )
            self._stack.callback(instance.close)
        return instance


@contextmanager
def launcher(configuration: Configuration, settings: Mapping[str, object]) -> Iterator[Launcher]:
    """What starts instances; they end with it."""
    it = Launcher(configuration, settings)
    try:
        yield it
    finally:
        it.close()


def client(port: int) -> httpx2.Client:
    """A client of a port of this machine, without proxies of the environment."""
    return httpx2.Client(
        base_url=f"http://127.0.0.1:{port}", timeout=PATIENCE_SECONDS, trust_env=False, verify=False
    )


def _object(text: str) -> dict[str, Any] | None:
    with suppress(ValueError):
        found = json.loads(text)
        return found if isinstance(found, dict) else None
    return None
