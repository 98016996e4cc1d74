import asyncio
import itertools
import socket
import time
from types import SimpleNamespace

import gradio as gr
import pytest
import uvicorn
from gradio import http_server
from gradio.exceptions import ServerFailedToStartError

from spaces.markup import launch
from spaces.patient_server import PatientServer

SLOW_START_SECONDS = 0.2


async def slow_app(scope, receive, send):
    if scope["type"] == "lifespan":
        await receive()
        await asyncio.sleep(SLOW_START_SECONDS)
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await send({"type": "lifespan.shutdown.complete"})


@pytest.fixture(autouse=True)
def fixture_hasty_clock(monkeypatch):
    """A minute passes with each look at the clock."""
    clock = itertools.count(step=60)
    monkeypatch.setattr(http_server, "time", SimpleNamespace(time=lambda: next(clock), sleep=time.sleep))


@pytest.fixture(name="config")
def fixture_config():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    return uvicorn.Config(slow_app, port=port, log_level="critical")


def test_a_slow_start_is_waited_for(config):
    with pytest.raises(ServerFailedToStartError):
        http_server.Server(uvicorn.Config(slow_app, port=0, log_level="critical")).run_in_thread()
    server = PatientServer(config)
    server.run_in_thread()
    assert server.started
    server.close()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_port_that_is_taken_is_told(config):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", config.port))
        taken.listen()
        with pytest.raises(ServerFailedToStartError):
            PatientServer(config).run_in_thread()


def test_both_apps_start_so(monkeypatch):
    monkeypatch.setattr(http_server, "Server", http_server.Server)
    seen = []
    demo = gr.Blocks()
    monkeypatch.setattr(demo, "launch", lambda **_: seen.append(http_server.Server))
    launch(demo, "An app.", tools=False)
    assert seen == [PatientServer]
