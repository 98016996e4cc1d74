"""Run the stand-in as a process: `python -m hub --account TOKEN=NAME[:ROLE[:PLAN]]` from the folder `tests`.

It prints one line, the address to set `HF_ENDPOINT` to, and runs until it is stopped.
"""

import argparse
import signal

from hub.repositories import Account, Hub
from hub.server import running


def main() -> None:
    """Start, print the address, wait."""
    parser = argparse.ArgumentParser(prog="hub")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--account", action="append", default=[], metavar="TOKEN=NAME[:ROLE[:PLAN]]")
    parser.add_argument("--broken-build", action="append", default=[], metavar="SPACE=LOG")
    arguments = parser.parse_args()
    hub = Hub(
        accounts=dict(_account(text) for text in arguments.account),
        broken_builds=dict(text.split("=", 1) for text in arguments.broken_build),
    )
    ends = {signal.SIGINT, signal.SIGTERM}
    # Before any thread starts, so that every thread leaves them to the wait below.
    signal.pthread_sigmask(signal.SIG_BLOCK, ends)
    with running(hub, arguments.port) as stand_in:
        print(stand_in.url, flush=True)
        signal.sigwait(ends)


def _account(text: str) -> tuple[str, Account]:
    token, _, rest = text.partition("=")
    parts = rest.split(":")
    name, role, plan = [*parts, *("", "write", "pro")[len(parts) :]]
    return token, Account(name, role=role, plan=plan)


if __name__ == "__main__":
    main()
