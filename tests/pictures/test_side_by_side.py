import multiprocessing
import os
import signal

import pytest

from pipelines.pictures.canvas import Picture, empty_picture
from pipelines.pictures.side_by_side import draw_all

HERE = os.getpid()


def drawn_by(number):
    return Picture(str(os.getpid()).encode(), str(number))


def drawings(count, draw=drawn_by):
    return {number: lambda number=number: draw(number) for number in range(count)}


@pytest.fixture(name="meet")
def four_cores(monkeypatch):
    """Four cores; what it gives waits until four processes are there."""
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 1, 2, 3})
    return multiprocessing.get_context("fork").Barrier(4).wait


def test_every_core_draws_the_next_when_it_is_free(meet):
    def draw(number):
        if number < 4:
            meet()
        return drawn_by(number)

    pictures = draw_all(drawings(9, draw))
    assert [picture.alt for picture in pictures.values()] == [str(number) for number in pictures] == list("012345678")
    drew = {int(picture.png) for picture in pictures.values()}
    assert len(drew) == 4
    assert not drew & {process.pid for process in multiprocessing.active_children()}


@pytest.mark.usefixtures("meet")
def test_a_picture_is_the_same_whoever_draws_it():
    pictures = draw_all(drawings(4, lambda number: empty_picture("What comes?", f"{number} samples.")))
    assert [picture.png for picture in pictures.values()] == [
        empty_picture("What comes?", f"{number} samples.").png for number in range(4)
    ]


def test_what_killed_helpers_do_not_deliver_is_drawn_here(meet):
    def draw(number):
        if number < 4 and len(drew) == 0:
            drew.append(number)
            meet()
        if os.getpid() != HERE:
            os.kill(os.getpid(), signal.SIGKILL)
        return drawn_by(number)

    drew = []
    pictures = draw_all(drawings(9, draw))
    assert [(int(picture.png), picture.alt) for picture in pictures.values()] == [(HERE, n) for n in "012345678"]


@pytest.mark.usefixtures("meet")
def test_a_drawing_that_fails_fails_here():
    with pytest.raises(ZeroDivisionError):
        draw_all(drawings(4, lambda number: number / (number - 2)))


@pytest.mark.parametrize("count", [0, 1])
def test_one_picture_needs_no_helper(count):
    assert [int(picture.png) for picture in draw_all(drawings(count)).values()] == [HERE] * count
