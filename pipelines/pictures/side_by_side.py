"""Many pictures at once, on all cores of the machine."""

import multiprocessing
import os
import signal
import sys
from collections.abc import Callable, Mapping
from multiprocessing.connection import Connection
from multiprocessing.context import ForkProcess
from typing import TypeAlias, TypeVar

from pipelines.pictures.canvas import Picture

Name = TypeVar("Name")
Drawing: TypeAlias = Callable[[], Picture]


def draw_all(drawings: Mapping[Name, Drawing]) -> dict[Name, Picture]:
    """Each picture by its name, in the order given.

    On Linux copies of this process draw a share each; a new one would import for longer than it draws. What a copy does
    not deliver, be it killed, is drawn here.
    """
    shares = _shares(drawings)
    helpers = [_helper(share) for share in shares[1:]]
    done = _drawn(shares[0]) if shares else {}
    for helper, pictures in helpers:
        done |= _delivered(pictures)
        helper.join()
    return {name: done[name] if name in done else draw() for name, draw in drawings.items()}


def _shares(drawings: Mapping[Name, Drawing]) -> list[dict[Name, Drawing]]:
    # Elsewhere a process that has used threads or the system's own libraries cannot be copied safely.
    cores = len(os.sched_getaffinity(0)) if sys.platform == "linux" else 1
    each = list(drawings.items())
    return [dict(each[first::cores]) for first in range(min(cores, len(each)))]


def _drawn(share: Mapping[Name, Drawing]) -> dict[Name, Picture]:
    return {name: draw() for name, draw in share.items()}


def _helper(share: Mapping[Name, Drawing]) -> tuple[ForkProcess, Connection]:
    """A copy of this process, and the end of a pipe at which the pictures of its share arrive."""
    here, there = multiprocessing.Pipe(duplex=False)
    helper = multiprocessing.get_context("fork").Process(target=_deliver, args=(share, here, there), daemon=True)
    helper.start()
    there.close()
    return helper, here


def _deliver(share: Mapping[Name, Drawing], here: Connection, there: Connection) -> None:
    here.close()  # so that nobody waits for a reader that is gone
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a terminal interrupts both, and the one that is left ends this one
    there.send(_drawn(share))


def _delivered(pictures: Connection) -> dict[Name, Picture]:
    try:
        done: dict[Name, Picture] = pictures.recv()
    except EOFError:
        return {}
    return done
