"""The test's side of a running emulator: start it, make it misbehave, read what was asked of it."""

import atexit
import json
import ssl
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

from tests.hopsworks.emulator.world import API_KEY, PROJECT

ROOT = Path(__file__).parents[3]


@dataclass(frozen=True)
class Emulator:
    """A running emulator."""

    port: int
    ca_bundle: str

    def environment(self, write_path: str = "kafka", api_key: str = API_KEY) -> dict[str, str]:
        """The environment variables with which the project uses it."""
        return {
            "HOPSWORKS_HOST": "127.0.0.1",
            "HOPSWORKS_PORT": str(self.port),
            "HOPSWORKS_PROJECT": PROJECT,
            "HOPSWORKS_API_KEY": api_key,
            "HOPSWORKS_WRITE_PATH": write_path,
            "HOPSWORKS_CA_BUNDLE": self.ca_bundle,
        }

    def fault(self, path: str, **rule: Any) -> None:
        """Add a fault; see `faults.Fault` for what there is."""
        self._control("POST", "faults", {"path": path, **rule})

    def knobs(self, **values: Any) -> None:
        """Change how it behaves; see `world.Knobs` for what there is."""
        self._control("POST", "knobs", values)

    def reset(self) -> None:
        """Behave well again, and forget the log."""
        self._control("DELETE", "behaviour")

    def wipe(self) -> None:
        """Behave well again, and forget everything."""
        self._control("DELETE", "world")

    def log(self, containing: str = "") -> list[str]:
        """The requests since the last reset, each as `STATUS METHOD path?query`."""
        return [line for line in self._control("GET", "log") if containing in line]

    def waiting(self) -> list[str]:
        """The requests since the last reset that a fault held up."""
        return self._control("GET", "waiting")

    def unknown(self) -> list[str]:
        """The requests that it did not understand."""
        return self._control("GET", "unknown")

    def _control(self, method: str, what: str, body: object = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        request = Request(f"https://127.0.0.1:{self.port}/emulator/{what}", data, method=method)
        with urlopen(request, context=ssl._create_unverified_context(), timeout=10) as answer:  # noqa: S310, S323
            return json.loads(answer.read() or b"null")


@contextmanager
def running_emulator() -> Iterator[Emulator]:
    """An emulator in a process of its own, ended at the end."""
    command = [sys.executable, "-m", "tests.hopsworks.emulator", "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as process:
        try:
            assert process.stdout is not None
            known = json.loads(process.stdout.readline())
            yield Emulator(known["port"], known["ca_bundle"])
        finally:
            process.terminate()


@cache
def shared_emulator() -> Emulator:
    """The one emulator of this test process, ended with it."""
    manager = running_emulator()
    atexit.register(manager.__exit__, None, None, None)
    return manager.__enter__()
