"""Run the emulator and print how to reach it: `python -m tests.hopsworks`."""

import argparse
import json
import os
import signal
import sys
import tempfile
import threading
from pathlib import Path

from tests.hopsworks.emulator import (  # noqa: F401 - importing a module registers its routes
    accounts,
    environments,
    feature_groups,
    files,
    jobs,
    query,
    registry,
    views,
)
from tests.hopsworks.emulator.certificates import make_certificates
from tests.hopsworks.emulator.faults import Faults
from tests.hopsworks.emulator.flight import QueryService
from tests.hopsworks.emulator.http import Server, start
from tests.hopsworks.emulator.world import API_KEY, PROJECT, World

EXPORTS = """\
The emulator runs. In another terminal, from the root of the repository:

    export HOPSWORKS_HOST=127.0.0.1 HOPSWORKS_PORT={port} HOPSWORKS_PROJECT={project}
    export HOPSWORKS_API_KEY={key} HOPSWORKS_WRITE_PATH=kafka   # or delta
    export HOPSWORKS_CA_BUNDLE={ca_bundle}
    python -m pipelines doctor

It keeps nothing when it ends: press Ctrl-C to end it.
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="HTTPS port; a free one when it is left out")
    parser.add_argument("--json", action="store_true", help="print how to reach it as one line of JSON")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="hopsworks-emulator-") as folder:
        certificates, faults, world = make_certificates(), Faults(), World(Path(folder))
        flight = QueryService(world, certificates, faults)
        world.default_flight_address = flight.address
        server = Server(world, certificates, faults, arguments.port)
        start(server)
        stop, parent = threading.Event(), os.getppid()
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: stop.set())
        bundle = Path(folder) / "authority.pem"
        bundle.write_text(certificates.authority.certificate_pem)
        world.job_environment = {
            "HOPSWORKS_HOST": "127.0.0.1",
            "HOPSWORKS_PORT": str(server.server_address[1]),
            "HOPSWORKS_PROJECT": PROJECT,
            "HOPSWORKS_API_KEY": API_KEY,
            "HOPSWORKS_CA_BUNDLE": str(bundle),
        }
        known = {
            "port": server.server_address[1],
            "key": API_KEY,
            "project": PROJECT,
            "ca_bundle": str(bundle),
        }
        sys.stdout.write((json.dumps(known) + "\n") if arguments.json else EXPORTS.format(**known))
        sys.stdout.flush()
        # A test process that was killed could not end it.
        while not stop.wait(1) and os.getppid() == parent:
            pass


if __name__ == "__main__":
    main()
