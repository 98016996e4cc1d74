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


# Bytes that say whose turn it is: a read of so few is never divided between two processes.
TURN = 2


def draw_all(drawings: Mapping[Name, Drawing]) -> dict[Name, Picture]:
    """Each picture by its name, in the order given.

    On Linux copies of this process draw beside it, each the next one when it is free; a new process would import for
    longer than it draws. What a copy does not deliver, be it killed, is drawn here.
    """
    turns = _turns(len(drawings))
    helpers = [_helper(drawings, turns) for _ in range(1, min(_cores(), len(drawings)))]
    try:
        done = _drawn(drawings, turns)
    finally:
        os.close(turns)
    for helper, pictures in helpers:
        done |= _delivered(pictures)
        helper.join()
    return {name: done[name] if name in done else draw() for name, draw in drawings.items()}


def _cores() -> int:
    # Elsewhere a process that has used threads or the system's own libraries cannot be copied safely.
    return len(os.sched_getaffinity(0)) if sys.platform == "linux" else 1


def _turns(count: int) -> int:
    """A pipe that holds the turn of each picture, for whichever process reads it first."""
    read, write = os.pipe()
    for place in range(count):
        os.write(write, place.to_bytes(TURN, "big"))
    os.close(write)
    return read


def _drawn(drawings: Mapping[Name, Drawing], turns: int) -> dict[Name, Picture]:
    """The pictures whose turn came while this process was free."""
    each = list(drawings.items())
    places = iter(lambda: os.read(turns, TURN), b"")
    return {name: draw() for name, draw in (each[int.from_bytes(place, "big")] for place in places)}


def _helper(drawings: Mapping[Name, Drawing], turns: int) -> tuple[ForkProcess, Connection]:
    """A copy of this process, and the end of a pipe at which its pictures arrive."""
    here, there = multiprocessing.Pipe(duplex=False)
    fork = multiprocessing.get_context("fork")
    helper = fork.Process(target=_deliver, args=(drawings, turns, here, there), daemon=True)
    helper.start()
    there.close()
    return helper, here


def _deliver(drawings: Mapping[Name, Drawing], turns: int, here: Connection, there: Connection) -> None:
    here.close()  # so that nobody waits for a reader that is gone
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a terminal interrupts both, and the one that is left ends this one
    there.send(_drawn(drawings, turns))


def _delivered(pictures: Connection) -> dict[Name, Picture]:
    try:
        done: dict[Name, Picture] = pictures.recv()
    except EOFError:
        return {}
    return done
